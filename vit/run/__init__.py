"""One run: from its config to its metrics.json, through every interruption."""
