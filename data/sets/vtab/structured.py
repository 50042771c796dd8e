"""VTAB's structured tasks that torchvision has the images of; the labels are thresholds of what the sets state."""

import json
from pathlib import Path

import numpy as np
import torch
from torchvision import datasets

from data.disk.damage import reading
from data.disk.folder import data_folder
from data.draws import permutation
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.torchvision_sets import there

VEHICLES = ("Car", "Van", "Truck")
NO_VEHICLE = 1000.0  # metres
KITTI_EDGES = (8.0, 20.0, 999.0)
CLEVR_EDGES = (8.0, 8.5, 9.0, 9.5, 10.0)
DEPTH = 13  # column of a KITTI label: metres in front of the camera


def above(distances, edges) -> torch.Tensor:
    """How many of the edges each distance lies above: int64 (N,). One that lies on an edge is not above it."""
    return torch.from_numpy(np.searchsorted(edges, np.asarray(distances, float), side="left").astype(np.int64))


class KITTIDistance(EncodedData):
    """How far the nearest car, van or truck is: up to 8 m, up to 20 m, farther, or none. 7,481 labelled images.

    They are frames of films, and neighbours look alike. With the lists of the development kit in Kitti/raw/mapping/, the
    test split is that of VTAB, a tenth of the drives, and no drive is on both sides; without them it is as many frames of
    a seeded order of ours, and the accuracies are too good.
    """

    num_classes = 4
    test_images = 711

    def pictures(self, split):
        source = there(type(self), lambda: datasets.Kitti(data_folder(), train=True))
        images, targets = sorted(source.images), sorted(source.targets)  # torchvision's order is the file system's
        test = self.test_rows(len(images))
        rows = np.setdiff1d(np.arange(len(images)), test) if split == "train" else np.sort(test)
        distances = [nearest_vehicle(Path(targets[row])) for row in rows]
        return Files([images[row] for row in rows], data_folder()), above(distances, KITTI_EDGES)

    def test_rows(self, count: int) -> np.ndarray:
        mapping = data_folder() / "Kitti" / "raw" / "mapping"
        if mapping.is_dir():
            return test_frames(mapping, count)
        return permutation(count, 0)[: min(self.test_images, count // 10)]


def test_frames(mapping: Path, count: int) -> np.ndarray:
    """Places of the frames of the test drives, which TensorFlow Datasets draws by numpy's old generator, seeded by 123."""
    with reading(mapping / "train_mapping.txt", IndexError):
        lines = (mapping / "train_mapping.txt").read_text().splitlines()
        order = [int(place) for place in (mapping / "train_rand.txt").read_text().replace(",", " ").split()]
        drives = np.array([lines[place - 1].split()[1] for place in order])
        if len(drives) != count:
            raise ValueError(f"{len(drives)} frames for {count} images")
        known = sorted(set(drives))
        held = np.random.RandomState(123).choice(known, max(1, len(known) * 10 // 100), replace=False)
        return np.flatnonzero(np.isin(drives, held))


def nearest_vehicle(path: Path) -> float:
    with reading(path, IndexError):
        objects = [line.split() for line in path.read_text().splitlines() if line.strip()]
        return min((float(values[DEPTH]) for values in objects if values[0] in VEHICLES), default=NO_VEHICLE)


class Clevr(EncodedData):
    """Scenes of solids, 480 x 320: 70,000 train and 15,000 test (the validation part, as the real test part has no labels)."""

    def pictures(self, split):
        part = {"train": "train", "test": "val"}[split]
        path = data_folder() / "clevr" / "CLEVR_v1.0" / "scenes" / f"CLEVR_{part}_scenes.json"
        with reading(path, KeyError, IndexError, TypeError):
            files = there(type(self), lambda: datasets.CLEVRClassification(data_folder(), split=part))._image_files
            scenes = {scene["image_filename"]: scene["objects"] for scene in json.loads(path.read_text())["scenes"]}
            return Files(files, data_folder()), self.labels_of([scenes[Path(file).name] for file in files])

    def labels_of(self, scenes: list[list[dict]]) -> torch.Tensor:
        raise NotImplementedError


class ClevrCount(Clevr):
    """How many solids there are, 3 to 10."""

    num_classes = 8

    def labels_of(self, scenes):
        return torch.tensor([len(objects) - 3 for objects in scenes])


class ClevrDistance(Clevr):
    """How far the nearest solid is, in six steps."""

    num_classes = 6

    def labels_of(self, scenes):
        return above([min(one["pixel_coords"][2] for one in objects) for objects in scenes], CLEVR_EDGES)
