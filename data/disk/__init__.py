"""Files of a data set on disk: the data folder, locks, free space, memory maps, damaged files."""
