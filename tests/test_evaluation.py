"""Accuracies against torchmetrics' own and against counting by hand; label sets as ReaL and ObjectNet have them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import balanced_accuracy_score
from torchmetrics.functional.classification import multiclass_accuracy

from data.batches.order import SequentialOrder
from data.sets.label_sets import label_sets
from vit.objectives.accuracy import Accuracy, Evaluation

LOGITS = torch.tensor(
    [
        [0.9, 0.5, 0.1, 0.4, 0.3, 0.2, 0.0],  # best first: 0 1 3 4 5 2 6
        [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6],  # 6 5 4 3 2 1 0
        [0.3, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4],  # 1 2 3 4 5 6 0
        [0.0, 0.9, 0.1, 0.8, 0.2, 0.7, 0.3],  # 1 3 5 6 4 2 0
    ]
)
LABELS = torch.tensor([0, 1, 0, 5])  # top-1: yes no no no; top-5: yes no no yes
REAL = label_sets([[1, 2], [6], [], [0, 1]], 7)  # no, yes, dropped, yes


def evaluated(*batches, num_classes=7, split="test"):
    evaluation = Evaluation(split, num_classes)
    for logits, *labels in batches:
        evaluation.update(logits, *labels, loss=F.cross_entropy(logits, labels[0]) if labels[0].ndim == 1 else None)
    return evaluation.results()


def test_top1_and_top5_by_hand():
    assert (
        evaluated((LOGITS, LABELS)).items()
        >= {"test_accuracy": 1 / 4, "test_top5_accuracy": 2 / 4, "test_images": 4}.items()
    )


def test_real_counts_a_guess_in_the_label_set_and_drops_images_whose_set_is_empty():
    results = evaluated((LOGITS, LABELS, REAL))
    assert results["test_real_accuracy"] == 2 / 3
    assert results["test_accuracy"] == 1 / 4 and results["test_images"] == 4


def test_objectnet_counts_any_imagenet_class_that_its_class_stands_for():
    object_classes = label_sets([[3, 6], [1], [0, 2]], 7)  # the class map
    results = evaluated((LOGITS, object_classes[torch.tensor([1, 0, 0, 2])]))  # guesses 0 6 1 1
    assert results == {"test_accuracy": 1 / 4, "test_top5_accuracy": 3 / 4, "test_images": 4}


@pytest.mark.parametrize("top_k", [1, 5])
def test_accuracy_is_torchmetrics_own_where_each_image_has_one_class(top_k):
    drawn = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(500, 20, generator=drawn), torch.randint(20, (500,), generator=drawn)
    metric = Accuracy(top_k)
    for part in (slice(0, 123), slice(123, 500)):
        metric.update(logits[part], labels[part])
    assert metric.compute() == pytest.approx(multiclass_accuracy(logits, labels, 20, average="micro", top_k=top_k))
    assert metric.counts()[1] == 500


def test_the_loss_is_the_mean_over_images_whatever_the_batches():
    drawn = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(50, 3, generator=drawn), torch.randint(3, (50,), generator=drawn)
    exact = logits.double().numpy()
    by_hand = np.mean([np.log(np.exp(row).sum()) - row[label] for row, label in zip(exact, labels, strict=True)])
    results = evaluated((logits[:7], labels[:7]), (logits[7:], labels[7:]), num_classes=3, split="held_out")
    assert results["held_out_loss"] == pytest.approx(by_hand, rel=1e-6)
    assert "held_out_top5_accuracy" not in results  # of three classes it says nothing


def test_the_mean_accuracy_of_classes_is_sklearns_balanced_accuracy():
    drawn = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(90, 8, generator=drawn), torch.randint(1, 7, (90,), generator=drawn)
    logits[torch.arange(40), labels[:40]] += 3
    results = evaluated((logits[:31], labels[:31]), (logits[31:], labels[31:]), num_classes=8)
    with pytest.warns(UserWarning, match="not in y_true"):  # classes 0 and 7 have no image
        expected = balanced_accuracy_score(labels, logits.argmax(1))
    assert results["test_class_mean_accuracy"] == pytest.approx(expected, rel=1e-12)
    assert results["test_class_mean_accuracy"] != pytest.approx(results["test_accuracy"], abs=0.001)


def test_results_are_a_new_start():
    evaluation = Evaluation("test", 7)
    evaluation.update(LOGITS, LABELS, loss=torch.tensor(1.0))
    first = evaluation.results()
    evaluation.update(LOGITS, LABELS, loss=torch.tensor(1.0))
    assert evaluation.results() == first


@pytest.mark.parametrize(("length", "ranks"), [(10, 3), (23, 4), (8, 8), (500, 7)])
def test_devices_share_out_a_split_without_padding(length, ranks):
    shares = [
        [
            index
            for _, indices in SequentialOrder(length=length, batch_size=3, rank=rank, world_size=ranks)
            for index in indices
        ]
        for rank in range(ranks)
    ]
    assert [index for share in shares for index in share] == list(range(length))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_fewer_images_than_devices_are_refused():
    with pytest.raises(ValueError, match=r"3 images .*among 4 devices"):
        SequentialOrder(length=3, batch_size=3, rank=0, world_size=4)


def test_a_label_set_with_an_unknown_class_is_refused():
    with pytest.raises(ValueError, match="label set 1: class 7 is not one of 0 to 6"):
        label_sets([[1], [7]], 7)
