"""Finished runs without training: the metrics.json, metrics.csv and arrays.npz that the runner would write."""

import json
import shutil

import numpy as np

from vit import paths
from vit.arrays import write_arrays
from vit.atomic import write_text
from vit.paths import runs_folder
from vit.plan.cost_file import costs_file
from vit.plan.experiment import make_plan
from vit.plan.inspection import UNITS

LAYERS, HEADS, SIDE = 6, 3, 4  # of the ViT that left arrays
CURVE = "epoch,learning_rate,step,test_accuracy,train_loss\n0,0.1,9,,{loss}\n0,0.1,19,,{half}\n1,,20,{accuracy},\n"


def finish(plan, run, accuracy, **changes):
    """changes: keys of the record to replace."""
    measured = dict.fromkeys(("test_accuracy", "test_real_accuracy", "held_out_accuracy"), accuracy)
    record = {
        "format": 1, "id": run, "metrics": measured, "lr": 0.1, "images": plan.runs[run].images, "seconds": 60.0, "resumed": False,
        "flops": 2_000_000, "device": "a machine", "threads": 1, "date": "2026-01-02T03:04:05+00:00", "commit": "abc1234",
        "versions": {"python": "3.11.7", "torch": "2.6.0"}, **changes,
    }  # fmt: skip
    folder = runs_folder(plan.scale_name) / run
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(record))
    (folder / "metrics.csv").write_text(CURVE.format(loss=2 * accuracy, half=accuracy, accuracy=accuracy))


def arrays_of(seed):
    """As a run of a small ViT leaves them."""
    random = np.random.default_rng(seed)
    similarity = random.uniform(-1, 1, (SIDE, SIDE, SIDE, SIDE)).astype(np.float32)
    return {
        "attention_distance": random.uniform(1, 20, (LAYERS, HEADS)).astype(np.float32),
        "filters": random.normal(size=(28, 8, 8, 3)).astype(np.float32),
        "filters_explained": np.full(28, 1 / 28, np.float32),
        "position_similarity": similarity,
        "images": random.integers(0, 256, (3, 32, 32, 3)).astype(np.uint8),
        "attention_maps": random.uniform(0.1, 1, (3, SIDE, SIDE)).astype(np.float32),
    }


def finish_inspected(plan, run, seed):
    """A run of vit.tasks.Inspect."""
    folder = runs_folder(plan.scale_name) / run
    folder.mkdir(parents=True, exist_ok=True)
    shapes = write_arrays(folder, arrays_of(seed))
    finish(plan, run, 0.5, metrics={name: place / 8 for place, name in enumerate(UNITS, start=1)}, arrays=shapes)


def finish_all(plan, accuracy):
    """accuracy: function of a run id, a fraction."""
    for run in plan.runs:
        finish(plan, run, accuracy(run))


def planned_ablation(folder, monkeypatch, name, text, scale="smoke"):
    """The plan of experiments/ablations/NAME.yaml with this text, in a folder with a copy of the experiments."""
    monkeypatch.setenv("VIT_RESULTS", str(folder / "results"))
    monkeypatch.setattr(paths, "EXPERIMENTS", folder / "experiments")
    shutil.copytree(paths.ROOT / "experiments", folder / "experiments", dirs_exist_ok=True)
    (folder / "experiments" / "ablations" / f"{name}.yaml").write_text(text)
    return make_plan(scale, [name])


def count_costs(flops=1e9):
    """results/paper/costs.json as `python -m vit cost --scale paper` writes it, each model at the same cost."""
    models = {run.cost_key: {"flops": flops, "parameters": 1} for run in make_plan("paper").runs.values()}
    write_text(costs_file("paper"), json.dumps({"code": "test", "models": models}))


def cell(plan, **axes):
    """The cell with these axes; ValueError unless exactly one has them."""
    (match,) = [cell for cell in plan.cells if axes.items() <= cell.axes.items()]
    return match
