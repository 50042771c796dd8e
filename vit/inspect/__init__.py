"""What a trained model looks like inside (Section 4.5): attention over an image, distances, filters, positions."""
