"""Pictures of what a model looks like inside, from arrays: Figures 6, 7 and 11 of the paper for one model."""
