"""What a task minimises or measures, on plain tensors: losses, targets, accuracies, least squares."""
