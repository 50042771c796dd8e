"""Whatever became of a file, its reader gives data of the right kind or says in one line which file it is."""

import tracemalloc
from pathlib import Path

import foreign_files as foreign
import numpy as np
import pytest
import torch

from data.pictures.pictures import Pictures
from data.sets.mnist import MNIST
from data.sets.objectnet import ObjectNet
from data.sets.vtab.dmlab import DMLab
from data.sets.vtab.dsprites import NAME, DSpritesOrientation
from data.sets.vtab.resisc45 import Resisc45
from data.sets.vtab.retinopathy import Retinopathy
from data.sets.vtab.small_norb import SmallNORBAzimuth

MUTATIONS = 100
MEMORY = 2**26  # bytes that numbers may take, however many a header promises; the files hold less than 4 MB
NORB = foreign.NORB["train"]


def land(root):
    foreign.resisc45(root, zipped=True, each=2)
    for split, number in (("train", "001"), ("test", "002")):
        (root / f"resisc45-{split}.txt").write_text("".join(f"{kind}_{number}.jpg\n" for kind in foreign.KINDS[:5]))


def sprites(root):
    foreign.dsprites(root / NAME, positions=2)


def unzipped_land(root):
    foreign.resisc45(root, zipped=False, each=1)


def eyes(root):
    foreign.retinopathy(root, height=16)


IDX, MAPPINGS = "train-images-idx3-ubyte", "objectnet-1.0/mappings"
CASES = {  # the file that suffers: its set, the folder of the set, what fills it
    f"mnist/{IDX}": (MNIST, "mnist", foreign.digits),
    f"mnist/{IDX}.gz": (MNIST, "mnist", lambda root: foreign.digits(root, zipped=True)),
    "mnist/train-labels-idx1-ubyte": (MNIST, "mnist", foreign.digits),
    f"dsprites/{NAME}": (DSpritesOrientation, "dsprites", sprites),
    f"smallnorb/{NORB}-dat.mat": (SmallNORBAzimuth, "smallnorb", foreign.small_norb),
    f"smallnorb/{NORB}-dat.mat.gz": (SmallNORBAzimuth, "smallnorb", lambda root: foreign.small_norb(root, zipped=True)),
    f"smallnorb/{NORB}-info.mat": (SmallNORBAzimuth, "smallnorb", foreign.small_norb),
    "dmlab/train/0.tar": (DMLab, "dmlab", foreign.dmlab),
    "resisc45/NWPU-RESISC45.zip": (Resisc45, "resisc45", land),
    "resisc45/resisc45-train.txt": (Resisc45, "resisc45", land),
    "resisc45/NWPU-RESISC45/kind_03/kind_03_001.jpg": (Resisc45, "resisc45", unzipped_land),
    "retinopathy/trainLabels.csv": (Retinopathy, "retinopathy", eyes),
    "retinopathy/train/10_left.jpeg": (Retinopathy, "retinopathy", eyes),
    f"{MAPPINGS}/folder_to_objectnet_label.json": (ObjectNet, "objectnet-1.0", foreign.objectnet),
    f"{MAPPINGS}/objectnet_to_imagenet_1k.json": (ObjectNet, "objectnet-1.0", foreign.objectnet),
    f"{MAPPINGS}/pytorch_to_imagenet_2012_id.json": (ObjectNet, "objectnet-1.0", foreign.objectnet),
    f"{MAPPINGS}/imagenet_to_label_2012_v2": (ObjectNet, "objectnet-1.0", foreign.objectnet),
    "objectnet-1.0/images/banana/0.png": (ObjectNet, "objectnet-1.0", foreign.objectnet),
}


def mutated(content: bytes, number: int) -> bytes:
    """Cut off somewhere, or with bytes changed, most often near the ends, where headers and tables are; seeded."""
    random = np.random.default_rng(number)
    if number % 3 == 0:
        return content[: int(len(content) * random.random())]
    reach = len(content) if number % 3 == 1 else min(len(content), 256)
    data = np.frombuffer(content, np.uint8).copy()
    positions = random.integers(0, reach, random.integers(1, 9)) * random.choice([1, -1]) % len(data)
    data[positions] = random.integers(0, 256, len(positions))
    return data.tobytes()


def look(kind, folder) -> None:
    """All of the split, every picture decoded. Whatever is no data of the right kind fails here."""
    module = kind(**foreign.PLAIN, resize="vit_jax")
    images, labels, *_ = module.arrays("test" if kind is ObjectNet else "train")
    assert len(images) == len(labels) > 0
    if isinstance(images, Pictures):
        assert all(image.dtype == torch.uint8 and image.ndim == 3 for image in images[range(len(images))])
    else:
        assert images.dtype == torch.uint8
        images.sum()  # reads every byte
    if labels.ndim == 1 and kind is not DMLab:  # DMLab's labels are checked at setup
        assert 0 <= labels.min() <= labels.max() < module.num_classes
    assert labels.dtype == (torch.bool if kind is ObjectNet else torch.int64)


def without_traces(folder: Path) -> None:
    """What was unpacked from the file before: a new one may be as long and as old."""
    for path in [*folder.glob("*.npy"), *folder.glob("indexes/*/*"), *folder.glob("*/*-btgraham-300/10_left.jpeg")]:
        path.unlink()
    for path in folder.glob("indexes/*/"):
        path.rmdir()


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_file_is_data_or_one_line(name, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    kind, root, fill = CASES[name]
    fill(tmp_path / root)
    content = (tmp_path / name).read_bytes()
    look(kind, tmp_path)  # it is in order before
    messages = []
    tracemalloc.start()
    for number in range(MUTATIONS):
        without_traces(tmp_path)
        (tmp_path / name).write_bytes(mutated(content, number))
        try:
            look(kind, tmp_path)
        except (ValueError, OSError) as error:
            messages.append(str(error))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < MEMORY
    assert messages
    for line in messages:
        assert "\n" not in line
        assert str(tmp_path / root) in line
    assert not list(tmp_path.rglob("*.part"))
