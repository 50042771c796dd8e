"""ImageNet-21k, for pre-training (Section 4.1): all of ImageNet, 14 million images of 21 thousand classes."""

from dataclasses import dataclass
from typing import Literal

import torch

from data.base import ImageData
from data.before_training import NoTestSplit
from data.disk.folder import data_folder
from data.pictures.class_folders import first_picture
from data.pictures.classes import Collection, all_archives, ambiguous, from_archives, from_folders


@dataclass(frozen=True)
class Release:
    """What a release of the set holds; copies miss a few images each."""

    classes: int
    images: int


RELEASES = {  # the paper's, and the one that can be downloaded since 2021: 2,674 classes fewer, not the same experiment
    "fall11": Release(classes=21_841, images=14_197_122),
    "winter21": Release(classes=19_167, images=13_151_276),
}
MISSING = 0.01  # of the images may be missing: the public tars of fall11 lack 0.4%
HOW = "bring a folder or a tar a class (n00004475/ ...), the whole tar of them, or WebDataset tars"


class ImageNet21k(ImageData):
    """In $VIT_DATA/imagenet-21k: class folders, tars of a class each, a tar of those, or WebDataset tars, read in place.

    release: "fall11", the paper's, or "winter21"; what lies there must be that, and a set of other counts is refused.
    """

    def __init__(self, *, release: Literal["fall11", "winter21"], **common):
        super().__init__(**common)
        if release not in RELEASES:
            raise ValueError(f"release is one of {', '.join(RELEASES)}, not {release!r}")
        self.release, self.num_classes = release, RELEASES[release].classes

    def arrays(self, split):
        if split == "test":
            raise NoTestSplit("ImageNet-21k has no test split; pre-training holds out a part of its images")
        root = data_folder() / "imagenet-21k"
        archives = all_archives(root)
        if not root.is_dir():
            raise FileNotFoundError(f"ImageNet-21k is not in {root}: {HOW}")
        if archives and (picture := first_picture(root)):
            raise ambiguous(archives[0], picture.parent)
        found = from_archives(archives, self.on_error) if archives else from_folders(root, self.on_error)
        check_release(self.release, found.complete(root, self.on_error), root)
        return found.pictures, torch.from_numpy(found.labels)


def check_release(release: str, found: Collection, root) -> None:
    """ValueError with the reason unless the counts are those of the release."""
    counts = f"{root} has {len(found.names):,} classes and {len(found.labels):,} images"
    expected = RELEASES[release]
    fitting = [name for name, other in RELEASES.items() if other.classes == len(found.names)]
    if not fitting:
        known = "; ".join(f"{name}: {one.classes:,} and {one.images:,}" for name, one in RELEASES.items())
        raise ValueError(f"{counts}: no release that we know ({known})")
    if fitting != [release]:
        told = f"that is {fitting[0]}, not {release}; say `release: {fitting[0]}`, whose numbers are not the paper's"
        raise ValueError(f"{counts}: {told if release == 'fall11' else f'that is {fitting[0]}, not {release}'}")
    if len(found.labels) < (1 - MISSING) * expected.images:
        raise ValueError(f"{counts}: {expected.images - len(found.labels):,} images of {release} are missing")
