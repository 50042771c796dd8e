"""Image files as an evaluation prepares them: decoded, resized, in [-1, 1].

B images, S their side after that.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from data.pictures.decode import Unreadable, decoded
from data.transforms.resize import resized
from data.transforms.transform import Transform
from vit.errors import UserError
from vit.models.grid import ImageSize, pair

FINETUNED = {"evaluation": "resize", "resize": "vit_jax"}  # how the authors evaluate, where a checkpoint states nothing


class Preparation:
    """From paths to a model's input. images: the transform that a checkpoint states, or None.

    UserError for a transform that does not fit the size, and for images that are not square.
    """

    def __init__(self, image_size: ImageSize, images: dict | None):
        height, width = pair(image_size)
        if height != width:
            raise UserError(f"the model is for images of {height} x {width}; only square ones can be prepared")
        self.size, self.stated = height, FINETUNED | (images or {})
        evaluation, resize = self.stated["evaluation"], self.stated["resize"]
        try:
            self.transform = Transform(size=height, augment=[], evaluation=evaluation, resize=resize)
        except ValueError as error:
            raise UserError(f"images of the checkpoint: {error}") from None

    def __str__(self):
        return (
            f"{self.size} x {self.size} pixels, evaluation {self.stated['evaluation']}, resize {self.stated['resize']}"
        )

    def pixels(self, path: Path) -> Tensor:
        """float32 (3, S, S) of 0 .. 255. UserError if the file is no readable picture."""
        try:
            image = decoded(path.read_bytes(), str(path))[None]
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from None
        except Unreadable as error:
            raise UserError(str(error)) from None
        if self.stated["resize"] == "once":
            image = resized(image, (self.size, self.size))
        return self.transform.evaluate(image)[0]

    def batches(self, paths: Sequence[Path], size: int, problems: list[str]) -> Iterator[tuple[list[Path], Tensor]]:
        """(paths, pixels (B, 3, S, S) of 0 .. 255) of `size` files at a time; what cannot be read goes to `problems`."""
        for start in range(0, len(paths), size):
            readable = {}
            for path in paths[start : start + size]:
                try:
                    readable[path] = self.pixels(path)
                except UserError as error:
                    problems.append(str(error))
            if readable:
                yield list(readable), torch.stack(list(readable.values()))
