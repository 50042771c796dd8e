"""What training tasks share: random numbers that depend neither on restarts nor on devices, and gradient clipping."""

import torch
from lightning import LightningModule

from vit.errors import UserError
from vit.models.dropout import drawing_layers, give_keys, image_keys
from vit.models.sharding import shard
from vit.optim import clip_by_global_norm


class Training(LightningModule):
    """Makes dropout a function of (seed, update, image). A subclass has `model` and sets `clip_rule` (vit.optim.clipping)."""

    def configure_model(self):
        """Divide the model among devices where the strategy has a mesh of them; Lightning calls this after `setup`."""
        if self.device_mesh is None:
            return
        outside = [name for name, _ in self.named_parameters() if not name.startswith(("model.", "polyak."))]
        if outside:
            raise UserError(
                f"VIT_SHARD: {type(self).__name__} trains {' and '.join(outside)} beside its model; unset VIT_SHARD for it"
            )
        shard(self.model, self.device_mesh["data_parallel"])

    def on_fit_start(self):
        self.seed = torch.initial_seed()  # that of seed_everything; on_train_batch_start changes it from here on
        self.drawing = drawing_layers(self.model)
        self.clipped = list(
            self.parameters()
        )  # once: collecting them takes as long as clipping a small model's gradients

    def on_train_batch_start(self, batch, batch_idx):
        images, pieces = len(batch[0]), self.trainer.accumulate_grad_batches
        # index of the first of these images in the global batch: data.batches.order divides it in the same way
        self.first = (self.global_rank * pieces + batch_idx % pieces) * images
        if self.drawing:
            place = {"seed": self.seed, "step": self.global_step, "first": self.first}
            keys = image_keys(**place, images=images, layers=len(self.drawing))
            give_keys(self.drawing, keys.to(self.device, non_blocking=True))
        # for layers that draw from torch's generator, of a model of one's own
        seed = ((self.seed * 1_000_003 + self.global_step) * 1_000_003) + self.first
        seed_device(seed % 2**63, self.device)  # the product may exceed the 64 bits that a seed has

    def on_train_end(self):
        give_keys(self.drawing, [None] * len(self.drawing))

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        # Lightning calls this once per update, when gradients are summed over micro-batches, averaged over devices and
        # unscaled
        if gradient_clip_val is not None:
            clip_by_global_norm(self.clipped, gradient_clip_val, self.clip_rule)

    def learning_rate(self) -> float:
        return self.trainer.optimizers[0].param_groups[0]["lr"]


def seed_device(seed: int, device: torch.device) -> None:
    """Seed the generators that a model on the device draws from, as torch.manual_seed does for all kinds of devices there are.

    That one takes a twentieth of a small model's update: for each kind that is not in use it formats the whole call stack.
    """
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)
