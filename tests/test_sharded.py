"""VIT_SHARD=1: two and three gloo processes with a part of the parameters each train as one process; checkpoints fit any number."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from processes import in_order
from safetensors.torch import load_file
from several import curve, free_port, launched, said, start_together
from sharded_optimizers import OPTIMIZERS

from vit.errors import UserError
from vit.paths import ROOT
from vit.run.checkpoints import is_damaged, resume_point
from vit.run.previous import LAST, PREVIOUS, make_previous
from vit.run.sharded import refuse_watchers, strategy
from vit.run.sharded_checkpoint import META, by_name, by_number, is_sealed, seal

WEIGHTS = "weights.safetensors"


@pytest.fixture(scope="module")
def differences():
    """Optimizer -> largest difference between the weights of two processes with a part each and of one with all."""
    port, started = free_port(), []
    for rank in range(2):
        environment = {**os.environ, **launched(rank, 2, port), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, ROOT / "tests" / "sharded_optimizers.py"]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    said = [process.communicate()[0] for process in started]
    return json.loads(said[0])


@pytest.fixture(scope="module")
def train(processes, tmp_path_factory):
    """Plans scale `together` in a new folder; then trains there in so many processes, until update `dies` if one is given."""

    class Training:
        def __init__(self):
            self.folder = tmp_path_factory.mktemp("sharded")
            assert processes.end(processes.start("plan", "--scale", "together", "--write", results=self.folder)) == 0
            self.runs = self.folder / "together" / "runs"
            chain = [name for name in in_order(self.runs) if name.startswith(("pretrain-", "finetune-"))]
            self.ids = [name for name in chain if "-lr0.1" not in name]  # one rate of the sweep is enough

        def by(self, count, **environment):
            command = ("run", "--scale", "together", *self.ids)
            if count == 1:
                started = [processes.start(*command, results=self.folder, output="said0", **environment)]
            else:
                started = start_together(processes, count, *command, results=self.folder, VIT_SHARD="1", **environment)
            return [processes.end(process) for process in started]

    return Training


@pytest.fixture(scope="module")
def one(train):
    training = train()
    training.ids = training.ids[:2]
    assert training.by(1) == [0], said(training.folder, 1)
    return training


def compare(found, expected):
    for name in expected.ids:
        ours, theirs = curve(found.runs / name), curve(expected.runs / name)
        for key in set(theirs) - {"train_accuracy"}:
            rounding = 2e-3 if key.endswith("accuracy") else 1e-6
            assert ours[key] == pytest.approx(theirs[key], rel=2e-4, abs=rounding), (name, key)
        if (expected.runs / name / WEIGHTS).exists():
            weights = load_file(found.runs / name / WEIGHTS)
            for key, tensor in load_file(expected.runs / name / WEIGHTS).items():
                other = weights[key]
                if key.endswith(
                    "qkv.bias"
                ):  # a bias of all keys changes no softmax: its gradient is rounding, which Adam enlarges
                    tensor, other = (torch.cat([part.chunk(3)[0], part.chunk(3)[2]]) for part in (tensor, other))
                torch.testing.assert_close(
                    other, tensor, rtol=1e-3, atol=1e-5, msg=lambda text, key=key, name=name: f"{name} {key}: {text}"
                )


@pytest.mark.parametrize("count", [2, 3])
def test_losses_metrics_and_the_file_of_weights_are_those_of_one_process(train, one, count):
    """With an average of the weights, clipping, AdamW and SGD, dropout, mixup and CutMix, and micro-batches."""
    training = train()
    training.ids = one.ids
    assert training.by(count) == [0] * count, said(training.folder, count)
    compare(training, one)


STOPPED = {"before": "open", "of": "metrics.csv", "count": 6, "by": "SIGTERM"}  # rank 0, after a few more updates
KILLED = {"before": "rename", "of": "previous.ckpt", "count": 3}  # rank 0, by kill -9 between two checkpoints
OFTEN = {"VIT_CHECKPOINT_SECONDS": "0.05"}


def test_a_checkpoint_of_three_goes_on_with_two_then_with_one(train, one):
    training = train()
    training.ids = one.ids
    for count in (3, 2):
        assert training.by(count, dies=STOPPED, **OFTEN) == [143] * count, said(training.folder, count)
        (last,) = training.runs.glob(f"*/checkpoints/{LAST}")
        assert last.is_dir() and is_sealed(last)
        assert len(list(last.glob("*.distcp"))) == count
    assert training.by(1) == [0], said(training.folder, 1)
    assert json.loads((training.runs / one.ids[0] / "metrics.json").read_text())["resumed"]
    compare(training, one)


def test_a_checkpoint_of_one_goes_on_with_three_and_a_kill_between_two_checkpoints_loses_one_at_most(train, one):
    training = train()
    training.ids = one.ids
    assert training.by(1, dies=STOPPED, **OFTEN) == [143]
    ends = training.by(3, dies=KILLED, **OFTEN)
    assert ends[0] == -9 and all(ends), said(training.folder, 3)
    assert training.by(3, **OFTEN) == [0] * 3, said(training.folder, 3)
    compare(training, one)


def test_masked_patches_are_refused_in_one_line(train):
    training = train()
    training.ids = [path.name for path in training.runs.glob("masked-patch-*")]
    assert all(training.by(2))
    assert "VIT_SHARD: MaskedPatch trains mask and head.weight and head.bias beside its model" in said(
        training.folder, 1
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_with_clipping_and_an_average_updates_parts_as_it_updates_wholes(optimizer, differences):
    assert differences[optimizer] < 1e-6


# ------------------------------------------------------------------------------------------------ without processes


def sharded_checkpoint(folder, step):
    folder.mkdir(parents=True)
    torch.save({"global_step": step, "pieces": 1}, folder / META)
    (folder / "__0_0.distcp").write_bytes(b"weights" * 1000)
    seal(folder)
    return folder


def test_a_damaged_part_is_seen_and_the_previous_checkpoint_taken(tmp_path):
    last = sharded_checkpoint(tmp_path / "checkpoints" / LAST, 20)
    sharded_checkpoint(tmp_path / "checkpoints" / PREVIOUS, 10)
    lines = []
    assert resume_point(tmp_path, lines.append).step == 20 and not lines
    part = last / "__0_0.distcp"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    assert is_damaged(last) and resume_point(tmp_path, lines.append).step == 10 and "damaged" in lines[0]
    part.unlink()
    assert is_damaged(last)


@pytest.mark.parametrize(
    "kinds", [("file", "file"), ("file", "folder"), ("folder", "file"), ("folder", "folder"), (None, "folder")]
)
def test_the_last_checkpoint_becomes_the_previous_one_whatever_both_are(kinds, tmp_path):
    for name, kind in zip((PREVIOUS, LAST), kinds, strict=True):
        if kind == "folder":
            sharded_checkpoint(tmp_path / name, 1)
        elif kind == "file":
            (tmp_path / name).write_text(name)
    make_previous(tmp_path / LAST)
    assert [path.name for path in tmp_path.iterdir()] == [PREVIOUS]
    assert (tmp_path / PREVIOUS).is_dir() == (kinds[1] == "folder")
    make_previous(tmp_path / LAST)  # none: nothing happens
    assert (tmp_path / PREVIOUS).exists()


def test_states_of_optimizers_are_numbered_as_torch_numbers_them():
    layers = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    groups = [{"params": [layers[1].weight, layers[0].weight]}, {"params": [layers[0].bias, layers[1].bias], "lr": 0.5}]
    optimizer = torch.optim.AdamW(groups)
    layers(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    expected = optimizer.state_dict()
    names = ["1.weight", "0.weight", "0.bias", "1.bias"]
    named = {
        "state": {names[number]: state for number, state in expected["state"].items()},
        "param_groups": [
            {**group, "params": [names[number] for number in group["params"]]} for group in expected["param_groups"]
        ],
    }
    assert by_number(named) == expected and by_name(expected, names) == named


def test_one_device_is_not_divided_and_a_watcher_is_refused(monkeypatch):
    assert strategy({"devices": 4}, 0) == "auto"
    monkeypatch.setenv("VIT_SHARD", "1")
    assert strategy({}, 1) == strategy({"devices": 1}, 0) == strategy({}, 0) == "auto"
    assert strategy({"devices": 2, "num_nodes": 3}, 0)._data_parallel_size == strategy({}, 6)._data_parallel_size == 6

    class InspectDuringTraining:
        pass

    with pytest.raises(UserError, match="VIT_SHARD: InspectDuringTraining needs a model that is whole"):
        refuse_watchers(SimpleNamespace(callbacks=[InspectDuringTraining()]))
