"""Few-shot accuracy as a curve beside a training that does not notice."""

import copy
import csv

import numpy as np
import pytest
import torch
from folder_runs import trained_in
from plain_data import PLAIN
from reference import least_squares

from data import Digits
from vit.errors import UserError
from vit.plan import make_plan
from vit.run.callbacks.fewshot_curve import FewShotDuringTraining

DATA = PLAIN | {"image_size": 32, "batch_size": 8}


@pytest.fixture(scope="module")
def pretraining():
    runs = make_plan("smoke", ["table5"]).runs.values()
    return next(run for run in runs if run.id.startswith("pretrain-ViT-B-16-fractals-40"))


class UntestableDigits(Digits):
    def arrays(self, split):
        assert split == "train", "the test split was read during training"
        return super().arrays(split)


def trained(folder, run, *callbacks):
    settled = copy.deepcopy(run.config)
    settled["trainer"]["max_steps"] = 6
    settled["model"]["init_args"]["dropout"] = 0.1  # random numbers besides those of the data
    return trained_in(folder, settled, *callbacks), torch.get_rng_state()


def rows(folder):
    with open(folder / "metrics.csv") as file:
        return list(csv.DictReader(file))


def test_a_training_is_bit_for_bit_the_same_with_few_shot_accuracy_beside_it(tmp_path, pretraining):
    """Of its own classes, and of another data set whose test split cannot be read."""
    same_data = FewShotDuringTraining(every=2, shots=[1, 3], draws=[0, 1])
    other = FewShotDuringTraining(every=3, shots=[2], draws=[0], data=UntestableDigits(**DATA))
    (plain, plain_state), (watched, state) = (
        trained(tmp_path / "plain", pretraining),
        trained(tmp_path / "watched", pretraining, same_data, other),
    )
    assert torch.equal(plain_state, state) and watched.model.training
    for (name, expected), actual in zip(
        plain.model.state_dict().items(), watched.model.state_dict().values(), strict=True
    ):
        assert torch.equal(actual, expected), name
    losses = [
        [row["train_loss"] for row in rows(tmp_path / name) if row["train_loss"]] for name in ("plain", "watched")
    ]
    assert len(losses[0]) == 6 and losses[0] == losses[1]
    curve = {
        name: [(int(row["step"]), float(row[name])) for row in rows(tmp_path / "watched") if row[name]]
        for name in ("held_out_1shot_accuracy", "held_out_2shot_accuracy", "held_out_3shot_accuracy")
    }
    assert [[step for step, _ in points] for points in curve.values()] == [[1, 3, 5], [2, 5], [1, 3, 5]]
    assert all(0 < accuracy < 1 for points in curve.values() for _, accuracy in points)
    expected = held_out_accuracy(watched.model.model, watched.datamodule, shots=3, draws=(0, 1))
    assert curve["held_out_3shot_accuracy"][-1][1] == pytest.approx(expected, abs=1e-6)


def held_out_accuracy(model, data, *, shots, draws):
    """Independently, of a model as it is now, without dropout."""
    with torch.no_grad():
        features, labels = zip(
            *((model.eval().features(images).numpy(), labels.numpy())
              for part in ("train", "val") for images, labels in [next(iter(data.in_order(part)))]),
            strict=True,
        )  # fmt: skip
    chosen = [least_squares.drawn(labels[0], shots, seed, 10) for seed in draws]
    scores = [least_squares.scores(features[0][few], labels[0][few], features[1], 10) for few in chosen]
    return np.mean([table.argmax(1) == labels[1] for table in scores])


def test_without_held_out_images_there_is_no_curve(tmp_path, pretraining):
    data = Digits(**DATA | {"train_on": "all"})
    with pytest.raises(UserError, match="needs held-out images"):
        trained(tmp_path, pretraining, FewShotDuringTraining(every=2, shots=[1], draws=[0], data=data))


def test_a_config_can_ask_for_the_curve(tmp_path, pretraining):
    asked = copy.deepcopy(pretraining)
    digits = {"class_path": "data.Digits", "init_args": DATA | {"train_on": "train"}}
    arguments = {"every": 3, "shots": [1], "draws": [0], "data": digits}
    asked.config["trainer"]["callbacks"] = [
        {"class_path": "vit.run.callbacks.fewshot_curve.FewShotDuringTraining", "init_args": arguments}
    ]
    trained(tmp_path, asked)
    assert [row["step"] for row in rows(tmp_path) if row["held_out_1shot_accuracy"]] == ["2", "5"]
