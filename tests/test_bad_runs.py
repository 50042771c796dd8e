"""What can go wrong with a run is one line each that says how to go on."""

import json

import numpy as np
import pytest
import torch
from tiny_runs import FINETUNE, MODEL
from torch._utils import ExceptionWrapper

from data import Digits
from vit.errors import UserError, reason
from vit.record import FORMAT
from vit.tasks.selection import best_learning_rate


def point(folder, lr, **metrics):
    """A finished run of a sweep."""
    folder.mkdir()
    measured = {"metrics": metrics, "lr": lr, "images": 1, "seconds": 1.0, "flops": 1, "threads": 1}
    made = {"id": folder.name, "device": "", "date": "", "commit": "", "versions": {}}
    (folder / "metrics.json").write_text(json.dumps({"format": FORMAT, **measured, **made}))
    return folder


def test_a_sweep_without_a_finished_point_says_which_run_comes_first(tmp_path):
    with pytest.raises(UserError, match="0 of 2 runs are finished; run a first"):
        best_learning_rate([tmp_path / "a", tmp_path / "b"])


def test_a_sweep_with_a_missing_point_chooses_nothing(tmp_path):
    points = [point(tmp_path / "a", 0.1, held_out_accuracy=0.5), tmp_path / "b"]
    with pytest.raises(UserError, match=r"1 of 2 runs .*; run b first"):
        best_learning_rate(points)


def test_a_point_that_diverged_is_not_chosen(tmp_path):
    lost = point(tmp_path / "a", 0.3, held_out_accuracy=0.0, diverged_at_step=7)
    assert best_learning_rate([lost, point(tmp_path / "b", 0.1, held_out_accuracy=0.0)]) == 0.1
    with pytest.raises(UserError, match=r"diverged with every learning rate \(0.3\); .* lower"):
        best_learning_rate([lost])


@pytest.mark.parametrize("share", [0.9999, 1.0, 1297])
def test_a_held_out_part_as_large_as_the_data_is_named_with_both_sizes(share):
    common = {"image_size": 8, "batch_size": 96, "split_seed": 0, "seed": 3, "augment": []}
    common |= {"evaluation": "resize", "resize": "once"}
    data = Digits(**common, train_on="train", held_out=share)
    with pytest.raises(ValueError, match=f"held_out={share} of 1297 training images"):
        data.setup("fit")


def damaged_label():
    try:
        return {"a": 1}["b\nc"]
    except KeyError as error:
        raise FileNotFoundError(2, "No such file or directory", "x/labels: new.txt") from error


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        (damaged_label, "[Errno 2] No such file or directory: 'x/labels: new.txt'"),
        (lambda: {"a": 1}["b"], "'b'"),
        (lambda: b"\xff".decode(), "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (lambda: exec("raise MemoryError"), "MemoryError"),
    ],
)
def test_what_fails_in_another_process_is_told_as_if_it_had_failed_here(fails, told):
    """torch carries the error over as text: a traceback, of causes too."""
    try:
        fails()
    except Exception:
        carried = ExceptionWrapper(where="in DataLoader worker process 0")
    with pytest.raises(Exception, match="Original Traceback") as raised:
        carried.reraise()
    assert reason(raised.value) == told


@pytest.fixture(scope="module")
def results(processes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    assert processes.end(processes.start("plan", "--scale", "wrong", "--write", results=folder)) == 0
    return folder


def run(processes, results, *words):
    """(exit code, lines) of the runs whose names hold one of these words."""
    names = [path.name for path in (results / "wrong" / "runs").iterdir()]
    chosen = [name for word in words for name in names if word in name]
    code = processes.end(processes.start("run", "--scale", "wrong", *chosen, results=results))
    said = (results / "said").read_text()
    assert "Traceback" not in said
    return code, said.splitlines()


def record(results, word):
    return json.loads(next((results / "wrong" / "runs").glob(f"finetune-*{word}*/metrics.json")).read_text())


def test_a_point_of_a_sweep_that_diverges_is_a_finding_and_the_sweep_goes_on(processes, results):
    code, lines = run(processes, results, "pretrain-", "-lr", "fractals-80-digits-seed")
    assert code == 0, lines
    told = [line for line in lines if "loss is" in line]
    assert len(told) == 1 and "training stops" in told[0]
    lost = record(results, "lr1e+38")
    assert lost["metrics"]["held_out_accuracy"] == 0 and 0 < lost["metrics"]["diverged_at_step"] < 20
    assert record(results, "fractals-80-digits-seed0")["lr"] == 0.03


def test_a_weights_file_that_does_not_fit_is_one_line(processes, results):
    start = next((results / "wrong" / "runs").glob("pretrain-*/weights.safetensors"))
    seed = next((results / "wrong" / "runs").glob("finetune-*-seed0-*"))
    kept = start.read_bytes(), (seed / "metrics.json").read_bytes()
    (seed / "metrics.json").unlink()
    start.write_bytes(b"no weights")
    code, lines = run(processes, results, "fractals-80-digits-seed0")
    start.write_bytes(kept[0])
    (seed / "metrics.json").write_bytes(kept[1])
    failed = [line for line in lines if "failed:" in line]
    assert (
        code == 1
        and len(failed) == 1
        and "weights.safetensors: damaged" in failed[0]
        and "remove the folder" in failed[0]
    )


def test_weights_of_another_model_are_one_line_that_names_both(tmp_path):
    from vit.models import create_model
    from vit.tasks import Finetune
    from vit.weights import save_weights

    small = {"patch": 8, "depth": 1, "heads": 2, "mlp": 64}
    save_weights(
        create_model("ViT-B/16", image_size=32, num_classes=5, width=48, **small), tmp_path / "other.safetensors"
    )
    given = {"options": {**small, "width": 32}, "image_size": 32, "init": str(tmp_path / "other.safetensors")}
    task = Finetune(**MODEL | FINETUNE | given)
    with pytest.raises(UserError, match=r"other\.safetensors.*does not fit ViT-B/16") as refused:
        task.setup("fit")
    assert "\n" not in str(refused.value)
    assert torch.is_tensor(next(task.parameters())) and np.isfinite(next(task.parameters()).detach().numpy()).all()
