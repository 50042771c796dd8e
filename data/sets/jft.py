"""JFT-300M (Section 4.1), private to Google: a reader for those who have it, or a large set of their own instead."""

import torch

from data.base import ImageData
from data.before_training import NoTestSplit
from data.disk.folder import data_folder
from data.pictures.classes import all_archives, from_archives


class JFT300M(ImageData):
    """Tars in $VIT_DATA/jft-300m, read without unpacking: WebDataset samples with a .cls each, or one folder per class.

    classes: the number of classes, 18,291 in the real set. One label per image; some images of the real set have several.
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
            raise FileNotFoundError(
                f"JFT-300M is missing in {root}: it was never released and has no public replacement;"
                " to pre-train on a set of your own, put its tars into that folder"
            )
        listing = from_archives(archives, self.on_error)
        return listing.pictures, torch.from_numpy(listing.labels)
