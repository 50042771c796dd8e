"""Pictures of what one model looks like inside, from arrays, each a figure with the name of the checkpoint in its title."""
