"""Sets of classes that count as right: ReaL has one for each image, ObjectNet one for each of its classes."""

from collections.abc import Sequence

import torch


def label_sets(lists: Sequence[Sequence[int]], num_classes: int) -> torch.Tensor:
    """Lists of class numbers -> bool (len(lists), num_classes). ValueError for a class out of range.

    ReaL: one list an image; a test batch is (images, labels, rows), and an image whose list is empty is not counted.
    ObjectNet: one list an object class; a test batch is (images, rows of the images' object classes).
    """
    sets = torch.zeros(len(lists), num_classes, dtype=torch.bool)
    for row, classes in enumerate(lists):
        wrong = [number for number in classes if not 0 <= number < num_classes]
        if wrong:
            raise ValueError(f"label set {row}: class {wrong[0]} is not one of 0 to {num_classes - 1}")
        sets[row, list(classes)] = True
    return sets
