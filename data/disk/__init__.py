"""Files of a data set on disk: data folder, locks, free space, atomic writes, memory maps, damaged files."""
