"""docs/data.md, "Your own images" and "Your own class": what it shows is done here, to the letter."""

import importlib.util
import re

import numpy as np
import pytest
import torch
import yaml
from archive_files import png, tar
from plain_data import PLAIN

import data
from vit.paths import ROOT
from vit.plan.schema import DataEntry
from vit.plan.yaml_files import build

COMMON = PLAIN | {"image_size": 16, "batch_size": 4, "resize": "vit_jax"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def shown(name):
    """The code block of docs/data.md between a marker and the next end."""
    text = (ROOT / "docs" / "data.md").read_text()
    return re.search(rf"<!-- {name}:.*?-->\n```\w+\n(.*?)```\n<!-- end -->", text, re.S)[1]


def in_folders(root, split, number, content):
    path = root / split / f"class{number % 3}" / f"{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def as_tar(root, split, members):
    tar(root / f"{split}.tar", {f"class{number % 3}/{number}.png": content for number, content in members.items()})


@pytest.mark.parametrize("layout", ["folders", "tars"])
def test_one_line_of_yaml_is_all_that_pictures_take(folder, layout):
    line = next(iter(yaml.safe_load(shown("own pictures")).values()))
    entry = build(DataEntry, line, "docs/data.md")
    assert f"args: {{folder: {entry.args['folder']}}}" in (ROOT / "README.md").read_text()
    root = folder / entry.args["folder"]
    for split, count in (("train", 30), ("test", 6)):
        members = {number: png(number) for number in range(count)}
        if layout == "tars":
            as_tar(root, split, members)
        for number, content in members.items() if layout == "folders" else ():
            in_folders(root, split, number, content)
    package, name = entry.data.split(".")
    assert package == "data"
    module = getattr(data, name)(**COMMON | entry.args)
    module.setup("fit")
    module.setup("test")
    assert module.num_classes == 3
    assert {name: len(part) for name, part in module.parts.items()} == {"train": 27, "val": 3, "test": 6}
    images, labels = next(iter(module.train_dataloader()))
    assert images.shape == (4, 3, 16, 16)
    numbers = (images[:, 0, 0, 0] * 127.5 + 127.5).round().long()
    assert torch.equal(labels, numbers % 3)


def test_a_class_of_some_fifteen_lines_is_all_that_anything_else_takes(folder):
    source = shown("own class")
    assert len(source.split("class KMNIST")[1].splitlines()) < 15
    (folder / "own.py").write_text(source)
    spec = importlib.util.spec_from_file_location("own", folder / "own.py")
    own = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(own)
    rng = np.random.default_rng(0)
    held = {}
    for split, count in (("train", 50), ("test", 20)):
        held[split] = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8), rng.integers(0, 10, count, dtype=np.uint8)
        for kind, values in zip(("imgs", "labels"), held[split], strict=True):
            np.savez(folder / f"kmnist-{split}-{kind}.npz", values)
    module = own.KMNIST(**COMMON | {"image_size": 28})
    module.setup("fit")
    module.setup("test")
    assert {name: len(part) for name, part in module.parts.items()} == {"train": 45, "val": 5, "test": 20}
    images, labels = next(iter(module.test_dataloader()))
    assert torch.equal(labels, torch.from_numpy(held["test"][1]).long())
    assert torch.allclose(images[:, 2], torch.from_numpy(held["test"][0]) / 127.5 - 1, atol=1e-6)
