"""Accuracies and the loss of a split, with exact counts on any number of devices.

B batch, C classes. Labels are (B,) int64, one class per image, or (B, C) bool, the set of classes that count as correct:
ReaL's label sets (Beyer et al., 2020), or the ImageNet classes of an ObjectNet class (Barbu et al., 2019).
"""

import torch
from torch import Tensor
from torch.nn import Module, ModuleDict
from torchmetrics import MeanMetric, Metric


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


class Evaluation(Module):
    """Metrics of a classifier on a split, 'held_out' or 'test'."""

    def __init__(self, split: str, num_classes: int):
        super().__init__()
        self.split = split
        self.accuracies = ModuleDict({"accuracy": Accuracy(), "real_accuracy": Accuracy()})
        if num_classes > 5:
            self.accuracies["top5_accuracy"] = Accuracy(top_k=5)
        # float64, so that the mean over images does not depend on how they are batched
        self.loss = MeanMetric(nan_strategy="error").set_dtype(torch.float64)

    def update(self, logits: Tensor, labels: Tensor, real: Tensor | None = None, *, loss: Tensor | None = None) -> None:
        """logits (B, C), labels (B,) or (B, C), `real` ReaL's label sets (B, C); loss: the mean over these images."""
        for name, metric in self.accuracies.items():
            targets = real if name == "real_accuracy" else labels
            if targets is not None:
                metric.update(logits, targets)
        if loss is not None:
            self.loss.update(loss, weight=len(labels))

    def results(self) -> dict[str, float]:
        """Metrics over all devices, then reset. A collective call: every device makes it, even without images.

        Keys, after the split's name: accuracy, top5_accuracy (more than five classes), real_accuracy (with label sets),
        loss, and images, the number of images counted.
        """
        counts = {name: metric.counts() for name, metric in self.accuracies.items()}
        values = {name: correct / images for name, (correct, images) in counts.items() if images}
        values["images"] = counts["accuracy"][1]
        with self.loss.sync_context():
            if self.loss.weight:
                values["loss"] = float(self.loss.mean_value / self.loss.weight)
        for metric in (*self.accuracies.values(), self.loss):
            metric.reset()
        return {f"{self.split}_{name}": value for name, value in values.items()}
