"""Models in parts, one on each device: torch's fully_shard ("FSDP2"), a block at a time."""

import torch.distributed as dist

from vit.errors import UserError
from vit.models.model import Model


def shard(model: Model, mesh) -> None:
    """Leave a part of every parameter on each device of a mesh of one dimension; names stay. Does nothing the second time.

    Parameters are whole only while their block, or what is outside of blocks, computes.
    UserError for a model that does not say what its blocks are.
    """
    from torch.distributed.fsdp import fully_shard  # half a second

    if is_sharded(model):
        return
    blocks = model.blocks_in_order()
    if not blocks:
        raise UserError(
            f"VIT_SHARD: {type(model).__name__} does not say what its blocks are; it needs a method blocks_in_order, or unset it"
        )
    for part in (*blocks, model):
        fully_shard(
            part, mesh=mesh, reshard_after_forward=True
        )  # the outermost too: between two steps all are in parts


def is_sharded(model: Model) -> bool:
    from torch.distributed.fsdp import FSDPModule

    return isinstance(model, FSDPModule)


def whole(model: Model, copy: Model) -> Model:
    """`copy`, of the same architecture, with the weights of a sharded model in the first process; all processes call it."""
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    weights = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if dist.get_rank() == 0:  # elsewhere there are none
        copy.load_state_dict(weights)
    return copy
