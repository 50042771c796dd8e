"""Memory of a model: of a forward pass (beside measured speed, Appendix D.5), and what training keeps for the backward pass."""

import weakref
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_bytes(network: nn.Module, images: Tensor) -> int:
    """The images and what a forward pass without gradients makes of them, at the moment when that is most; no parameters.

    What a kernel needs for itself while it runs is not seen.
    """
    with torch.no_grad(), Alive() as alive:
        network(images)
    return images.untyped_storage().nbytes() + alive.most


class Alive(TorchDispatchMode):
    """Counts the bytes of tensors made in its context, each until nothing refers to it; views count once."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self.known = set()

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        given = {id(leaf.untyped_storage()) for leaf in tree_leaves((arguments, keywords)) if isinstance(leaf, Tensor)}
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor) and id(leaf.untyped_storage()) not in given | self.known:
                self.add(leaf.untyped_storage())
        return result

    def add(self, storage: torch.UntypedStorage) -> None:
        key, count = id(storage), storage.nbytes()  # the object lives as long as the memory
        self.known.add(key)
        self.now += count
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self.remove, key, count)

    def remove(self, key: int, count: int) -> None:
        self.known.discard(key)
        self.now -= count


@dataclass(frozen=True)
class Kept:
    """Bytes that autograd keeps from the forward pass for the backward pass, without parameters."""

    usual: int
    recomputed: (
        int  # with VIT_RECOMPUTE: what is outside of blocks, the inputs of all blocks, and what the largest keeps
    )

    def __sub__(self, other: "Kept") -> "Kept":
        return Kept(self.usual - other.usual, self.recomputed - other.recomputed)


def kept_bytes(model: nn.Module, images: Tensor) -> Kept:
    """What a training step of these images keeps; nothing is allocated for tensors of a FakeTensorMode."""
    count = Counting(model)
    with torch.random.fork_rng(devices=[]), torch.autograd.graph.saved_tensors_hooks(count.pack, lambda tensor: tensor):
        model(images).sum()
    count.end()
    return Kept(count.usual, count.recomputed)


class Counting:
    """Adds up storages, each once: of the inputs of blocks, of what each block keeps, of all else (None)."""

    def __init__(self, model: nn.Module):
        self.block, self.inputs, self.parts = None, 0, {None: 0}
        # references, since an object's id may be given to another when it is gone
        self.known = {id(storage): storage for storage in (p.untyped_storage() for p in model.parameters())}
        self.hooks = []
        for number, block in enumerate(getattr(model, "blocks_in_order", list)()):
            self.hooks.append(block.register_forward_pre_hook(partial(self.enter, number)))
            self.hooks.append(block.register_forward_hook(self.leave))

    def enter(self, number, block, inputs):
        self.block = number
        self.inputs += self.new(inputs[0])

    def leave(self, block, inputs, output):
        self.block = None

    def pack(self, tensor: Tensor) -> Tensor:
        self.parts[self.block] = self.parts.get(self.block, 0) + self.new(tensor)
        return tensor

    def new(self, tensor: Tensor) -> int:
        """Bytes of its storage, 0 if that was counted before."""
        storage = tensor.untyped_storage()
        if id(storage) in self.known:
            return 0
        self.known[id(storage)] = storage
        return storage.nbytes()

    def end(self) -> None:
        for hook in self.hooks:
            hook.remove()

    @property
    def usual(self) -> int:
        return self.inputs + sum(self.parts.values())

    @property
    def recomputed(self) -> int:
        blocks = [count for block, count in self.parts.items() if block is not None]
        return self.inputs + self.parts[None] + max(blocks, default=0)
