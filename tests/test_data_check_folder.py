"""`make data-check SET=ImageFolder` looks into the folder that the scale names."""

import pytest
from archive_files import png

from vit.data_check import data_check

DIGITS = (
    '{name: digits, data: data.Digits, images: 1297, about: "scikit-learn\'s digits, 8 px (1,297 train, 500 test)"}'
)
FLOWERS = "{name: flowers, data: data.ImageFolder, images: 20, args: {folder: my flowers}, about: ours}"


@pytest.fixture
def folder(experiments, tmp_path, monkeypatch):
    """A copy of the experiments whose scale smoke has flowers for CIFAR-100."""
    path = experiments / "scales" / "smoke.yaml"
    path.write_text(path.read_text().replace(DIGITS, FLOWERS, 1))
    monkeypatch.setenv("VIT_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "my flowers"


def test_the_folder_of_the_scale_is_asked_for_where_it_is_missing(folder):
    text = " ".join(data_check("smoke", ["ImageFolder"]).split())
    assert f"put a folder a class (docs/data.md) as my flowers/ in {folder.parent}" in text


def test_the_folder_of_the_scale_is_present_and_its_parts_are_counted(folder):
    for split, count in (("train", 20), ("val", 4)):
        for number in range(count):
            path = folder / split / f"class{number % 2}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number))
    text = data_check("smoke", ["ImageFolder"], hashes=True)
    assert "state      present" in text
    assert "train 18 " in text and "val 2 " in text and "test 4 " in text and "folder my flowers" in text


def test_what_is_wrong_with_the_folder_is_said(folder):
    (folder / "train").mkdir(parents=True)
    text = " ".join(data_check("smoke", ["ImageFolder"], hashes=True).split())
    assert f"cannot be read: {folder}/train: no class folders" in text
