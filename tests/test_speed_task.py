"""Speed as the runner runs it: which numbers it leaves, which batch counts as the largest, one measurement at a time.

No time is compared with another: what else runs on the machine is not known.
"""

import json
import subprocess
import sys
import tempfile
import time

import pytest
import torch
from folder_runs import run_of, smoke_config
from lightning import Trainer
from torch.utils.data import DataLoader

from vit.models.memory import peak_bytes
from vit.plan import make_plan
from vit.plan.graph import write_config
from vit.plan.measured_speed import UNITS
from vit.run.progress import Progress
from vit.run.runner import run_one
from vit.tasks import Speed
from vit.tasks.speed import free_bytes, lock_file

HOLD = """
import sys, time
from vit.locks import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(1.5)
    print(time.monotonic(), flush=True)
"""
TINY = dict(
    model="ViT-B/16", options=dict(patch=8, depth=1, width=16, heads=2, mlp=32), num_classes=3, image_size=16,
    batch_sizes=[1, 2, 4, 8], seconds=0.001, repetitions=2, longest_pass=60.0, memory_share=0.5,
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_lock(tmp_path, monkeypatch):
    """Measurements outside of these tests are not waited for."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def measured(**changes):
    """(metrics, the model) of the task on one image."""
    task = Speed(**{**TINY, **changes})
    quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer = Trainer(accelerator="cpu", **quiet)
    image = DataLoader([(torch.zeros(1, 3, 16, 16), torch.zeros(1))], batch_size=None)
    return trainer.test(task, image, verbose=False)[0], task.model


def test_a_run_leaves_the_numbers_that_yaml_may_name_and_its_device(tmp_path):
    config = smoke_config("speed-ViT-B-16-")
    run = run_of("speed-test", config, images=0, classes=1000)
    write_config(run, tmp_path / run.id)
    assert run_one(run, tmp_path / run.id, Progress(make_plan("smoke", ["figure12"]), ["figure12"], 1, 0))
    record = json.loads((tmp_path / run.id / "metrics.json").read_text())
    metrics = record["metrics"]
    assert metrics.keys() == UNITS.keys()
    assert (
        0 < metrics["images_per_second_lowest"] <= metrics["images_per_second"] <= metrics["images_per_second_highest"]
    )
    assert metrics["fastest_batch"] in (1, 2) and metrics["largest_batch"] == 2 and metrics["load_before"] >= 0
    assert record["device"] and record["threads"] >= 1
    assert record["test_evaluations"] == 0 and not list((tmp_path / run.id).glob("*.safetensors"))


def test_the_largest_batch_is_the_last_that_fits_into_the_share_of_free_memory():
    metrics, model = measured()
    assert metrics["largest_batch"] == 8 and metrics["fastest_batch"] in (1, 2, 4, 8)
    # half as much again as two images need: enough for 2, not for 4, even if a quarter of what is free changes hands
    share = 1.5 * peak_bytes(model, torch.zeros(2, 3, 16, 16)) / free_bytes()
    assert measured(memory_share=share)[0]["largest_batch"] == 2


def test_batches_of_which_a_pass_would_take_too_long_fit_but_are_not_timed():
    metrics, _ = measured(longest_pass=1e-9)
    assert metrics["fastest_batch"] == 1 and metrics["largest_batch"] == 8


def test_the_order_of_batch_sizes_does_not_matter():
    metrics, _ = measured(batch_sizes=[4, 1], longest_pass=1e-9)
    assert metrics["fastest_batch"] == 1 and metrics["largest_batch"] == 4


def test_a_measurement_waits_for_another_one_on_the_machine():
    with subprocess.Popen([sys.executable, "-c", HOLD, lock_file()], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        measured()
        end = time.monotonic()
        released = float(holder.stdout.readline())
    assert end > released
