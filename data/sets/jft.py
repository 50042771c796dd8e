"""JFT-300M (Section 4.1): private to Google. A reader for those who have it, or a set of their own in its place."""

import torch

from data.base import ImageData
from data.before_training import NoTestSplit
from data.disk.folder import data_folder
from data.pictures.classes import all_archives, from_archives


class JFT300M(ImageData):
    """Tars in $VIT_DATA/jft-300m, read in place: WebDataset samples with a .cls each, or a folder a class in them.

    classes: how many there are; 18,291 in the real one. An image has one label here; in the real one some have several.
    """

    def __init__(self, *, classes: int, **common):
        super().__init__(**common)
        self.num_classes = classes

    def arrays(self, split):
        if split == "test":
            raise NoTestSplit("JFT-300M has no test split; pre-training holds out a part of its images")
        root = data_folder() / "jft-300m"
        archives = all_archives(root)
        if not archives:
            told = "it was never released, and nothing stands in for it here; tars of your own would be read from there"
            raise FileNotFoundError(f"JFT-300M is not in {root}: {told}")
        found = from_archives(archives, self.on_error)
        return found.pictures, torch.from_numpy(found.labels)
