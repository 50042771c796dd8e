"""Mean average precision, the metric of multi-label sets such as PASCAL VOC; not in the paper.

B batch, N images, C classes.
"""

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.classification import multilabel_average_precision
from torchmetrics.utilities import dim_zero_cat

NOT_JUDGED = -1  # a label of a class that does not count in an image, neither as right nor as wrong


class MeanAveragePrecision(Metric):
    """Mean over classes of the area under the precision at each recall, over all images of the split.

    A class that no image has is left out of the mean: its recall is undefined.
    """

    full_state_update = False

    def __init__(self):
        super().__init__()
        for name in ("logits", "labels"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """logits (B, C); labels (B, C): 1 for a class of the image, 0 for another, -1 for one that is not judged in it."""
        self.logits.append(logits.float())
        self.labels.append(labels)

    def of_classes(self) -> Tensor:
        """Average precision of each class that an image has, float64."""
        logits, labels = dim_zero_cat(self.logits), dim_zero_cat(self.labels).long()
        present = (labels == 1).any(0)
        if not present.any():
            return logits.new_zeros(0)
        # Sigmoids, since torchmetrics takes them itself only where a logit is outside of 0 .. 1; of 64 bits, or large
        # logits would all be 1.
        scores, options = logits[:, present].double().sigmoid(), {"average": None, "ignore_index": NOT_JUDGED}
        count = int(present.sum())
        return multilabel_average_precision(scores, labels[:, present], count, validate_args=False, **options)

    def compute(self) -> Tensor:
        return self.of_classes().mean()

    def counts(self) -> tuple[float, int]:
        """(sum of the classes' average precisions, number of classes that an image has) over all devices."""
        with self.sync_context():
            values = self.of_classes()
            return float(values.sum()), len(values)
