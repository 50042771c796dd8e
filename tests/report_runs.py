"""Finished runs without training: the metrics.json and metrics.csv that the runner would write."""

import json
import shutil

from vit import paths
from vit.atomic import write_text
from vit.paths import runs_folder
from vit.plan.cost_file import costs_file
from vit.plan.experiment import make_plan

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
