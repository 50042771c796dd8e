"""Images of iterated function systems (IFS), computed, not downloaded: the offline stand-in for large pre-training sets."""
