"""Gradient clipping by global norm (captions of Tables 3 and 4)."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def global_norm(tensors: Iterable[Tensor]) -> Tensor:
    """Square root of the sum of squares over all elements of all tensors, a scalar tensor; of all parts of tensors that are sharded."""
    norm = torch.nn.utils.get_total_norm(list(tensors))
    return norm.full_tensor() if hasattr(norm, "full_tensor") else norm


def official(gradients, norm, max_norm):
    """The authors' code: unchanged below the limit, else g / norm * max_norm."""
    within = norm < max_norm
    # torch.where in place of an `if` keeps the norm on the device; two operations, as in the authors' code, round alike
    torch._foreach_div_(gradients, torch.where(within, torch.ones_like(norm), norm))
    if max_norm != 1:
        torch._foreach_mul_(gradients, torch.where(within, torch.ones_like(norm), max_norm))


def torch_rule(gradients, norm, max_norm):
    """torch.nn.utils.clip_grad_norm_: divides by norm + 1e-6, a relative difference of 1e-6 / norm."""
    torch._foreach_mul_(gradients, torch.clamp(max_norm / (norm + 1e-6), max=1.0))


def on_this_device(tensors: Iterable[Tensor]) -> list[Tensor]:
    """The parts of sharded tensors (DTensor) that this device has; other tensors as they are."""
    return [tensor.to_local() if hasattr(tensor, "to_local") else tensor for tensor in tensors]


CLIP_RULES = {"official": official, "torch": torch_rule}


def clip_by_global_norm(tensors: Iterable[Tensor], max_norm: float, rule: str = "official") -> Tensor:
    """Clip gradients in place to a global norm of at most `max_norm`; returns the norm before, a scalar tensor.

    tensors: parameters, whose gradients are clipped (without a gradient: skipped), or gradients.
    rule: 'official' or 'torch'.
    """
    gradients = [tensor.grad if isinstance(tensor, nn.Parameter) else tensor for tensor in tensors]
    gradients = [gradient for gradient in gradients if gradient is not None]
    norm = global_norm(gradients)
    if gradients:
        CLIP_RULES[rule](on_this_device(gradients), norm, max_norm)
    return norm
