"""Killed at any moment and started again with the same command, runs end bit for bit as unbroken ones: kill -9, real processes."""

import csv
import json
import random
import signal

import pytest
from processes import in_order
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

WRITING = {"at_byte": 400_000}  # in a checkpoint; every other file is smaller
ROTATING, REPLACING = ({"before": "rename", "of": name, "count": 2} for name in ("previous.ckpt", "last.ckpt"))
RECORDING = {"before": "rename", "of": "metrics.json", "count": 1}
SETTINGS = {  # environment of the unbroken runs, of the broken ones
    "two workers": ({}, {"VIT_WORKERS": "2"}),
    "accumulation": ({"VIT_MICRO_BATCH": "4"}, {"VIT_MICRO_BATCH": "4"}),
}


def start(processes, results, **options):
    order = in_order(results / "kill" / "runs")
    return processes.start("run", "--scale", "kill", *order, results=results, VIT_CHECKPOINT_SECONDS="0.05", **options)


def planned(processes, results):
    assert processes.end(processes.start("plan", "--scale", "kill", "--write", results=results)) == 0
    return results


def deaths(seed):
    """Twelve and more: anywhere in training, by kill -9 some rows of a curve and some milliseconds on; and at chosen places."""
    draw = random.Random(seed)
    anywhere = [
        {"before": "open", "of": "metrics.csv", "count": draw.randint(2, 25), "seconds": draw.uniform(0, 0.05)}
        for _ in range(8)
    ]
    return [
        *anywhere[:2],
        WRITING,
        *anywhere[2:4],
        ROTATING,
        RECORDING,
        *anywhere[4:6],
        REPLACING,
        *anywhere[6:],
        RECORDING,
    ]


def outcome(folder):
    """Everything that a run leaves, without clocks."""
    record = json.loads((folder / "metrics.json").read_text())
    with open(folder / "metrics.csv") as file:
        rows = [
            {key: value for key, value in row.items() if key != "images_per_second"} for row in csv.DictReader(file)
        ]
    events = EventAccumulator(
        str(folder)
    ).Reload()  # file by file by name, where .10 comes before .9 of the same second
    tags = sorted(set(events.Tags()["scalars"]) - {"images_per_second"})
    weights, arrays = folder / "weights.safetensors", folder / "arrays.npz"
    return {
        "metrics": (record["metrics"], record["lr"]),
        "curves": [{key: value for key, value in row.items() if value} for row in rows],
        "events": {tag: sorted((event.step, event.value) for event in events.Scalars(tag)) for tag in tags},
        "weights": weights.read_bytes() if weights.exists() else None,
        "arrays": arrays.read_bytes() if arrays.exists() else None,
        "files": sorted(path.name for path in folder.iterdir() if not path.name.startswith(("events", "hparams"))),
    }


@pytest.mark.parametrize("setting", SETTINGS)
def test_killed_at_any_moment_and_started_again_everything_ends_as_if_unbroken(processes, tmp_path, setting):
    whole, broken = (planned(processes, tmp_path / name) for name in ("whole", "broken"))
    once, again = SETTINGS[setting]
    assert processes.end(start(processes, whole, **once)) == 0, (whole / "said").read_text()
    ends = [processes.end(start(processes, broken, dies=dies, **again)) for dies in deaths(setting)]
    assert set(ends) == {-signal.SIGKILL, -signal.SIGXFSZ}, (broken / "said").read_text()
    assert processes.end(start(processes, broken, **again)) == 0, (broken / "said").read_text()
    for folder in sorted((whole / "kill" / "runs").iterdir()):
        expected, found = outcome(folder), outcome(broken / "kill" / "runs" / folder.name)
        for part in expected:
            assert found[part] == expected[part], (folder.name, part)
