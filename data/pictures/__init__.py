"""Encoded pictures in folders and archives: listed, labelled by their folders or samples, decoded."""
