"""Gradient clipping by the norm of all gradients together (captions of Tables 3 and 4)."""

import torch
from torch import nn


def global_norm(tensors):
    """Square root of the sum of squares over all elements of all tensors; a tensor of no dimension."""
    return torch.nn.utils.get_total_norm(list(tensors))


def official(gradients, norm, max_norm):
    """The authors' code: untouched below the limit, else g / norm * max_norm."""
    within = norm < max_norm
    torch._foreach_div_(gradients, torch.where(within, torch.ones_like(norm), norm))
    if max_norm != 1:
        torch._foreach_mul_(gradients, torch.where(within, torch.ones_like(norm), max_norm))


def torch_rule(gradients, norm, max_norm):
    """torch.nn.utils.clip_grad_norm_: norm + 1e-6 in place of the norm, a relative difference of 1e-6 / norm."""
    torch._foreach_mul_(gradients, torch.clamp(max_norm / (norm + 1e-6), max=1.0))


CLIP_RULES = {"official": official, "torch": torch_rule}


def clip_by_global_norm(tensors, max_norm, rule="official"):
    """Clip in place so that the norm is at most `max_norm`; returns the norm before (a tensor of no dimension).

    tensors: parameters, whose gradients are clipped (those without one are left out), or gradients themselves.
    rule: 'official' or 'torch', the two ways above.
    """
    gradients = [tensor.grad if isinstance(tensor, nn.Parameter) else tensor for tensor in tensors]
    gradients = [gradient for gradient in gradients if gradient is not None]
    norm = global_norm(gradients)
    if gradients:
        CLIP_RULES[rule](gradients, norm, max_norm)
    return norm
