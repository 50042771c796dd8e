"""fit, test, --help and --print_config as any LightningCLI user expects, and what joins models with data."""

import os
import subprocess
import sys

import pytest
import yaml

from vit.plan import make_plan
from vit.plan.files import ROOT
from vit.plan.graph import write_graph


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    os.environ["VIT_RESULTS"] = str(folder)
    write_graph(make_plan("smoke"))
    yield folder / "smoke" / "runs"
    del os.environ["VIT_RESULTS"]


@pytest.fixture(scope="module")
def run(runs):
    return next(
        path for path in sorted(runs.iterdir()) if path.name.startswith("finetune-ViT-B-16-scratch-digits-lr0.1")
    )


def vit(*arguments, cwd=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "vit", *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )


def test_fit_of_a_config_trains_in_its_folder_and_test_uses_its_weights(run):
    done = vit("fit", "--config", str(run / "config.yaml"))
    assert done.returncode == 0, done.stderr
    assert (run / "weights.safetensors").exists() and (run / "metrics.csv").exists()
    tested = vit("test", "--config", str(run / "config.yaml"))
    assert tested.returncode == 0 and "test_accuracy" in tested.stdout, tested.stderr


def test_with_a_further_argument_it_is_another_run_and_goes_where_lightning_puts_it(run, tmp_path):
    before = {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    done = vit("fit", "--config", str(run / "config.yaml"), "--model.init_args.lr", "0.5", "--trainer.max_steps", "2",
               "--model.init_args.warmup_steps", "0", "--trainer.default_root_dir", str(tmp_path), cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert before == {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    saved = next(tmp_path.rglob("config.yaml"))
    assert yaml.safe_load(saved.read_text())["model"]["init_args"]["lr"] == 0.5


def test_print_config_gives_back_what_the_planner_wrote(run):
    done = vit("fit", "--config", str(run / "config.yaml"), "--print_config")
    printed, planned = yaml.safe_load(done.stdout), yaml.safe_load((run / "config.yaml").read_text())
    assert planned["data"]["init_args"].items() <= printed["data"]["init_args"].items()
    assert planned["model"]["init_args"].items() <= printed["model"]["init_args"].items()
    assert planned["trainer"].items() <= printed["trainer"].items()


def test_help_of_fit_is_lightnings():
    done = vit("fit", "--help")
    assert done.returncode == 0 and "--model" in done.stdout and "--trainer.max_steps" in done.stdout


@pytest.mark.parametrize(
    ("argument", "word"),
    [
        ("--model.init_args.learning_rat=1", "learning_rat"),
        ("--data=data.MNIST6k", "MNIST6k"),
        ("--trainer.max_stepz=1", "max_stepz"),
    ],
)
def test_a_misspelt_argument_is_named_without_a_traceback(run, argument, word):
    done = vit("fit", "--config", str(run / "config.yaml"), argument)
    assert done.returncode != 0 and word in done.stderr and "Traceback" not in done.stderr


def test_data_gives_the_model_its_classes_and_image_size(run):
    """Neither stands in a config: a number that stands twice can disagree with itself."""
    text = (run / "config.yaml").read_text()
    assert "num_classes" not in text and text.count("image_size") == 1
