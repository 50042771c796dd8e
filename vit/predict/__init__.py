"""python -m vit predict: the classes that a checkpoint sees in pictures."""
