"""Fine-tuning on images with several labels: the rendered set, a run of scale smoke, what is refused."""

import numpy as np
import pytest
import torch
from folder_runs import smoke_config, trained_in
from plain_data import PLAIN
from report_runs import count_costs, finish
from sklearn.metrics import average_precision_score
from tiny_runs import FINETUNE, MODEL

from data import ImageData, Sprites, SpriteScenes
from data.sets.sprite_scenes import QUADRANTS, quadrant, scenes
from data.sets.sprites import SHAPES
from vit.errors import UserError
from vit.plan import make_plan
from vit.report import render
from vit.run.callbacks.fewshot_curve import FewShotDuringTraining
from vit.run.cli import PaperCLI
from vit.run.progress import result
from vit.run.runner import evaluate
from vit.tasks import Finetune

COMMON = PLAIN | dict(image_size=32, batch_size=16)


def test_a_scene_has_its_labels_shapes_and_a_quadrant_of_ground_where_nothing_is():
    indices = np.arange(400)
    images, labels = scenes(0, indices, 32)
    there = np.stack([quadrant(0, indices, number)["there"] for number in range(QUADRANTS)])
    kinds = np.stack([quadrant(0, indices, number)["shape"] for number in range(QUADRANTS)])
    for image, row, seen, kind in zip(images, labels, there.T, kinds.T, strict=True):
        assert {int(k) for k in row.nonzero()[0]} == set(kind[seen].tolist())
        quarters = image.reshape(2, 16, 2, 16).swapaxes(1, 2).reshape(4, -1).astype(int)
        assert np.array_equal(np.ptp(quarters, axis=1) > 30, seen)
    assert labels.mean(0) == pytest.approx(np.full(len(SHAPES), 1 - (1 - 0.6 / 5) ** 4), abs=0.08)
    assert not labels.any(1).all()  # some images have no label


def test_a_scene_depends_on_seed_and_index_alone():
    few, more = (SpriteScenes(train_size=size, test_size=9, **COMMON).arrays("train") for size in (50, 1200))
    assert torch.equal(few[0], more[0][:50]) and torch.equal(few[1], more[1][:50])
    assert not np.array_equal(scenes(1, np.arange(50), 32)[0], few[0].numpy())


def test_parts_and_subsets_keep_images_and_labels_together():
    module = SpriteScenes(train_size=100, test_size=9, **COMMON | {"subset": 0.5})
    module.setup("fit")
    assert {name: len(part) for name, part in module.parts.items()} == {"train": 45, "val": 10}
    images, labels = module.arrays("train")
    known = {image.numpy().tobytes(): row.tolist() for image, row in zip(images, labels, strict=True)}
    for part in module.parts.values():
        assert all(
            known[i.numpy().tobytes()] == row.tolist() for i, row in zip(part.images[:, 0], part.labels, strict=True)
        )


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (torch.zeros(9, dtype=torch.long), "torch.int64 of shape"),
        (torch.zeros(9, 4, dtype=torch.int8), r"shape \(images, 3\)"),
        (torch.zeros(9, 3, dtype=torch.bool), "torch.bool"),
        (torch.full((9, 3), 2, dtype=torch.int8), "1, 0 or -1, found 2"),
    ],
)
def test_labels_of_another_form_are_refused(labels, words):
    class Several(ImageData):
        num_classes, multi_label = 3, True

        def arrays(self, split):
            return torch.zeros(9, 8, 8, dtype=torch.uint8), labels

    with pytest.raises(ValueError, match=f"Several, train.*{words}"):
        Several(**COMMON).setup("fit")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A run of scale smoke, longer and with mixup, on its held-out images: (CLI, metrics)."""
    config = smoke_config("finetune-ViT-B-16-scratch-sprite-scenes-lr")
    config["trainer"]["max_steps"] = 60
    config["model"]["init_args"] |= {"mixup": 0.1, "lr": 0.1}
    folder = tmp_path_factory.mktemp("tuned")
    cli = trained_in(folder, config)
    return cli, evaluate(cli), (folder / "metrics.csv").read_text()


def test_a_run_trains_and_its_mean_average_precision_is_sklearns(tuned):
    cli, metrics, curves = tuned
    assert metrics.keys() == {"held_out_mean_average_precision", "held_out_loss", "held_out_images"}
    logits, labels = [], []
    with torch.no_grad():
        for images, rows in cli.datamodule.in_order("val"):
            logits.append(cli.model(images))
            labels.append(rows)
    logits, labels = torch.cat(logits), torch.cat(labels)
    expected = average_precision_score(labels.numpy(), logits.numpy(), average="macro")
    assert metrics["held_out_mean_average_precision"] == pytest.approx(expected, abs=1e-6)
    likely = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.float(), reduction="sum") / len(labels)
    assert metrics["held_out_loss"] == pytest.approx(likely.item(), rel=1e-5)
    assert metrics["held_out_loss"] < 5 * np.log(2)  # where it began
    assert metrics["held_out_images"] == len(labels) == 20
    assert "train_accuracy" not in curves and "train_loss" in curves
    assert result(metrics).startswith("held out mean average precision")


def test_a_softmax_smoothed_labels_and_a_task_without_several_labels_are_refused():
    for values in (dict(), dict(loss="sigmoid", label_smoothing=0.1)):
        with pytest.raises(UserError, match="multi_label: true takes loss sigmoid and label_smoothing 0"):
            Finetune(**MODEL, **FINETUNE | values, multi_label=True)


@pytest.mark.parametrize("wrong", ["the task", "the set"])
def test_a_task_and_a_set_that_do_not_fit_are_refused_before_training(tmp_path, wrong):
    config = smoke_config("finetune-ViT-B-16-scratch-sprite-scenes-lr")
    if wrong == "the task":
        config["model"]["init_args"].pop("multi_label")
    else:
        config["data"]["class_path"] = "data.Sprites"
        config["data"]["init_args"]["orientations"] = 5
    with pytest.raises(UserError, match=r"Finetune: Sprite.*multi_label: true"):
        PaperCLI(args=config, run=False, folder=tmp_path, save_config_callback=None)


def test_few_shots_during_training_need_one_label_an_image(tuned):
    callback = FewShotDuringTraining(every=1, shots=[1], draws=[0])
    with pytest.raises(UserError, match="one label an image"):
        callback.on_train_start(tuned[0].trainer, tuned[0].model)
    assert not Sprites.multi_label


def test_the_table_says_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["multilabel"])
    count_costs()
    for run in plan.runs:
        split = "held_out" if "-lr" in run else "test"
        finish(plan, run, 0.5, metrics={f"{split}_mean_average_precision": 0.5 if "scratch" in run else 0.75})
    text = render(plan, "multilabel")
    page = (tmp_path / "smoke" / "multilabel.md").read_text()
    assert "Mean average precision percent on the test set" in page and "75.00" in page, text
    assert "+25.00" in page and "Top-1" not in page
