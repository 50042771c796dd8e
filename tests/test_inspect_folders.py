"""`python -m vit inspect` on folders: all pictures at any depth, as predict takes them, each drawn under its own path."""

import numpy as np
import pytest
from foreign_files import encoded, flat, written
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vit.__main__ import main
from vit.inspect.pictures_below import list_pictures

MODEL = {"filters.png", "singular-values.png", "positions.png", "distance.png"}
IMAGES = {"rollout-1.png", "heads-1.png", "a/rollout-2.png", "a/heads-2.png", "b/rollout-2.png", "b/heads-2.png"}


@pytest.fixture
def photos(tmp_path):
    """Three pictures, two of the same name in different folders, and what is no picture."""
    random = np.random.default_rng(0)
    for name in ("b/2.png", "a/2.png", "1.png"):
        written(tmp_path / "photos" / name, encoded(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)))
    written(tmp_path / "photos" / "old.map.png", flat(0))
    written(tmp_path / "photos" / "scan.tif", b"II*\0")
    return tmp_path / "photos"


def drawn(out):
    return {str(path.relative_to(out)) for path in out.rglob("*.png")}


def test_all_pictures_below_a_folder_are_drawn_in_sorted_order_at_their_paths(checkpoint, photos, tmp_path, capsys):
    main(["inspect", checkpoint, str(photos), "--out", str(tmp_path / "out")])
    printed = capsys.readouterr()
    assert f"left out, no known pictures: {photos / 'scan.tif'}" in printed.err.splitlines()
    assert drawn(tmp_path / "out") == MODEL | IMAGES
    assert {str(tmp_path / "out" / name) for name in IMAGES} <= set(printed.out.splitlines())
    assert "(mean over 3 images)" in printed.out
    with np.load(tmp_path / "out" / "inspect.npz") as archive:
        assert archive["names"].tolist() == [str(photos / name) for name in ("1.png", "a/2.png", "b/2.png")]
    tags = EventAccumulator(str(tmp_path / "out")).Reload().Tags()["images"]
    assert {f"inspect/{name.removesuffix('.png')}" for name in IMAGES} <= set(tags)


def test_what_an_earlier_look_has_drawn_is_no_picture_but_what_lies_beside_it_is(checkpoint, photos, tmp_path):
    written(photos / "positions.png", flat(9, 16, 16))  # of somebody's own, as long as nothing was drawn here
    before = [picture.path for picture in list_pictures([str(photos)])[0]]
    assert photos / "positions.png" in before
    main(["inspect", checkpoint, str(photos / "1.png"), str(photos / "a"), "--out", str(photos)])
    after = [picture.path for picture in list_pictures([str(photos)])[0]]
    assert after == [path for path in before if path.name != "positions.png"]


def test_a_folder_without_pictures_is_told_before_anything_is_written(checkpoint, photos, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit) as end:
        main(["inspect", checkpoint, str(photos), str(tmp_path / "empty"), "--out", str(tmp_path / "out")])
    assert end.value.code.startswith(f"error: {tmp_path / 'empty'}: no pictures in this folder or below it (.jpg")
    assert not (tmp_path / "out").exists()
