"""FewShot as the runner runs it, from a run or a file."""

import json
import sys

import numpy as np
import pytest
import torch
from folder_runs import run_of
from plain_data import PLAIN
from reference import archives, least_squares
from weight_kinds import SIZES, write

from data import Digits, MNIST5k
from vit.errors import UserError
from vit.models import create_model
from vit.plan import make_plan
from vit.plan.graph import write_config
from vit.plan.recipe_values import check_value
from vit.plan.resolve import config, values_for
from vit.plan.schema import DataEntry
from vit.run.cli import lightning_main
from vit.run.progress import Progress
from vit.run.runner import run_one
from vit.tasks import FewShot
from vit.weights import load_weights, restore, restore_file

SHOTS, DRAWS = [1, 5], [0, 2]
DATA = PLAIN | {"image_size": 32, "batch_size": 8}


@pytest.fixture(scope="module")
def plan():
    return make_plan("smoke", ["table5"])


@pytest.fixture(scope="module")
def pretraining(plan):
    return next(run for run in plan.runs.values() if run.id.startswith("pretrain-ViT-B-16-fractals-40"))


@pytest.fixture(scope="module")
def runs(plan, pretraining, tmp_path_factory):
    """A folder of runs with one finished pre-training."""
    folder = tmp_path_factory.mktemp("runs")
    write_config(pretraining, folder / pretraining.id)
    assert run_one(pretraining, folder / pretraining.id, Progress(plan, ["table5"], 1, 0))
    return folder


def evaluation(plan, init, train_on="all", **changed):
    """A few-shot run of the recipe on the digits, as a planner makes it."""
    cell = {"model": "ViT-B/16"}
    values = values_for("fewshot", cell, plan.scale, "smoke")
    values |= {"shots": SHOTS, "draws": DRAWS} | changed
    entry = DataEntry("digits", "data.Digits", 1297)
    settled = config(values, cell, entry, plan.scale, seed=0, steps=0, train_on=train_on, start={"init": init})
    return run_of("fewshot-test", settled, needs=(init,) if init else (), images=0, classes=10)


def measured(plan, run, runs):
    """The metrics of a run, run now."""
    write_config(run, runs / run.id)
    assert run_one(run, runs / run.id, Progress(plan, ["table5"], 1, 0))
    return json.loads((runs / run.id / "metrics.json").read_text())


def images_and_labels(split):
    data = Digits(**DATA | {"train_on": "all"})
    data.setup("fit" if split == "train" else "test")
    batches = list(data.in_order(split))
    return torch.cat([images for images, _ in batches]), torch.cat([labels for _, labels in batches]).numpy()


def expected_accuracies(model):
    """Independently: features of everything, the reference's draws and scores."""
    with torch.no_grad():
        (train, labels), (test, test_labels) = (
            (model.eval().features(images).numpy(), labels)
            for images, labels in (images_and_labels("train"), images_and_labels("test"))
        )
    expected = {}
    for count in SHOTS:
        for seed in DRAWS:
            chosen = least_squares.drawn(labels, count, seed, 10)
            predicted = least_squares.scores(train[chosen], labels[chosen], test, 10).argmax(1)
            expected[f"test_{count}shot_accuracy_draw{seed}"] = np.mean(predicted == test_labels)
        expected[f"test_{count}shot_accuracy"] = np.mean(
            [expected[f"test_{count}shot_accuracy_draw{seed}"] for seed in DRAWS]
        )
    return expected | {"test_accuracy": expected["test_5shot_accuracy"]}


def test_a_run_from_a_pretraining_has_the_accuracies_of_its_features_with_the_hidden_layer(plan, pretraining, runs):
    run = evaluation(plan, pretraining.id)
    record = measured(plan, run, runs)
    model = restore(runs / pretraining.id)
    assert len(model.hidden) == 2  # dense and tanh
    expected = expected_accuracies(model)
    assert record["metrics"] == pytest.approx(expected, abs=1e-6)
    assert record["metrics"]["test_5shot_accuracy"] > record["metrics"]["test_1shot_accuracy"] > 0.1
    assert record["images"] == 0 and record["flops"] == 0 and record["lr"] == 0
    assert not (runs / run.id / "weights.safetensors").exists()  # they are the pre-training's


def test_killed_before_its_record_and_started_again_it_measures_the_same_and_writes_it_once(plan, pretraining, runs):
    run = evaluation(plan, pretraining.id)
    before = measured(plan, run, runs)["metrics"]
    curve = (runs / run.id / "metrics.csv").read_text()
    (runs / run.id / "metrics.json").unlink()
    assert measured(plan, run, runs)["metrics"] == before
    assert (runs / run.id / "metrics.csv").read_text() == curve
    assert len(list((runs / run.id).glob("events.out.tfevents.*"))) == 1


def test_on_held_out_images_nothing_is_read_from_the_test_split(plan, pretraining, runs, monkeypatch):
    arrays = Digits.arrays
    monkeypatch.setattr(Digits, "arrays", lambda self, split: {"train": arrays(self, "train")}[split])
    metrics = measured(plan, evaluation(plan, pretraining.id, train_on="train"), runs)["metrics"]
    assert {"held_out_accuracy", "held_out_1shot_accuracy", "held_out_5shot_accuracy_draw2"} < set(metrics)
    assert not [name for name in metrics if name.startswith("test")]


def test_the_tables_number_is_that_of_report_shots(plan, pretraining, runs):
    metrics = measured(plan, evaluation(plan, pretraining.id, report_shots=1), runs)["metrics"]
    assert metrics["test_accuracy"] == metrics["test_1shot_accuracy"] != metrics["test_5shot_accuracy"]


def test_report_shots_is_one_of_the_shots():
    values = dict(l2=1.0, constant=1.0, epsilon=1.0, solve_dtype="float64", init=None, options={})
    with pytest.raises(UserError, match=r"report_shots is 5.*add it"):
        FewShot(model="ViT-B/16", num_classes=2, image_size=32, shots=[1], draws=[0], report_shots=5, **values)


HEADS = [dict(classes=9, hidden=32), dict(classes=9, hidden=16), dict(classes=3)]


@pytest.mark.parametrize("head", HEADS, ids=["hidden as wide as the model", "another hidden", "none hidden"])
def test_a_file_keeps_its_whole_head_whatever_the_classes_of_the_data(tmp_path, head):
    write(archives.vit(grid=(4, 4), patch=8, **head, **SIZES), tmp_path / "weights.npz")
    options = dict(patch=8, **SIZES)
    model, report = restore_file("ViT-B/16", tmp_path / "weights.npz", image_size=32, **options)
    hidden = {"head_hidden": head["hidden"]} if "hidden" in head else {}
    twin = create_model("ViT-B/16", image_size=32, num_classes=head["classes"], **hidden, **options)
    load_weights(twin, tmp_path / "weights.npz", head="keep")
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(model.features(images), twin.features(images)) and not report.zeroed
    assert model.features(images).shape == (2, head.get("hidden", 32))


def test_a_resnet_file_gives_its_averaged_features(tmp_path):
    write(archives.bit(units=(2, 1), width_factor=0.5, classes=7), tmp_path / "weights.npz")
    options = dict(units=(2, 1), width_factor=0.5)
    model, _ = restore_file("ResNet50x1", tmp_path / "weights.npz", image_size=64, **options)
    assert model.features(torch.randn(1, 3, 64, 64)).shape == (1, 256)


def test_a_file_at_another_image_size_has_its_positions_resized(plan, pretraining, runs):
    weights = str(runs / pretraining.id / "weights.safetensors")
    metrics = measured(plan, evaluation(plan, weights, image_size=48), runs)["metrics"]
    repeated = measured(plan, evaluation(plan, pretraining.id, image_size=48), runs)["metrics"]
    assert metrics == repeated  # from the run and from its file


def test_a_released_model_is_looked_for_by_model_and_collection(plan, runs, tmp_path, monkeypatch):
    """Its file stands in $VIT_WEIGHTS; what is missing there is named."""
    write(archives.vit(grid=(4, 4), patch=8, depth=1, width=32, heads=2, mlp=64, classes=9, hidden=32),
          tmp_path / "ViT-B_16.npz")  # fmt: skip
    monkeypatch.setenv("VIT_WEIGHTS", str(tmp_path))
    assert measured(plan, evaluation(plan, "released:ViT-B/16@imagenet21k"), runs)["metrics"]["test_accuracy"] > 0.1
    missing = evaluation(plan, "released:ViT-L/16@imagenet21k")
    assert not run_one(missing, runs / missing.id, Progress(plan, ["table5"], 1, 0))


def test_fit_of_such_a_run_says_that_there_is_nothing_to_train(plan, pretraining, runs, monkeypatch):
    run = evaluation(plan, pretraining.id, l2=7.0)
    write_config(run, runs / run.id)
    arguments = ["fit", "--config", str(runs / run.id / "config.yaml")]
    monkeypatch.setattr(sys, "argv", ["vit", *arguments])
    with pytest.raises(UserError, match=r"trains nothing; .*vit run --scale"):
        lightning_main(arguments)


def test_the_test_command_evaluates_such_a_run_with_the_weights_it_names(plan, pretraining, runs, monkeypatch, capsys):
    run = evaluation(plan, pretraining.id)
    write_config(run, runs / run.id)
    arguments = ["test", "--config", str(runs / run.id / "config.yaml"), "--force"]  # measured above already
    monkeypatch.setattr(sys, "argv", ["vit", *arguments])
    lightning_main(arguments)
    assert "test_5shot_accuracy" in capsys.readouterr().out


def test_a_data_module_gives_chosen_training_images_in_order_and_as_they_are():
    data = MNIST5k(**DATA | {"augment": ["flip", "shift"], "train_on": "all"}, eval_batch_size=2)
    labels = data.labels("train")
    assert len(labels) == 4000
    images, classes = zip(*data.in_order("train", np.array([30, 7, 7, 3999, 0])), strict=True)
    assert [len(batch) for batch in images] == [2, 2, 1]
    assert torch.equal(torch.cat(classes), labels[[30, 7, 7, 3999, 0]])
    raw = data.parts["train"].images[[30, 7, 7, 3999, 0]]
    assert torch.equal(torch.cat(images), (raw.float() / 127.5 - 1).expand(-1, 3, -1, -1))
    with pytest.raises(ValueError, match=r"train_on 'all' .*no part 'val'"):
        data.labels("val")


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("shots", []), ("shots", [5, 5]), ("shots", 5), ("shots", [0]), ("draws", [-1]), ("draws", [1.5]), ("report_shots", 0),
     ("l2", 0.0), ("epsilon", -1.0), ("solve_dtype", "float16")],
)  # fmt: skip
def test_values_that_no_run_could_use_are_refused_when_it_is_planned(key, wrong):
    with pytest.raises(UserError, match=f"recipe.{key}: .* was expected"):
        check_value(key, wrong, "recipe")
