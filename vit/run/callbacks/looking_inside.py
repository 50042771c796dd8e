"""Pictures of a model while it trains, in TensorBoard: attention maps and distances, filters, positions (Section 4.5)."""

import io
from collections.abc import Iterator

import matplotlib
import numpy as np
import torch
from lightning import LightningModule
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.figure import Figure
from torch import Tensor

from vit.errors import UserError
from vit.inspect.arrays_of_model import as_pictures, attention_maps, mean_distances, parameter_arrays
from vit.report.pictures.of_arrays import DRAWN
from vit.report.pictures.style import LOOK
from vit.run.callbacks.evaluation_mode import evaluation_mode

IMAGES = 8  # fixed ones: the first that are held out
COMPONENTS = 28  # of the filters, as in Figure 7
INCHES = {"attention_maps": (5.0, 5.0)}  # of a picture; the others are smaller
PIXELS_PER_INCH = 100


class InspectDuringTraining(Callback):
    """Every `every` updates, pictures at inspect/NAME in TensorBoard. The training is bit for bit the same as without.

    The images are held-out ones, or training images where none is held out; never test images, and no number is measured.
    """

    def __init__(self, every: int):
        if every < 1:
            raise UserError(f"inspect_every must be a number of updates above 0, not {every}")
        self.every = every

    def on_train_start(self, trainer, module):
        if not hasattr(module.model, "attention_weights"):
            raise UserError(
                f"inspect_every: {module.hparams.model} has no attention weights to look at; leave the value out for it"
            )
        self.drawn_step, self.boards = trainer.global_step, []  # the pictures of a resumed run have this step already
        if trainer.is_global_zero:
            self.boards = [logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)]
        if self.boards:
            with evaluation_mode(module):
                self.images = first_images(trainer.datamodule)

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        step = trainer.global_step
        if step == self.drawn_step or step % self.every:  # equal: after a micro-batch that completes no update
            return
        self.drawn_step = step
        if not self.boards:
            return
        with evaluation_mode(module), trainer.precision_plugin.forward_context():
            pictures = dict(draw(arrays_of(module, trainer.precision_plugin.convert_input(self.images))))
        for board in self.boards:
            for name, picture in pictures.items():
                # Lightning numbers updates from 0
                board.experiment.add_image(f"inspect/{name}", picture, step - 1, dataformats="HWC")


def first_images(data) -> Tensor:
    """(B, 3, H, W), as an evaluation prepares them."""
    part = "train" if data.train_on == "all" else "val"
    chosen = np.arange(min(IMAGES, len(data.labels(part))))
    return torch.cat([images for images, *_ in data.in_order(part, chosen)])


def arrays_of(module: LightningModule, images: Tensor) -> dict[str, np.ndarray]:
    on_device = images.to(module.device)
    return {
        "attention_distance": mean_distances(module.model, [on_device]),
        **parameter_arrays(module.model, COMPONENTS),
        "images": as_pictures(images),
        "attention_maps": attention_maps(module.model, on_device),
    }


def draw(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """(name, picture uint8 (H, W, 3)) of each kind that the model has arrays for."""
    for name in DRAWN.keys() & arrays.keys():
        with matplotlib.rc_context(LOOK):
            figure = Figure(INCHES.get(name, (3.9, 3.7)), layout="constrained", facecolor="white")
            axis = figure.subplots()
            axis.set_title(DRAWN[name](axis, arrays))
            content = io.BytesIO()
            figure.savefig(content, format="rgba", dpi=PIXELS_PER_INCH)
        width, height = (round(inches * PIXELS_PER_INCH) for inches in figure.get_size_inches())
        yield name, np.frombuffer(content.getvalue(), np.uint8).reshape(height, width, 4)[..., :3]
