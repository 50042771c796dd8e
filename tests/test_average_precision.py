"""Mean average precision against scikit-learn's, whatever the batches and the size of the logits."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from vit.objectives.accuracy import Evaluation
from vit.objectives.average_precision import MeanAveragePrecision

IMAGES, CLASSES = 60, 7


def scores(scale=1.0):
    random = np.random.default_rng(0)
    labels = (random.random((IMAGES, CLASSES)) < 0.3).astype(np.int8)
    logits = random.normal(size=(IMAGES, CLASSES)) + 0.7 * labels
    return torch.from_numpy((scale * logits).astype(np.float32)), torch.from_numpy(labels)


def measured(logits, labels, cuts=(11, 40)):
    """Results of an evaluation in three batches."""
    evaluation = Evaluation("test", CLASSES, multi_label=True)
    for first, last in zip((0, *cuts), (*cuts, len(logits)), strict=True):
        evaluation.update(logits[first:last], labels[first:last], loss=torch.tensor(float(last - first)))
    return evaluation.results()


@pytest.mark.parametrize("scale", [0.001, 1.0, 30.0])
def test_it_is_sklearns_macro_mean(scale):
    """Logits of 100, whose sigmoids are 1 in 32 bits, keep their order; so do batches of logits that lie in 0 .. 1."""
    logits, labels = scores(scale / 4)
    logits[:11] = logits[:11].abs().clamp(max=1)
    results = measured(logits, labels)
    expected = average_precision_score(labels.numpy(), logits.numpy(), average="macro")
    assert results["test_mean_average_precision"] == pytest.approx(expected, abs=1e-6)
    assert results["test_images"] == IMAGES
    assert results["test_loss"] == pytest.approx((11**2 + 29**2 + 20**2) / IMAGES)
    assert not [name for name in results if "accuracy" in name]


def test_equal_logits_are_one_threshold():
    logits, labels = scores()
    logits = logits.round()
    expected = average_precision_score(labels.numpy(), logits.numpy(), average="macro")
    assert measured(logits, labels)["test_mean_average_precision"] == pytest.approx(expected, abs=1e-6)


def test_a_class_that_no_image_has_is_left_out():
    logits, labels = scores()
    labels[:, [0, 4]] = 0
    rest = [1, 2, 3, 5, 6]
    expected = average_precision_score(labels[:, rest].numpy(), logits[:, rest].numpy(), average="macro")
    assert measured(logits, labels)["test_mean_average_precision"] == pytest.approx(expected, abs=1e-6)


def test_without_any_positive_there_is_no_such_metric():
    logits, labels = scores()
    assert measured(logits, 0 * labels).keys() == {"test_images", "test_loss"}


def test_an_image_counts_neither_for_nor_against_a_class_that_is_not_judged_in_it():
    logits, labels = scores()
    random = np.random.default_rng(1)
    labels[torch.from_numpy(random.random(labels.shape) < 0.2)] = -1
    expected = np.mean([
        average_precision_score(row[row >= 0], column[row >= 0]) for row, column in zip(labels.T.numpy(), logits.T.numpy(), strict=True)
    ])  # fmt: skip
    assert measured(logits, labels)["test_mean_average_precision"] == pytest.approx(expected, abs=1e-6)


def test_the_metric_by_itself_and_a_new_start():
    logits, labels = scores()
    metric = MeanAveragePrecision()
    for _ in range(2):
        metric.update(logits, labels)
        expected = average_precision_score(labels.numpy(), logits.numpy(), average="macro")
        assert float(metric.compute()) == pytest.approx(expected, abs=1e-6)
        metric.reset()
