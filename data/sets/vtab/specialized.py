"""VTAB's specialized tasks that torchvision has."""

from pathlib import Path

import numpy as np
import torch
from torchvision import datasets
from torchvision.transforms.functional import pil_to_tensor

from data.base import ImageData
from data.batches.splits import held_out
from data.disk.damage import reading
from data.disk.folder import data_folder
from data.pictures.pictures import Files
from data.sets.encoded import EncodedData
from data.sets.torchvision_sets import torchvision_errors


class EuroSAT(EncodedData):
    """Satellite images, 64 x 64, 10 classes, 27,000: four fifths train, one fifth test, in a seeded split of ours."""

    num_classes = 10

    def pictures(self, split):
        with torchvision_errors(type(self)):
            source = datasets.EuroSAT(data_folder())
        samples, self.class_names = source.samples, source.classes
        train, test = held_out(len(samples), 0.2, seed=0)
        rows = train if split == "train" else test
        files, labels = zip(*(samples[row] for row in rows), strict=True)
        return Files(files, data_folder()), torch.tensor(labels)


class Rows:
    """Rows of a torchvision set, which opens its file for each image: `rows[indices]` is a list of uint8 (3, H, W).

    path: the file, for errors.
    """

    def __init__(self, source, rows: np.ndarray, path: Path):
        self.source, self.rows, self.path = source, rows, path

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, indices):
        rows = self.rows[np.asarray(indices)]
        with reading(self.path, KeyError, IndexError, RuntimeError):  # of h5py
            images = [self.source[int(row)][0] for row in rows]
        return [pil_to_tensor(image) for image in images]

    def select(self, indices):
        return Rows(self.source, self.rows[np.asarray(indices)], self.path)

    def name(self, index: int) -> str:
        return f"{self.path}, row {self.rows[index]}"


class Camelyon(ImageData):
    """Lymph node sections (PatchCamelyon), 96 x 96, 2 classes: 262,144 train and 32,768 test; 7 GB, never loaded whole."""

    num_classes = 2

    def arrays(self, split):
        try:
            import h5py
        except ImportError as error:
            raise ImportError("Camelyon needs h5py: pip install h5py") from error
        with torchvision_errors(type(self)):
            source = datasets.PCAM(data_folder(), split=split)
        path, images = (source._base_folder / source._FILES[split][kind][0] for kind in ("targets", "images"))
        with reading(path, KeyError, RuntimeError), h5py.File(path) as file:
            labels = file["y"][:].reshape(-1).astype(np.int64)
        return Rows(source, np.arange(len(labels)), images), torch.from_numpy(labels)
