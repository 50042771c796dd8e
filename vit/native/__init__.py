"""Optional C for small models on one or two CPU cores: torch's kernels are made for larger ones. Equal up to rounding."""
