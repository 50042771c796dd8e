"""From a split of a set to batches: which images, in which order, loaded by how many processes."""
