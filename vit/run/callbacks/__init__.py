"""Callbacks of Lightning's Trainer that act during the training of a run."""
