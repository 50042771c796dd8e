"""One checkpoint that predicts: from picture files to classes with probabilities, and to maps over the pictures.

B batch, k most probable classes, S side of the model's input.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from data.pictures.decode import decoded
from data.transforms.seen import seen
from vit.errors import UserError
from vit.inspect.inside import images_at_a_time
from vit.inspect.pictures_below import Picture
from vit.inspect.prepared import Preparation
from vit.inspect.rollout import attention_map
from vit.models.axial import AxialViT
from vit.models.vit import ViT
from vit.predict.classes_of_head import PROBABILITIES, check_head, class_names, loss_of_head, top
from vit.predict.map_over_picture import map_over_picture
from vit.weights import Opened

BATCH = 32


@dataclass
class Prediction:
    """Of one picture: (class, name or None, probability) of the k most probable classes, or why it could not be read."""

    picture: Picture
    classes: list[tuple[int, str | None, float]] = field(default_factory=list)
    error: str | None = None
    map: np.ndarray | None = None  # uint8 (H, W, 3)


class Predictor:
    """UserError for a model without a head for classes and, with maps, for one without attention between all patches."""

    def __init__(self, opened: Opened, *, count: int, maps: bool):
        check_head(opened)
        if maps:
            check_attention(opened)
        self.model, self.count, self.maps = opened.model.eval(), count, maps
        try:
            self.prepared = Preparation(self.model.made_with["image_size"], opened.images)
        except ValueError as error:
            raise UserError(f"{opened.name}: {error}") from None
        self.names, self.names_from = class_names(opened)
        self.loss, self.loss_from = loss_of_head(opened)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(self.device)

    def predictions(self, pictures: Sequence[Picture]) -> Iterator[Prediction]:
        """In the order of the pictures. Results do not depend on how they are batched, but for rounding."""
        size = min(BATCH, images_at_a_time(self.model)) if self.maps else BATCH
        for start in range(0, len(pictures), size):
            yield from self.batch(pictures[start : start + size])

    def batch(self, pictures: Sequence[Picture]) -> list[Prediction]:
        predictions, readable, pixels = [Prediction(picture) for picture in pictures], [], []
        for prediction in predictions:
            try:
                pixels.append(self.prepared.pixels(prediction.picture.path))
                readable.append(prediction)
            except UserError as error:
                prediction.error = str(error)
        if readable:
            self.fill(readable, torch.stack(pixels).to(self.device) / 127.5 - 1)
        return predictions

    @torch.inference_mode()
    def fill(self, predictions: Sequence[Prediction], images: Tensor) -> None:
        """Classes and maps for images (B, 3, S, S) in [-1, 1]."""
        classes, probabilities = top(PROBABILITIES[self.loss](self.model(images).float()), self.count)
        for prediction, row, values in zip(predictions, classes.tolist(), probabilities.tolist(), strict=True):
            prediction.classes = [(c, self.names[c], float(f"{p:.7g}")) for c, p in zip(row, values, strict=True)]
        if self.maps:
            for prediction, attention in zip(predictions, attention_map(self.model, images).cpu(), strict=True):
                prediction.map = self.map(prediction.picture, attention.numpy())

    def map(self, picture: Picture, attention: np.ndarray) -> np.ndarray:
        """Attention (h, w) over the whole picture, of which the model may have seen a part."""
        pixels = decoded(picture.path.read_bytes(), str(picture.path)).permute(1, 2, 0).numpy()
        box = seen(self.prepared.transform, *pixels.shape[:2])
        return map_over_picture(pixels, attention, box, self.prepared.size / self.model.patch_pixels)


def check_attention(opened: Opened) -> None:
    """UserError for a model that has no rollout."""
    kind = type(opened.model).__name__
    if isinstance(opened.model, AxialViT):
        raise UserError(
            f"{opened.name}: --map: an {kind} attends along rows and columns in turn, so it has no rollout; leave --map out"
        )
    if not isinstance(opened.model, ViT):
        raise UserError(
            f"{opened.name}: --map: {kind} has no attention between patches, so it has no rollout; leave --map out"
        )
