"""Losses, targets, mixed images, accuracies and least squares on plain tensors."""
