"""Bringing public data sets: what is known of each before it is here, downloads with checksums, unpacking."""
