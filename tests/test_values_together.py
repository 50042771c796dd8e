"""What recipes leave off, all at once: average, mixup, CutMix, a stated micro-batch, early stopping; from YAML to the record."""

import csv
import json

import numpy as np
import pytest
import torch
import yaml
from folder_runs import Break, SavesEvery, smoke_config, trained_in
from lightning.pytorch.callbacks import Callback

from vit.plan import make_plan
from vit.plan.graph import write_graph
from vit.run.progress import Progress
from vit.run.runner import run_one

STEPS, EVERY, FACTOR = 40, 4, 0.8
MIXED = dict(mixup=0.2, cutmix=1.0, dropout=0.1, label_smoothing=0.1)


class After(Callback):
    """The weights before the training and after each update."""

    def __init__(self):
        self.weights = {}

    def on_train_start(self, trainer, task):
        self.on_train_batch_end(trainer, task)

    def on_train_batch_end(self, trainer, task, *_):
        self.weights[trainer.global_step] = flat(task.model)


def flat(model):
    return torch.cat([parameter.detach().double().flatten() for parameter in model.parameters()]).numpy()


def pretrained(folder, *callbacks):
    """The CLI after a pre-training with everything on, at a rate so high that the last average is not the best."""
    config = smoke_config("pretrain-ViT-B-32-fractals-80")
    config["trainer"] |= {"max_steps": STEPS}
    config["trainer"]["callbacks"] = [
        {"class_path": "vit.early_stopping.BestHeldOut", "init_args": {"every": EVERY}},
        {"class_path": "vit.run.micro_batch.MicroBatch", "init_args": {"images": 4}},
    ]
    config["model"]["init_args"] |= MIXED | dict(polyak=FACTOR, lr=0.01)
    config["data"]["init_args"]["held_out"] = 0.3
    return trained_in(folder, config, SavesEvery(folder, 10), *callbacks)


def curve(folder):
    """Rows of metrics.csv without the one column that is a clock's."""
    with open(folder / "metrics.csv") as file:
        return [
            {name: text for name, text in row.items() if name != "images_per_second"} for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """(curve, CLI, weights after each update) of an unbroken run."""
    folder, after = tmp_path_factory.mktemp("whole"), After()
    cli = pretrained(folder, after)
    return curve(folder), cli, after.weights


def test_the_best_average_is_left_and_evaluates_to_the_best_accuracy(whole):
    rows, cli, weights = whole
    measured = {int(row["step"]) + 1: float(row["held_out_accuracy"]) for row in rows if row["held_out_accuracy"]}
    best = max(measured, key=measured.get)
    assert list(measured) == list(range(EVERY, STEPS + 1, EVERY)) and measured[best] > measured[STEPS]
    average = weights[0]
    for step in range(1, best + 1):
        average = FACTOR * average + (1 - FACTOR) * weights[step]
    np.testing.assert_allclose(flat(cli.model.model), average, rtol=0, atol=1e-6)
    assert np.abs(average - weights[best]).max() > 1e-3
    cli.trainer.limit_val_batches = 1.0
    evaluated = cli.trainer.validate(cli.model, cli.datamodule, verbose=False)[0]
    assert evaluated["held_out_accuracy"] == pytest.approx(measured[best])


def test_broken_off_and_resumed_it_is_bit_for_bit_the_unbroken_run(whole, tmp_path):
    rows, cli, weights = whole
    with pytest.raises(RuntimeError, match="broken off"):
        pretrained(tmp_path, Break(27))
    after = After()
    resumed = pretrained(tmp_path, after)
    assert min(after.weights) == 20 and resumed.trainer.accumulate_grad_batches == 4
    assert all(np.array_equal(now, weights[step]) for step, now in after.weights.items())
    assert np.array_equal(flat(resumed.model.model), flat(cli.model.model))
    assert curve(tmp_path) == rows
    assert np.array_equal(flat(pretrained(tmp_path).model.model), flat(cli.model.model))  # nothing is left to train


EXPERIMENT = """
title: Everything at once
grid:
  with:
    - {label: nothing}
    - label: everything
      pretrain.mixup: 0.2
      pretrain.cutmix: 1.0
      pretrain.polyak: 0.9
      pretrain.micro_batch: 4
      finetune.cutmix: 1.0
      finetune.polyak: 0.9
      finetune.micro_batch: 8
  model: [ViT-B/32]
  pretrain: [ImageNet-21k]
  transfer: [CIFAR-100]
rows: [with]
columns: [model]
"""


def test_an_ablation_states_them_in_yaml_and_its_records_say_so(experiments, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    before = set(make_plan("smoke").runs)
    (experiments / "ablations" / "everything.yaml").write_text(EXPERIMENT)
    plan = make_plan("smoke")
    write_graph(plan)
    nothing, everything = (cell for cell in plan.cells if cell.experiment == "everything")
    assert {nothing.upstream, *nothing.runs} <= before
    folder, progress = tmp_path / "smoke" / "runs", Progress(plan, ["everything"], 1, 0)
    sizes = {everything.upstream: 4, everything.runs[0]: 8}
    needed = plan.with_needs([everything.runs[0]])
    assert not needed & before
    for name in (run for run in plan.runs if run in needed):
        assert run_one(plan.runs[name], folder / name, progress)
    for name, size in sizes.items():
        assert json.loads((folder / name / "metrics.json").read_text())["micro_batch"] == size
    model = yaml.safe_load((folder / everything.upstream / "config.yaml").read_text())["model"]["init_args"]
    assert (model["mixup"], model["cutmix"], model["polyak"]) == (0.2, 1.0, 0.9)
