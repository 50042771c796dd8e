"""Ctrl-C while inspect or predict reads pictures: exit code 130, and the message says what is true of these commands."""

import os
import signal
import threading

import numpy as np
import pytest
from foreign_files import encoded, written

from vit.__main__ import main


@pytest.fixture
def pictures(tmp_path):
    """One that can be read, and one at which SIGINT arrives."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    first = written(tmp_path / "first.png", encoded(pixels))
    return [str(first), interrupted_at(tmp_path / "second.png")]


def interrupted_at(path):
    """A pipe with this path: SIGINT arrives when it is opened to be read, which lets its writer's open() return."""
    os.mkfifo(path)

    def interrupt():
        writer = os.open(path, os.O_WRONLY)
        os.kill(os.getpid(), signal.SIGINT)
        os.close(writer)

    threading.Thread(target=interrupt, daemon=True).start()
    return str(path)


def interrupted(*arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return end.value.code


def test_predict_keeps_its_lines_and_maps_and_begins_anew(checkpoint, pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vit.predict.predictor.BATCH", 1)
    assert interrupted("predict", checkpoint, *pictures, "--map", "--out", str(tmp_path / "out")) == 130
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 3 and os.listdir(tmp_path / "out") == ["first.map.png"]
    message = printed.err.splitlines()[-1]
    assert message.startswith("interrupted by SIGINT; lines, and files whose paths are printed, are complete")
    assert "predictions.csv come at the end only" in message and "begins anew" in message and "resume" not in message


def test_inspect_keeps_its_pictures_and_begins_anew(checkpoint, pictures, tmp_path, capsys):
    assert interrupted("inspect", checkpoint, *pictures, "--out", str(tmp_path / "out")) == 130
    printed = capsys.readouterr()
    files = {str(tmp_path / "out" / name) for name in os.listdir(tmp_path / "out")}
    assert files == {line for line in printed.out.splitlines() if line.endswith(".png")} and len(files) == 3
    message = printed.err.splitlines()[-1]
    assert message == (
        "interrupted by SIGINT; files whose paths are printed are complete; the same command begins anew"
    )


def test_another_command_that_is_interrupted_ends_with_130_too(experiments, capsys):
    """While the planner reads a file, which is a pipe."""
    scale = experiments / "scales" / "smoke.yaml"
    scale.unlink()
    interrupted_at(scale)
    assert interrupted("plan", "--scale", "smoke") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted; run the same command again"
