"""A batch is a pure function of (seed, epoch, index): of every kind of source, with any number of workers, from any step on."""

import io
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from data import Digits, ImageFolder

COMMON = {"batch_size": 12, "image_size": 16, "train_on": "train", "held_out": 0.2, "split_seed": 0, "seed": 3}
COMMON |= {"augment": ["inception_crop", "flip", "color(0.4)"], "evaluation": "resize", "resize": "vit_jax"}
STEPS = 8


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """The same pictures, of different sizes, in folders and in two tars; and of one size in folders."""
    root = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", str(root))
        rng = np.random.default_rng(0)
        for split, count in (("train", 40), ("test", 10)):
            for k in range(count):
                inside = f"class{k % 3}/{k:03d}.jpg"
                data = jpeg(rng, 20 + k % 5, 24)
                write(root / "folders" / split / inside, data)
                write(root / "equal" / split / inside, jpeg(rng, 24, 24))
        (root / "tars").mkdir()
        for split in ("train", "test"):
            for shard in range(2):
                with tarfile.open(root / "tars" / f"{split}-{shard}.tar", "w") as archive:
                    found = sorted((root / "folders" / split).rglob("*.jpg"))
                    for path in found[shard * len(found) // 2 : (shard + 1) * len(found) // 2]:
                        archive.add(path, str(path.relative_to(root / "folders" / split)))
        yield root


def jpeg(rng, height, width):
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(file, "JPEG")
    return file.getvalue()


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


SOURCES = {
    "files": lambda **options: ImageFolder(folder="folders", **COMMON | options),
    "tars": lambda **options: ImageFolder(folder="tars", **COMMON | options),
    "decoded once": lambda **options: ImageFolder(folder="equal", **COMMON | options),
    "arrays": lambda **options: Digits(**COMMON | options),
}


def stream(module, start=0):
    """The batches of optimizer steps start .. STEPS."""
    module.setup("fit")
    module.trainer = SimpleNamespace(
        global_step=start, global_rank=0, world_size=1, accumulate_grad_batches=1,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )  # fmt: skip
    return [batch for batch, _ in zip(module.train_dataloader(), range(STEPS - start), strict=False)]


def same(some, others):
    return len(some) == len(others) and all(
        torch.equal(one, other) for a, b in zip(some, others, strict=True) for one, other in zip(a, b, strict=True)
    )


@pytest.fixture(scope="module")
def batches():
    return {name: stream(build()) for name, build in SOURCES.items()}


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("name", SOURCES)
def test_workers_change_nothing(batches, name, workers):
    assert same(stream(SOURCES[name](workers=workers)), batches[name])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("name", SOURCES)
def test_a_restart_at_any_step_changes_nothing(batches, name, workers):
    for start in range(1, STEPS) if not workers else (5,):
        assert same(stream(SOURCES[name](workers=workers), start), batches[name][start:])


def test_pictures_in_tars_are_those_in_folders(batches):
    assert same(batches["files"], batches["tars"])
    assert not same(batches["files"], batches["decoded once"])


def test_another_seed_gives_other_batches(batches):
    assert not same(stream(SOURCES["tars"](seed=4)), batches["tars"])
