"""Small sets in the formats in which others publish them, written byte by byte into $VIT_DATA."""

import csv
import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

NORB = {"train": "smallnorb-5x46789x9x18x6x2x96x96-training", "test": "smallnorb-5x01235x9x18x6x2x96x96-testing"}
KINDS = [f"kind_{number:02d}" for number in range(45)]  # of Resisc45; their real names too have underscores
PLAIN = {"train_on": "train", "held_out": 0.1, "split_seed": 0, "augment": [], "evaluation": "resize", "seed": 0}
PLAIN |= {"image_size": 32, "batch_size": 4}


def written(path: Path, data: bytes, zipped: bool = False) -> Path:
    path = path.with_name(path.name + ".gz") if zipped else path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 1) if zipped else data)
    return path


def encoded(pixels: np.ndarray, kind: str = "png") -> bytes:
    """A picture file of uint8 (H, W, 3)."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def flat(color, height: int = 8, width: int = 8, kind: str = "png") -> bytes:
    return encoded(np.full((height, width, 3), color, np.uint8), kind)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def digits(root: Path, count: int = 20, zipped: bool = False) -> dict[str, np.ndarray]:
    """MNIST's four files: labels count up from 0, images are noise."""
    made = {}
    for part in ("train", "t10k"):
        made[part] = np.random.default_rng(len(part)).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        written(root / f"{part}-images-idx3-ubyte", idx(made[part]), zipped)
        written(root / f"{part}-labels-idx1-ubyte", idx(np.arange(count, dtype=np.uint8) % 10), zipped)
    return made


def matrix_head(shape: tuple[int, ...], dtype: type) -> bytes:
    sizes = [*shape, 1, 1][: max(3, len(shape))]  # three sizes at least
    magic = {np.uint8: 0x1E3D4C55, np.int32: 0x1E3D4C54}[dtype]
    return struct.pack(f"<2I{len(sizes)}I", magic, len(shape), *sizes)


def matrix(array: np.ndarray) -> bytes:
    return matrix_head(array.shape, array.dtype.type) + array.tobytes()


def small_norb(root: Path, split: str = "train", zipped: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Every elevation and azimuth once, both cameras; images (162, 2, 96, 96) and info (162, 4)."""
    info = np.array([(4, low, 2 * side, 5) for low in range(9) for side in range(18)], np.int32)
    images = np.random.default_rng(0).integers(0, 256, (162, 2, 96, 1), dtype=np.uint8).repeat(96, 3)
    written(root / f"{NORB[split]}-dat.mat", matrix(images), zipped)
    written(root / f"{NORB[split]}-info.mat", matrix(info), zipped)
    return images, info


def dsprites(path: Path, orientations: int = 40, positions: int = 32) -> np.ndarray:
    """One image for each orientation and position; image k says k, as binary digits in its first row. latents (N, 6)."""
    latents = np.array([(0, 1, 2, turn, x, 7) for turn in range(orientations) for x in range(positions)], np.int64)
    images = np.zeros((len(latents), 64, 64), np.uint8)
    images[:, 0, :16] = np.arange(len(latents))[:, None] >> np.arange(16) & 1
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = np.array({"title": "dSprites"}, object)  # pickled, as in the real file
    values = latents.astype(np.float64)
    np.savez_compressed(path, metadata=metadata, imgs=images, latents_classes=latents, latents_values=values)
    return latents


def tar(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def dmlab(root: Path) -> None:
    """Two tars of three samples each for train, one for test; the picture of class c is of the grey 40 * c."""
    for name, classes in {"train/0": (3, 0, 5), "train/1": (1, 4, 2), "test/0": (5, 0, 1)}.items():
        files = {}
        for number, label in enumerate(classes):
            files |= {f"s{number:07d}.cls": str(label).encode(), f"s{number:07d}.webp": flat(40 * label, kind="webp")}
        tar(root / f"{name}.tar", files)


def land(each: int = 5) -> dict[str, bytes]:
    """Resisc45's files: picture n of class c is of the color (5 c, 40 n, 0)."""
    names = [
        (f"{kind}/{kind}_{number + 1:03d}.jpg", (5 * label, 40 * number, 0))
        for label, kind in enumerate(KINDS)
        for number in range(each)
    ]
    return {f"NWPU-RESISC45/{name}": flat(color, kind="jpeg") for name, color in names}


def resisc45(root: Path, zipped: bool, each: int = 5) -> None:
    root.mkdir(parents=True, exist_ok=True)
    if not zipped:
        for name, data in land(each).items():
            written(root / name, data)
        return
    with zipfile.ZipFile(root / "NWPU-RESISC45.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in land(each).items():
            archive.writestr(name, data)


def table(path: Path, rows: list[list]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def retinopathy(root: Path, height: int = 80) -> None:
    """Kaggle's lists and pictures: discs of radius 40, of the grey 100 + 20 * grade, as far as the height goes."""
    table(root / "trainLabels.csv", [["image", "level"], ["10_left", 0], ["10_right", 4], ["13_left", 2]])
    rows = [["1_left", 3, "Private"], ["1_right", 1, "Public"], ["2_left", 0, "Private"]]
    table(root / "retinopathy_solution.csv", [["image", "level", "Usage"], *rows])
    y, x = np.mgrid[-height // 2 : height // 2, -60:60]
    disc = (y**2 + x**2 < 40**2)[..., None]
    for split, names in {
        "train": {"10_left": 0, "10_right": 4, "13_left": 2},
        "test": {"1_left": 3, "1_right": 1, "2_left": 0},
    }.items():
        for name, grade in names.items():
            written(root / split / f"{name}.jpeg", encoded((disc * np.uint8(100 + 20 * grade)).repeat(3, 2), "jpeg"))


def objectnet(root: Path) -> None:
    """Four classes in ObjectNet's layout, of which ImageNet has three; a red frame of a pixel around a flat color."""
    folders = {
        "alarm_clock": "Alarm clock",
        "banana": "Banana",
        "binder_closed": "Binder (closed)",
        "air_freshener": "Air freshener",
    }
    overlap = {
        "Alarm clock": "analog clock; digital clock",
        "Banana": "banana",
        "Binder (closed)": "binder, ring-binder",
    }
    lines = [f"thing {number}" for number in range(1000)]
    lines[:4] = ["banana", "digital clock", "binder, ring-binder", "analog clock"]
    numbers = {str(999 - line): line for line in range(1000)}  # PyTorch counts in another order than the lines
    tables = {
        "folder_to_objectnet_label": folders,
        "objectnet_to_imagenet_1k": overlap,
        "pytorch_to_imagenet_2012_id": numbers,
    }
    for name, content in tables.items():
        written(root / "mappings" / f"{name}.json", json.dumps(content).encode())
    written(root / "mappings" / "imagenet_to_label_2012_v2", "\n".join(lines).encode())
    for index, folder in enumerate(folders):
        for number in range(2):
            pixels = np.full((12, 20, 3), (0, 50 * index, 100 + number), np.uint8)
            pixels[[0, -1]] = pixels[:, [0, -1]] = (255, 0, 0)
            written(root / "images" / folder / f"{number}.png", encoded(pixels))
