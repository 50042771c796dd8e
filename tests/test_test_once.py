"""The test split is used once: nothing in training touches it, a second look is refused, and a forced one is written down."""

import json

import pytest
from lightning.pytorch.callbacks import Callback
from processes import in_order

import data
from vit.plan import make_plan
from vit.run.runner import evaluate, train

TRAINED = "finetune-ViT-B-32-fractals-80-digits-seed0"


@pytest.fixture(scope="module")
def run(processes, tmp_path_factory):
    """Folder of a finished final run, and its results."""
    results = tmp_path_factory.mktemp("results")
    assert processes.end(processes.start("plan", "--scale", "together", "--write", results=results)) == 0
    runs = results / "together" / "runs"
    command = ("run", "--scale", "together", *in_order(runs))
    assert processes.end(processes.start(*command, results=results)) == 0, (results / "said").read_text()
    return next(path for path in runs.iterdir() if path.name.startswith(TRAINED)), results


def evaluated(processes, run, *words):
    folder, results = run
    code = processes.end(processes.start("test", "--config", str(folder / "config.yaml"), *words, results=results))
    return code, (results / "said").read_text(), json.loads((folder / "metrics.json").read_text())


def test_a_second_test_evaluation_of_a_finished_run_is_refused_in_one_line(processes, run):
    before = (run[0] / "metrics.json").read_bytes()
    code, said, record = evaluated(processes, run)
    assert code == 1 and len(said.splitlines()) == 1
    assert "evaluated on the test split already" in said and "--force" in said and "Traceback" not in said
    assert record["test_evaluations"] == 1 and (run[0] / "metrics.json").read_bytes() == before


def test_forced_it_is_done_and_the_record_says_how_often_and_when(processes, run):
    for count in (2, 3):
        code, said, record = evaluated(processes, run, "--force")
        assert code == 0 and "test_accuracy" in said, said
        assert record["test_evaluations"] == count and record["last_test_evaluation"] >= record["date"]
    assert str(record["metrics"]["test_accuracy"])[:6] in said  # the weights are those that were measured


def test_a_held_out_evaluation_is_no_test(run):
    for folder in run[0].parent.glob("*-lr*"):
        record = json.loads((folder / "metrics.json").read_text())
        assert record["test_evaluations"] == 0 and not [name for name in record["metrics"] if name.startswith("test")]


class Guarded(data.Digits):
    """Digits whose test split nobody may ask for."""

    def arrays(self, split):
        assert split != "test", "somebody looked at the test split"
        return super().arrays(split)

    def test_dataloader(self):
        raise AssertionError("somebody looked at the test split")


@pytest.mark.parametrize("kind", ["pretrain", "lr0.03"])
def test_nothing_in_training_and_held_out_evaluation_touches_the_test_split(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(data, "Guarded", Guarded, raising=False)
    runs = make_plan("smoke", ["table5"]).runs.values()
    run = next(
        run
        for run in runs
        if kind in run.id and "ViT-B-32" in run.id and ("scratch-digits" in run.id or kind == "pretrain")
    )
    common = run.config["data"]["init_args"]
    kept = {name: common[name] for name in common if name not in ("categories", "instances", "fractal_seed")}
    run.config["data"] = {"class_path": "data.Guarded", "init_args": {**kept, "train_on": "train", "held_out": 0.1}}
    if kind == "pretrain":
        early = {"class_path": "vit.early_stopping.BestHeldOut", "init_args": {"every": 3}}
        run.config["trainer"]["callbacks"] = [early]  # looks at held-out images in the course of training
    cli, _ = train(run, tmp_path, Callback(), print)
    assert "held_out_accuracy" in evaluate(cli)
    with pytest.raises(AssertionError, match="somebody looked"):  # it does notice
        cli.trainer.test(cli.model, cli.datamodule, verbose=False)
