"""ImageNet-21k, for pre-training (Section 4.1): all of ImageNet, 14 million images of 21 thousand classes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from data.base import ImageData
from data.before_training import NoTestSplit
from data.disk.folder import data_folder
from data.pictures.class_folders import first_picture
from data.pictures.classes import Collection, all_archives, ambiguous, from_archives, from_folders


@dataclass(frozen=True)
class Release:
    """Published counts of a release; copies lack a few images each."""

    classes: int
    images: int


RELEASES = {  # the paper's, and the only one to be downloaded since 2021: 2,674 classes fewer, not the same experiment
    "fall11": Release(classes=21_841, images=14_197_122),
    "winter21": Release(classes=19_167, images=13_151_276),
}
MISSING = 0.01  # share of the images that may be missing: the public tars of fall11 lack 0.4%


class ImageNet21k(ImageData):
    """$VIT_DATA/imagenet-21k: class folders, one tar per class, a tar of those, or WebDataset tars, read without unpacking.

    release: "fall11", the paper's, or "winter21". ValueError if the counts in the folder are not those of the release.
    """

    def __init__(self, *, release: Literal["fall11", "winter21"], **common):
        super().__init__(**common)
        if release not in RELEASES:
            raise ValueError(f"release must be one of {', '.join(RELEASES)}, not {release!r}")
        self.release, self.num_classes = release, RELEASES[release].classes

    def arrays(self, split):
        if split == "test":
            raise NoTestSplit("ImageNet-21k has no test split; pre-training holds out a part of its images")
        root = data_folder() / "imagenet-21k"
        archives = all_archives(root)
        if not root.is_dir():
            raise FileNotFoundError(
                f"ImageNet-21k is missing: no folder {root}; put class folders (n00004475/ ...), one tar per class,"
                " the tar of all these tars, or WebDataset tars into it"
            )
        if archives and (picture := first_picture(root)):
            raise ambiguous(archives[0], picture.parent)
        listing = from_archives(archives, self.on_error) if archives else from_folders(root, self.on_error)
        check_release(self.release, listing.complete(root, self.on_error), root)
        return listing.pictures, torch.from_numpy(listing.labels)


def check_release(release: str, listing: Collection, root: Path) -> None:
    """ValueError unless the numbers of classes and images are those of the release."""
    classes, images = len(listing.names), len(listing.labels)
    matches = [name for name, counts in RELEASES.items() if counts.classes == classes]
    if not matches:
        known = "; ".join(f"{name}: {counts.classes:,} and {counts.images:,}" for name, counts in RELEASES.items())
        raise ValueError(f"{root} has {classes:,} classes and {images:,} images, as no known release has ({known})")
    if release not in matches:
        actual = matches[0]
        note = ", which differs from the paper's data" if release == "fall11" else ""
        raise ValueError(
            f"{root} has the {classes:,} classes of {actual}, not of {release}; set release: {actual}{note}"
        )
    missing = RELEASES[release].images - images
    if missing > MISSING * RELEASES[release].images:
        raise ValueError(f"{root} has {images:,} images: {missing:,} images of {release} are missing")
