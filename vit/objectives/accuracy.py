"""Accuracies and the loss of one split, with exact counts: every image once, on however many devices.

B batch, C classes. Labels are (B,) int64, one class an image, or (B, C) bool, all the classes that count as right: ReaL's
label sets (Beyer et al., 2020), or the ImageNet classes that an ObjectNet class stands for (Barbu et al., 2019).
"""

import torch
from torch.nn import Module, ModuleDict
from torchmetrics import MeanMetric, Metric


class Accuracy(Metric):
    """Share of the images with a right class among the `top_k` largest logits; images for which no class is right are dropped."""

    full_state_update = False

    def __init__(self, top_k=1):
        super().__init__()
        self.top_k = top_k
        for name in ("correct", "images"):
            self.add_state(name, torch.tensor(0), dist_reduce_fx="sum")

    def update(self, logits, labels):
        """(B, C) logits; labels (B,) or (B, C) as above."""
        guesses = logits.topk(self.top_k, dim=1).indices  # (B, top_k)
        right = labels.gather(1, guesses) if labels.ndim == 2 else guesses == labels[:, None]
        self.correct += right.any(1).sum()
        self.images += labels.any(1).sum() if labels.ndim == 2 else len(labels)

    def compute(self):
        return self.correct / self.images

    def counts(self):
        """(images with a right guess, images) over all devices."""
        with self.sync_context():
            return int(self.correct), int(self.images)


class Evaluation(Module):
    """What a classifier is measured by on a split, 'held_out' or 'test'.

    update takes labels as the data modules give them, (images, labels) or (images, labels, real): `real` are ReaL's label
    sets (B, C) beside the original labels. results are test_accuracy, test_top5_accuracy (of more than five classes),
    test_real_accuracy (where there are label sets), test_loss and test_images, the number of images counted.
    """

    def __init__(self, split, num_classes):
        super().__init__()
        self.split = split
        self.accuracies = ModuleDict({"accuracy": Accuracy(), "real_accuracy": Accuracy()})
        if num_classes > 5:
            self.accuracies["top5_accuracy"] = Accuracy(top_k=5)
        self.loss = MeanMetric(nan_strategy="error").set_dtype(torch.float64)

    def update(self, logits, labels, real=None, *, loss=None):
        """logits (B, C); loss: the mean over these images, if there is one for such labels."""
        for name, metric in self.accuracies.items():
            truth = real if name == "real_accuracy" else labels
            if truth is not None:
                metric.update(logits, truth)
        if loss is not None:
            self.loss.update(loss, weight=len(labels))

    def results(self):
        """name -> value over all devices, and a new start. Every device has to ask, also one that saw no image."""
        counts = {name: metric.counts() for name, metric in self.accuracies.items()}
        values = {name: correct / images for name, (correct, images) in counts.items() if images}
        values["images"] = counts["accuracy"][1]
        with self.loss.sync_context():
            if self.loss.weight:
                values["loss"] = float(self.loss.mean_value / self.loss.weight)
        for metric in (*self.accuracies.values(), self.loss):
            metric.reset()
        return {f"{self.split}_{name}": value for name, value in values.items()}
