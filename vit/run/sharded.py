"""VIT_SHARD=1: weights, gradients and moments of a training divided among its devices (fully sharded data parallelism).

The same numbers to rounding, and on N devices about 1/N of the memory of parameters and moments. No part of a run's identity.
"""

from pathlib import Path

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.strategies import ModelParallelStrategy
from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict, set_optimizer_state_dict

from vit.errors import UserError
from vit.models import create_model
from vit.models.sharding import whole
from vit.run.env import env_whole_number
from vit.run.previous import make_previous, part_of, remove
from vit.run.sharded_checkpoint import by_name, seal

# They look at a model outside of its forward pass, or keep a copy of its weights.
WATCHERS = ("FewShotDuringTraining", "InspectDuringTraining", "BestHeldOut")

WHOLE = StateDictOptions(full_state_dict=True)  # what is loaded is not in parts, and every process has all of it


def is_asked_for() -> bool:
    return bool(env_whole_number("VIT_SHARD"))


class Sharded(ModelParallelStrategy):
    """Checkpoints are folders with a file from each process; written completely or not at all."""

    def __init__(self, devices: int):
        super().__init__(data_parallel_size=devices, tensor_parallel_size=1)

    def save_checkpoint(self, checkpoint, filepath, storage_options=None):
        path = Path(self.broadcast(filepath))
        part = part_of(path)
        if self.is_global_zero:
            remove(part)
        self.barrier()
        super().save_checkpoint(checkpoint, part, storage_options)
        self.barrier()
        if self.is_global_zero:
            seal(part)
            make_previous(path)
            part.replace(path)
        self.barrier()

    def load_checkpoint(self, checkpoint_path, weights_only=None):
        path = Path(self.broadcast(checkpoint_path))
        if path.is_dir():
            return super().load_checkpoint(path, weights_only=False)  # our own file; Lightning asks for None here
        # Not Lightning's way: it takes the numbers of an optimizer's parameters for their places in the module, and ours are in groups.
        checkpoint = torch.load(path, map_location="cpu", mmap=True, weights_only=False)
        set_model_state_dict(self.model, checkpoint.pop("state_dict"), options=WHOLE)
        names = {id(parameter): name for name, parameter in self.model.named_parameters()}
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            in_order = [names[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]
            set_optimizer_state_dict(self.model, optimizer, by_name(state, in_order), options=WHOLE)
        return checkpoint


def strategy(devices: dict[str, int], gpus: int) -> Sharded | str:
    """For a Trainer with these arguments (vit.run.distributed) where so many GPUs are visible; 'auto' for one device or unless asked for."""
    count = devices.get("devices", max(1, gpus)) * devices.get("num_nodes", 1)
    return Sharded(count) if is_asked_for() and count > 1 else "auto"


def refuse_watchers(trainer: Trainer) -> None:
    """UserError for a callback that would look at a part of the weights as if it were all."""
    if watcher := next((name for callback in trainer.callbacks if (name := type(callback).__name__) in WATCHERS), None):
        raise UserError(f"VIT_SHARD: {watcher} needs a model that is whole on each device; unset one of them")


def make_whole(task: LightningModule, trainer: Trainer) -> None:
    """After a training: the task's model, whole, in the first process, where it is saved. All processes call it."""
    if isinstance(trainer.strategy, Sharded) and trainer.max_steps:
        task.model = whole(task.model, create_model(**task.model.made_with))
