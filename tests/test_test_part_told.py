"""A run and a fit by hand tell a missing or wrong test part before the first update, in one line."""

import pytest
import yaml
from archive_files import png
from folder_runs import smoke_config, trained_in

from vit.plan.cells import digest


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    """Two classes to train on, and a third one in the test part."""
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    for split, names in {"train": ["cat", "dog"], "test": ["cat", "dog", "fox"]}.items():
        for name in names:
            folder = tmp_path / "pets" / split / name
            folder.mkdir(parents=True)
            for number in range(20):
                (folder / f"{number}.png").write_bytes(png(number))
    return tmp_path / "pets"


def config(train_on="all"):
    """A run of scale smoke on these pictures."""
    planned = smoke_config("pretrain-")
    kept = planned["data"]["init_args"]
    kept = {name: kept[name] for name in kept if name not in ("categories", "instances", "fractal_seed", "validation")}
    arguments = kept | {"folder": "pets", "train_on": train_on, "held_out": 0.1}
    return planned | {"data": {"class_path": "data.ImageFolder", "init_args": arguments}}


def remove(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()


@pytest.mark.parametrize("train_on", ["train", "all"])
def test_a_run_with_a_wrong_test_part_makes_no_update(tmp_path, train_on):
    with pytest.raises(ValueError, match="no training pictures for the class 'fox'"):
        trained_in(tmp_path / "run", config(train_on))
    assert not list((tmp_path / "run").glob("checkpoints/*"))


def test_a_run_without_a_test_part_trains_only_where_it_ends_with_held_out_images(tmp_path, pictures):
    remove(pictures / "test")
    with pytest.raises(FileNotFoundError, match="pets/test: no such folder"):
        trained_in(tmp_path / "whole", config())
    lines = []
    cli = trained_in(tmp_path / "part", config("train"), log=lines.append)
    assert cli.trainer.global_step == cli.trainer.max_steps
    assert [line for line in lines if "pets/test: no such folder" in line]


@pytest.mark.parametrize("further", [[], ["--trainer.max_steps", "3"]])
def test_a_fit_by_hand_tells_it_too(vit, tmp_path, further):
    text = yaml.safe_dump(config())
    folder = tmp_path / f"pretrain-{digest(yaml.safe_load(text))}"
    folder.mkdir()
    (folder / "config.yaml").write_text(text)
    arguments = ("fit", "--config", str(folder / "config.yaml"), *further)
    done = vit.run(*arguments, results=tmp_path / "results", cwd=tmp_path, VIT_DATA=str(tmp_path))
    assert done.returncode == 1 and "no training pictures for the class 'fox'" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not list(tmp_path.rglob("*.ckpt"))
