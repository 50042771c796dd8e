"""VTAB's structured tasks with images from torchvision; labels are thresholds on counts or distances in the annotations."""

import json
from pathlib import Path

import numpy as np
import torch
from torchvision import datasets

from data.disk.damage import Damaged, reading
from data.disk.folder import data_folder
from data.draws import permutation
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.torchvision_sets import incomplete, torchvision_errors

VEHICLES = ("Car", "Van", "Truck")
NO_VEHICLE = 1000.0  # metres
KITTI_EDGES = (8.0, 20.0, 999.0)
CLEVR_EDGES = (8.0, 8.5, 9.0, 9.5, 10.0)
DEPTH = 13  # column of a KITTI label: metres in front of the camera


def above(distances, edges) -> torch.Tensor:
    """Number of edges below each distance, int64 (N,); a distance equal to an edge is not above it."""
    return torch.from_numpy(np.searchsorted(edges, np.asarray(distances, float), side="left").astype(np.int64))


class KITTIDistance(EncodedData):
    """Distance of the nearest car, van or truck: up to 8 m, up to 20 m, farther, or none. 7,481 labelled images.

    The images are video frames, and neighbours are similar. With the lists of the development kit in Kitti/raw/mapping/,
    the test split is VTAB's, a tenth of the drives, and no drive is in both splits. Without them it is as many frames of
    a seeded order, and accuracies are too high.
    """

    num_classes = 4
    test_images = 711

    def pictures(self, split):
        with torchvision_errors(type(self)):
            source = datasets.Kitti(data_folder(), train=True)
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
    """Indices of the frames of the test drives, drawn as by TensorFlow Datasets: numpy's legacy generator, seed 123."""
    frames, order = mapping / "train_mapping.txt", mapping / "train_rand.txt"
    with reading(frames):
        lines = frames.read_text().splitlines()
    with reading(order):
        numbers = order.read_text().replace(",", " ").split()
    try:
        drives = np.array([lines[int(number) - 1].split()[1] for number in numbers])
    except (ValueError, IndexError) as error:
        raise Damaged(f"{order} has numbers without a drive in {frames.name} ({error}); download both again") from error
    if len(drives) != count:
        raise Damaged(f"{order} has {len(drives)} frames for {count} images; download the development kit again")
    names = sorted(set(drives))
    test_drives = np.random.RandomState(123).choice(names, max(1, len(names) * 10 // 100), replace=False)
    return np.flatnonzero(np.isin(drives, test_drives))


def nearest_vehicle(path: Path) -> float:
    """In metres; NO_VEHICLE if the label file has no vehicle."""
    with reading(path):
        lines = path.read_text().splitlines()
    objects = [line.split() for line in lines if line.strip()]
    try:
        return min((float(columns[DEPTH]) for columns in objects if columns[0] in VEHICLES), default=NO_VEHICLE)
    except (ValueError, IndexError) as error:
        raise Damaged(f"{path} has a vehicle without a distance, column {DEPTH + 1}; download it again") from error


class Clevr(EncodedData):
    """Scenes of solids, 480 x 320: 70,000 train and 15,000 test (the validation part, since the test part has no labels)."""

    def pictures(self, split):
        part = {"train": "train", "test": "val"}[split]
        path = data_folder() / "clevr" / "CLEVR_v1.0" / "scenes" / f"CLEVR_{part}_scenes.json"
        if not path.exists():
            raise incomplete(type(self))
        distances = object_distances(path)
        try:
            with torchvision_errors(type(self)):
                files = datasets.CLEVRClassification(data_folder(), split=part)._image_files
        except KeyError as error:  # torchvision's, for an image without a scene
            raise Damaged(f"{path} has no scene of the image {error}; download the set again") from error
        return Files(files, data_folder()), self.labels_of([distances[Path(file).name] for file in files])

    def labels_of(self, distances: list[list[float]]) -> torch.Tensor:
        """Labels int64 (N,), from the distances of the objects in each image."""
        raise NotImplementedError


def object_distances(path: Path) -> dict[str, list[float]]:
    """Name of an image of CLEVR -> distance of each of its objects from the camera."""
    with reading(path):
        content = json.loads(path.read_text())
    match content:
        case {"scenes": [*scenes]}:
            return dict(image_and_distances(path, scene) for scene in scenes)
    raise Damaged(f"{path} has no list of scenes; download it again")


def image_and_distances(path: Path, scene) -> tuple[str, list[float]]:
    match scene:
        case {"image_filename": str(name), "objects": [_, *_] as objects}:
            return name, [distance_of(path, name, item) for item in objects]
    raise Damaged(f"{path} has a scene without an image or without objects; download it again")


def distance_of(path: Path, name: str, item) -> float:
    match item:
        case {"pixel_coords": [_, _, int() | float() as distance]}:
            return distance
    raise Damaged(f"{path}: an object of {name[:100]!r} has no pixel_coords [x, y, distance]; download it again")


class ClevrCount(Clevr):
    """Number of solids, 3 to 10."""

    num_classes = 8

    def labels_of(self, distances):
        return torch.tensor([len(objects) - 3 for objects in distances])


class ClevrDistance(Clevr):
    """Distance of the nearest solid, in six steps."""

    num_classes = 6

    def labels_of(self, distances):
        return above([min(objects) for objects in distances], CLEVR_EDGES)
