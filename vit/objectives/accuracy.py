"""Metrics of a split: accuracies or mean average precision, and the loss, exact on any number of devices.

B batch, C classes. Labels are (B,) int64, one class per image, or (B, C) bool, the set of classes that count as correct:
ReaL's label sets (Beyer et al., 2020), or the ImageNet classes of an ObjectNet class (Barbu et al., 2019). Those of
multi-label sets are (B, C) int8, which of the classes are in the image (vit.objectives.average_precision).
"""

import torch
from torch import Tensor
from torch.nn import Module, ModuleDict
from torchmetrics import MeanMetric, Metric, SumMetric

from vit.objectives.average_precision import MeanAveragePrecision


class Accuracy(Metric):
    """Share of images with a correct class among the `top_k` largest logits; images without a correct class are dropped."""

    full_state_update = False  # torchmetrics asks for it: `update` does not depend on the state

    def __init__(self, top_k: int = 1):
        super().__init__()
        self.top_k = top_k
        for name in ("correct", "images"):
            self.add_state(name, torch.tensor(0), dist_reduce_fx="sum")

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """logits (B, C); labels (B,) or (B, C)."""
        guesses = logits.topk(self.top_k, dim=1).indices  # (B, top_k)
        correct = labels.gather(1, guesses) if labels.ndim == 2 else guesses == labels[:, None]
        self.correct += correct.any(1).sum()
        self.images += labels.any(1).sum() if labels.ndim == 2 else len(labels)

    def compute(self) -> Tensor:
        return self.correct / self.images

    def counts(self) -> tuple[int, int]:
        """(correct images, counted images) over all devices."""
        with self.sync_context():
            return int(self.correct), int(self.images)


class ClassMeanAccuracy(Metric):
    """Mean over classes of the share of their images whose largest logit is right; classes without images are left out."""

    full_state_update = False

    def __init__(self, num_classes: int):
        super().__init__()
        for name in ("correct", "images"):
            self.add_state(name, torch.zeros(num_classes, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """logits (B, C); labels (B,)."""
        classes = len(self.images)
        self.correct += labels[logits.argmax(1) == labels].bincount(minlength=classes)
        self.images += labels.bincount(minlength=classes)

    def compute(self) -> Tensor:
        present = self.images > 0
        return (self.correct[present] / self.images[present]).mean()

    def counts(self) -> tuple[float, int]:
        """(sum of the shares of the classes that have images, number of these) over all devices."""
        with self.sync_context():
            present = self.images > 0
            return float((self.correct[present].double() / self.images[present]).sum()), int(present.sum())


class Evaluation(Module):
    """Metrics of a classifier on a split, 'held_out' or 'test'. multi_label: images have several labels."""

    def __init__(self, split: str, num_classes: int, *, multi_label: bool = False):
        super().__init__()
        self.split = split
        # An accuracy asks for the one right class, which such images do not have.
        self.metrics = ModuleDict({"mean_average_precision": MeanAveragePrecision()} if multi_label else {
            "accuracy": Accuracy(), "real_accuracy": Accuracy(), "class_mean_accuracy": ClassMeanAccuracy(num_classes),
        })  # fmt: skip
        if num_classes > 5 and not multi_label:
            self.metrics["top5_accuracy"] = Accuracy(top_k=5)
        # float64, so that the mean over images does not depend on how they are batched
        self.loss = MeanMetric(nan_strategy="error").set_dtype(torch.float64)
        self.images = SumMetric() if multi_label else None

    def update(self, logits: Tensor, labels: Tensor, real: Tensor | None = None, *, loss: Tensor | None = None) -> None:
        """logits (B, C), labels (B,) or (B, C), `real` ReaL's label sets (B, C); loss: the mean over these images."""
        for name, metric in self.metrics.items():
            targets = real if name == "real_accuracy" else labels
            if targets is not None and not (name == "class_mean_accuracy" and targets.ndim == 2):
                metric.update(logits, targets)
        if self.images is not None:
            self.images.update(len(labels))
        if loss is not None:
            self.loss.update(loss, weight=len(labels))

    def results(self) -> dict[str, float]:
        """Metrics over all devices, then reset. A collective call: every device makes it, even without images.

        Keys, after the split's name: accuracy, top5_accuracy (more than five classes), real_accuracy (with label sets),
        class_mean_accuracy (one class per image), or of multi-label sets mean_average_precision; loss, and images, the
        number of images counted.
        """
        counts = {name: metric.counts() for name, metric in self.metrics.items()}
        values = {name: total / number for name, (total, number) in counts.items() if number}
        values["images"] = counts["accuracy"][1] if self.images is None else int(self.images.compute())
        with self.loss.sync_context():
            if self.loss.weight:
                values["loss"] = float(self.loss.mean_value / self.loss.weight)
        for metric in (*self.metrics.values(), self.loss, *filter(None, [self.images])):
            metric.reset()
        return {f"{self.split}_{name}": value for name, value in values.items()}
