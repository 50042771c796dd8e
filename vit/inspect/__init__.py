"""What a checkpoint looks like inside: attention, filters and positions (Section 4.5, Appendices D.7 and D.8)."""
