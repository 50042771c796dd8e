"""Fetching public data sets: the ledger of all sets, downloads with checksums, unpacking."""
