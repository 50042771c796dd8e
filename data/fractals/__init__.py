"""Images of iterated function systems, computed and never downloaded: the offline stand-in for large pre-training sets."""
