"""Two and three gloo processes train a run as one does: the same losses and metrics, to rounding, and every image counted once.

With dropout, mixup and CutMix: what is drawn for an image does not depend on the device or the micro-batch that it is in.
"""

import json

import pytest
from processes import in_order
from several import curve, said, start_together

SIZES = {"held_out": 130, "test": 500}  # of the digits: a tenth of 1,297 training images, and the test split
MICRO_BATCHES = {2: {"pretrain": 2, "masked": 3, "finetune": 2}, 3: {"pretrain": 2, "masked": 4, "finetune": 4}}


@pytest.fixture(scope="module")
def results(processes, tmp_path_factory):
    """Number of processes -> folder of the results."""
    folders = {count: tmp_path_factory.mktemp(f"by{count}") for count in (1, 2, 3)}
    for folder in folders.values():
        assert processes.end(processes.start("plan", "--scale", "together", "--write", results=folder)) == 0
    command = ("run", "--scale", "together", *in_order(folders[1] / "together" / "runs"))
    assert processes.end(processes.start(*command, results=folders[1])) == 0, (folders[1] / "said").read_text()
    for count in (2, 3):
        started = start_together(processes, count, *command, results=folders[count], VIT_MICRO_BATCH="4")
        assert [processes.end(process) for process in started] == [0] * count, said(folders[count], count)
    return folders


def runs(folder):
    return folder / "together" / "runs"


def trains(run):
    return not run.name.startswith(("fewshot-", "evaluate-", "inspect-"))


@pytest.mark.parametrize("count", [2, 3])
def test_losses_rates_and_metrics_are_those_of_one_process(results, count):
    for run in runs(results[1]).iterdir():
        expected, found = curve(run), curve(runs(results[count]) / run.name)
        for name in set(expected) - {"train_accuracy"}:  # of one device's images
            # where two logits of an image are equal to rounding, it may fall on either side: 2 of MNIST-5k's 1,000
            rounding = 2e-3 if name.endswith("accuracy") else 1e-6
            assert found[name] == pytest.approx(expected[name], rel=2e-4, abs=rounding), (run.name, name)
        assert not trains(run) or len(expected["train_loss"]) >= 20


def test_every_image_is_counted_once_on_however_many_devices(results):
    for folder in results.values():
        for run in runs(folder).glob("finetune-*"):
            metrics = json.loads((run / "metrics.json").read_text())["metrics"]
            split = "test" if "-seed" in run.name else "held_out"
            assert metrics[f"{split}_images"] == SIZES[split]


def test_on_another_test_set_too_every_image_is_counted_once(results):
    found = [
        json.loads((run / "metrics.json").read_text())["metrics"]
        for folder in results.values()
        for run in runs(folder).glob("evaluate-*")
    ]
    assert len(found) == 3 and {metrics["test_images"] for metrics in found} == {1000}  # of MNIST-5k
    for metrics in found[1:]:
        assert (
            metrics == pytest.approx(found[0], abs=2e-3)
            and 0 < metrics["test_accuracy"] < metrics["test_top5_accuracy"]
        )


@pytest.mark.parametrize("count", [2, 3])
def test_only_the_first_process_speaks_and_writes(results, count):
    others = "".join((results[count] / f"said{rank}").read_text() for rank in range(1, count))
    assert "run " not in others and "accuracy" not in others
    for run in runs(results[count]).iterdir():
        assert len(list(run.glob("*.csv"))) == len(list(run.glob("metrics.json"))) == 1
        if trains(run):
            expected = MICRO_BATCHES[count][run.name.split("-")[0]]
            assert json.loads((run / "metrics.json").read_text())["micro_batch"] == expected, run.name
