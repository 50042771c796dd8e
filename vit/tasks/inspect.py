"""A look into a pre-trained model (Section 4.5, Appendices D.7 and D.8): arrays from which figures are made, no training."""

import numpy as np
import torch

from vit.errors import UserError
from vit.inspect.arrays_of_model import (
    as_pictures,
    attention_maps,
    has_rollout,
    mean_distances,
    parameter_arrays,
    summary,
)
from vit.tasks.from_pretrained import FromPretrained
from vit.tasks.options import Options


class Inspect(FromPretrained):
    """Leaves `arrays` of a ViT, hybrid or its like, with metrics that sum them up (vit.inspect.arrays_of_model).

    attention_distance (layers, heads), filters (components, p, p, 3), filters_explained (components,),
    position_similarity (rows, columns, rows, columns), images uint8 (shown_images, h, w, 3) and their attention_maps
    (shown_images, rows, columns).

    init: id of the run to look into, path of a weight file, or the name of a published one,
        'released:ViT-L/16@imagenet21k'; None looks into the model as initialised.
    inspected_images: number of test images over which attention distances are averaged: evenly spaced ones, as many
        sets list their classes in order. shown_images: how many of them have a map, evenly spaced again.
    runs: folder of the runs.
    """

    def __init__(
        self,
        *,
        model: str,
        options: Options,
        num_classes: int,
        image_size: int,
        init: str | None,
        inspected_images: int,
        shown_images: int,
        components: int,
        runs: str | None = None,
    ):
        super().__init__()
        if shown_images > inspected_images:
            raise UserError(f"Inspect: shown_images {shown_images} must be at most inspected_images {inspected_images}")
        self.save_hyperparameters()
        self.arrays: dict[str, np.ndarray] = {}

    def setup(self, stage):
        """Load the model. UserError for one without attention, such as a ResNet."""
        super().setup(stage)
        if not has_rollout(self.model):
            raise UserError(
                f"Inspect: {self.hparams.model} has no attention between all patches to look at; name a ViT or a hybrid"
            )
        self.trainer.limit_test_batches = 1  # on_test_start reads the few images that it needs

    def on_test_start(self):
        hp, data, precision = self.hparams, self.trainer.datamodule, self.trainer.precision_plugin
        chosen = evenly_spaced(len(data.labels("test")), hp.inspected_images)
        images = torch.cat([images for images, *_ in data.in_order("test", chosen)])
        shown = images[evenly_spaced(len(images), hp.shown_images)]
        with precision.forward_context():  # outside of a step Lightning does not apply the precision
            images, on_device = (precision.convert_input(part.to(self.device)) for part in (images, shown))
            self.arrays = {
                "attention_distance": mean_distances(self.model, [images]),
                **parameter_arrays(self.model, hp.components),
                "images": as_pictures(shown),
                "attention_maps": attention_maps(self.model, on_device),
            }

    def test_step(self, batch, batch_idx):
        """Nothing: no accuracy is measured."""

    def on_test_epoch_end(self):
        self.log_dict(summary(self.arrays))


def evenly_spaced(length: int, count: int) -> np.ndarray:
    """`count` indices from 0 to below `length`, or all of them if there are fewer."""
    return np.arange(min(count, length)) * length // min(count, length)
