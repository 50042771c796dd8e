"""Encoded pictures in folders and archives: found, labelled by their folders, decoded."""
