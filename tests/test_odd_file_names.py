"""Pictures whose names are hard to print or draw: inspect and predict take them as they take others."""

import os
import sys

import numpy as np
import pytest
from foreign_files import flat, written
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vit.__main__ import main

NAMES = {
    "no text": os.fsdecode(b"latin\xe9"),
    "no letter of the font": "\u6570\u5b57",
    "no formula": r"$\foo{$",
    "two lines": "a\nb",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_inspect_draws_and_stores_them_without_a_word(name, checkpoint, tmp_path, capsys):
    path = str(written(tmp_path / f"{name}.png", flat((9, 99, 199))))
    main(["inspect", checkpoint, path, "--out", str(tmp_path / "out")])
    assert not capsys.readouterr().err
    assert {f"rollout-{name}.png", f"heads-{name}.png"} <= set(os.listdir(tmp_path / "out"))
    with np.load(tmp_path / "out" / "inspect.npz") as archive:
        assert archive["names"].tolist() == [path]
    tags = EventAccumulator(str(tmp_path / "out")).Reload().Tags()["images"]
    assert len(tags) == 6 and any(tag.startswith("inspect/rollout-") for tag in tags)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_predict_prints_a_line_for_each_class(name, checkpoint, tmp_path, capsys):
    written(tmp_path / f"{name}.png", flat((9, 99, 199)))
    sys.stderr.reconfigure(errors="backslashreplace")  # as it is outside of a test
    main(["predict", checkpoint, str(tmp_path / f"{name}.png"), "--map", "--out", str(tmp_path / "out")])
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert os.listdir(tmp_path / "out") == [f"{name}.map.png"]
