"""Memory of a forward pass: the most bytes that its tensors hold at once (beside measured speed, Appendix D.5)."""

import weakref

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
