"""Losses, targets, accuracies and least squares on plain tensors."""
