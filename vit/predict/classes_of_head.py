"""What the outputs of a checkpoint's head stand for: names of the classes, and probabilities of them.

B batch, C classes.
"""

from collections.abc import Sequence

from torch import Tensor

from data.sets.imagenet_names import imagenet_names
from vit.errors import UserError
from vit.weights import IMAGENET, Opened

PROBABILITIES = {"softmax": lambda logits: logits.softmax(dim=1), "sigmoid": lambda logits: logits.sigmoid()}  # by loss


def check_head(opened: Opened) -> None:
    """UserError for a head of zeros, which no class can be read from."""
    head = getattr(opened.model, "head", None)  # a class of one's own may call it otherwise
    if head is not None and not any(parameter.any() for parameter in head.parameters()):
        raise UserError(
            f"{opened.name}: it has no trained head for classes (its head is all zeros, as after masked patch prediction or"
            " where a file holds only the body); fine-tune it first, then predict with the fine-tuned run"
        )


def class_names(opened: Opened) -> tuple[Sequence[str | None], str]:
    """(a name or None for each output of the head; where the names come from, or why there are none)."""
    count, stated = opened.model.made_with["num_classes"], opened.outputs.get("class_names")
    if stated and len(stated) == count:
        lacking = sum(name is None for name in stated)
        return stated, f"stated by the checkpoint{f', which lacks {lacking:,} of {count:,}' if lacking else ''}"
    if stated:
        return [None] * count, f"none: the checkpoint states {len(stated):,} names for a head of {count:,} classes"
    if opened.classes == IMAGENET:
        return imagenet_names(), "ImageNet's 1,000, by sorted WordNet id, as in every published head of that size"
    return [
        None
    ] * count, f"none: the checkpoint has none for its {count:,} classes, and only ImageNet's 1,000 are known"


def loss_of_head(opened: Opened) -> tuple[str, str]:
    """(loss that the head was trained with, how that is known)."""
    if loss := opened.outputs.get("loss"):
        return loss, "stated by the checkpoint"
    return "softmax", "assumed: the checkpoint states no loss"


def top(probabilities: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(classes, their probabilities), (B, count) or (B, C) if there are fewer; of equal ones, the lower class first."""
    ordered, classes = probabilities.sort(dim=1, descending=True, stable=True)
    return classes[:, :count], ordered[:, :count]
