"""Runs as make starts them: real processes, killed, resumed, damaged. Smoke scale, in a results folder of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml

from vit.paths import ROOT
from vit.plan import make_plan
from vit.plan.graph import write_graph


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    os.environ["VIT_RESULTS"] = str(folder)
    write_graph(make_plan("smoke"))
    yield folder / "smoke"
    del os.environ["VIT_RESULTS"]


@pytest.fixture(scope="module")
def chain(results):
    """The ids of a pre-training of ViT-B/32 and the fine-tunings that start from it, in order."""
    runs = make_plan("smoke", ["table5"]).runs.values()
    pretraining = next(run.id for run in runs if run.id.startswith("pretrain-ViT-B-32-fractals-80"))
    return [run.id for run in runs if run.chain == pretraining]


@pytest.fixture(scope="module")
def start(vit, results):
    """A running `python -m vit run`, as make starts it; its output goes to two files of the results."""

    def start(ids, name="run"):
        command = ("run", "--scale", "smoke", "--goals", "table5", *ids)
        return vit.start(
            *command, results=results.parent, output=f"{name}.stdout", stderr=f"{name}.stderr", MAKEFLAGS=" -j2"
        )

    return start


@pytest.fixture(scope="module")
def run(vit, results, start):
    """The same to its end: exit code and stderr."""

    def run(ids):
        return vit.end(start(ids)), (results.parent / "run.stderr").read_text()

    return run


def metrics(results, name):
    return json.loads((results / "runs" / name / "metrics.json").read_text())


def test_a_chain_trains_in_one_process_and_says_how_far_it_is(results, chain):
    """A process that starts as make's do."""
    command = [sys.executable, "-m", "vit", "run", "--scale", "smoke", "--goals", "table5", *chain]
    inherited = {key: value for key, value in os.environ.items() if key != "VIT_MAKE"}  # that of `make test`
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**inherited, "MAKEFLAGS": " -j2", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"run 1 of 70, about .* left: pretrain-ViT-B-32-fractals-80", done.stderr)
    assert "test accuracy" in done.stderr and "held out accuracy" in done.stderr
    assert all((results / "runs" / name / "metrics.json").exists() for name in chain)
    # Lines about runs and nothing else: no advertisement, no warning of Lightning's.
    assert all(line.startswith(("run ", "making ")) for line in done.stderr.strip().splitlines()), done.stderr


def test_the_folder_of_a_run_holds_everything_of_it(results, chain):
    final = next(name for name in chain if "-mnist-5k-seed0-" in name)
    names = {path.name.split(".")[0] + path.suffix for path in (results / "runs" / final).iterdir()}
    assert {"config.yaml", "metrics.json", "metrics.csv", "weights.safetensors"} <= names
    assert any(name.startswith("events") for name in names) and not any("version_" in name for name in names)
    found = metrics(results, final)
    for key in ("commit", "date", "device", "versions", "seconds", "flops", "threads", "lr", "images"):
        assert key in found
    assert found["images"] == 5 * 16 and 0 <= found["metrics"]["test_accuracy"] <= 1


def test_the_learning_rate_is_the_best_of_the_sweep_on_held_out_images(results, chain):
    final = next(name for name in chain if "-digits-seed1-" in name)
    config = yaml.safe_load((results / "runs" / final / "config.yaml").read_text())
    sweep = [metrics(results, name) for name in config["model"]["init_args"]["lr_from"]]
    assert [point["lr"] for point in sweep] == [0.03, 0.1]
    assert all("test_accuracy" not in point["metrics"] for point in sweep)
    best = max(sweep, key=lambda point: point["metrics"]["held_out_accuracy"])
    assert metrics(results, final)["lr"] == best["lr"]


def test_the_second_time_nothing_is_trained(results, chain, run):
    before = {name: (results / "runs" / name / "metrics.json").stat().st_mtime_ns for name in chain}
    code, messages = run(chain)
    assert code == 0 and "accuracy" not in messages
    assert before == {name: (results / "runs" / name / "metrics.json").stat().st_mtime_ns for name in chain}


def test_killed_and_started_again_it_finishes_and_keeps_what_was_finished(results, chain, vit, start, run):
    originals = {name: metrics(results, name)["metrics"] for name in chain}
    for name in chain[2:]:
        (results / "runs" / name / "metrics.json").unlink()
    process = start(chain)
    deadline = time.time() + 120
    while not (results / "runs" / chain[3] / "metrics.json").exists() and time.time() < deadline:
        time.sleep(0.02)
    os.kill(process, signal.SIGKILL)
    assert vit.end(process) == -signal.SIGKILL
    finished = [name for name in chain if (results / "runs" / name / "metrics.json").exists()]
    assert 4 <= len(finished) < len(chain)
    assert run(chain)[0] == 0
    assert {name: metrics(results, name)["metrics"] for name in chain} == originals  # the same numbers, killed or not


def test_two_processes_never_train_the_same_run(results, chain, vit, start):
    for name in chain[1:]:
        (results / "runs" / name / "metrics.json").unlink()
    pair = [start(chain, name) for name in ("first", "second")]
    codes = [vit.end(process) for process in pair]
    assert min(codes) == 0 and all((results / "runs" / name / "metrics.json").exists() for name in chain)
    for code, name in zip(codes, ("first", "second"), strict=True):
        assert code == 0 or "wait for it or stop it" in (results.parent / f"{name}.stderr").read_text()


@pytest.mark.parametrize(
    ("file", "damage", "words"),
    [
        ("metrics.json", lambda text: text[: len(text) // 2], ["metrics.json", "damaged", "move it away"]),
        ("metrics.json", lambda text: text.replace(b'"format": 1', b'"format": 99'), ["metrics.json", "format 99"]),
        ("weights.safetensors", lambda text: text[: len(text) // 2], ["weights.safetensors", "damaged"]),
        ("config.yaml", lambda text: text.replace(b"lr:", b"lr_typo:", 1), ["config.yaml"]),
    ],
    ids=["half a metrics.json", "another version's metrics.json", "half a weights file", "an edited config"],
)
def test_a_damaged_file_is_one_line_and_nothing_finished_is_replaced(results, chain, run, file, damage, words):
    start, last = results / "runs" / chain[0], results / "runs" / chain[-1]
    victim = (last if file == "config.yaml" else start) / file
    whole, others = (
        victim.read_bytes(),
        {name: (results / "runs" / name / "metrics.json").read_bytes() for name in chain[1:-1]},
    )
    shutil.move(last / "metrics.json", last / "away")
    try:
        victim.write_bytes(damage(whole))
        code, messages = run([chain[-1]])
    finally:
        victim.write_bytes(whole)
        (last / "away").replace(last / "metrics.json")
    assert code != 0 and "Traceback" not in messages
    for word in words:
        assert word in messages, messages
    assert others == {name: (results / "runs" / name / "metrics.json").read_bytes() for name in others}
