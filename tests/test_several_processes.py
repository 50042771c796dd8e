"""Two gloo processes train a run as one does: the same losses and metrics, to rounding, and every image counted once."""

import csv
import json
import socket

import pytest
from processes import in_order

SIZES = {"held_out": 130, "test": 500}  # of the digits: a tenth of 1,297 training images, and the test split


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def launched(rank, port):
    """What torchrun tells its processes."""
    world = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank)}
    return {
        **world,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_RUN_ID": "test",
        "VIT_MICRO_BATCH": "4",
    }


@pytest.fixture(scope="module")
def results(processes, tmp_path_factory):
    """(folder of the runs of one process, that of two, what the second process said)."""
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    for folder in folders:
        assert processes.end(processes.start("plan", "--scale", "together", "--write", results=folder)) == 0
    command = ("run", "--scale", "together", *in_order(folders[0] / "together" / "runs"))
    assert processes.end(processes.start(*command, results=folders[0])) == 0, (folders[0] / "said").read_text()
    port = free_port()
    pair = [
        processes.start(*command, results=folders[1], output=f"said{rank}", **launched(rank, port)) for rank in (0, 1)
    ]
    assert [processes.end(process) for process in pair] == [0, 0], (folders[1] / "said1").read_text()
    return folders[0] / "together" / "runs", folders[1] / "together" / "runs", (folders[1] / "said1").read_text()


def curve(run):
    """Column -> values of metrics.csv, without clocks."""
    with open(run / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows if row[name]] for name in rows[0] if name != "images_per_second"}


def trains(run):
    return not run.name.startswith(("fewshot-", "evaluate-", "inspect-"))


def test_losses_rates_and_metrics_are_those_of_one_process(results):
    one, two, _ = results
    for run in one.iterdir():
        expected, found = curve(run), curve(two / run.name)
        for name in set(expected) - {"train_accuracy"}:  # of one device's images
            # where two logits of an image are equal to rounding, it may fall on either side: 2 of MNIST-5k's 1,000
            rounding = 2e-3 if name.endswith("accuracy") else 1e-6
            assert found[name] == pytest.approx(expected[name], rel=2e-4, abs=rounding), (run.name, name)
        assert not trains(run) or len(expected["train_loss"]) >= 20


def test_every_image_is_counted_once_on_however_many_devices(results):
    for folder in results[:2]:
        for run in folder.glob("finetune-*"):
            metrics = json.loads((run / "metrics.json").read_text())["metrics"]
            split = "test" if "-seed" in run.name else "held_out"
            assert metrics[f"{split}_images"] == SIZES[split]


def test_on_another_test_set_too_every_image_is_counted_once(results):
    found = [
        json.loads((run / "metrics.json").read_text())["metrics"]
        for folder in results[:2]
        for run in folder.glob("evaluate-*")
    ]
    assert len(found) == 2 and {metrics["test_images"] for metrics in found} == {1000}  # of MNIST-5k
    assert (
        found[0] == pytest.approx(found[1], abs=2e-3) and 0 < found[0]["test_accuracy"] < found[0]["test_top5_accuracy"]
    )


def test_only_the_first_process_speaks_and_writes(results):
    _, two, said = results
    assert "run " not in said and "accuracy" not in said
    for run in two.iterdir():
        assert len(list(run.glob("*.csv"))) == len(list(run.glob("metrics.json"))) == 1
        if trains(run):  # 16 images: 2 devices, 2 pieces
            assert json.loads((run / "metrics.json").read_text())["micro_batch"] == 4
