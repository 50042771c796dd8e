"""Counted cost: forward FLOPs and parameters of a model, by torch's own counter on the meta device (Table 6)."""

import json
import math
from functools import lru_cache

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vit.atomic import write_text
from vit.models import create_model
from vit.plan.costs import TRAINING, code_digest, costs_file, model_key, planned_keys


@lru_cache
def _count(key):
    model, options, image_size = json.loads(key)
    with torch.device("meta"):
        network = create_model(model, image_size=image_size, **options).eval()
        images = torch.empty(1, 3, image_size, image_size)
    return {"flops": forward_flops(network, images), "parameters": sum(p.numel() for p in network.parameters())}


def forward_flops(network, images):
    """FLOPs of a forward pass, two a multiply-add. Products with the zeros around an image are no work and not counted.

    The paper does not say so, but this explains Figure 5 to 1%, which counting them misses by 4% for the ResNets; XLA's
    cost analysis counts the same way. torch's counter counts every place of a kernel, so hooks see what to take off.
    """
    padding = []
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    hooks = [
        part.register_forward_hook(lambda part, inputs, output: padding.append(flops_on_padding(part, *inputs, output)))
        for part in convolutions
    ]
    with FlopCounterMode(display=False) as counter:
        network(images)
    for hook in hooks:
        hook.remove()
    return counter.get_total_flops() - sum(padding)


def flops_on_padding(convolution, image, output):
    """FLOPs of a convolution at places of its kernel that lie outside the image."""
    sides, kernel = zip(image.shape[2:], output.shape[2:], strict=True), convolution.kernel_size
    axes = zip(sides, kernel, convolution.stride, convolution.padding, strict=True)
    inside = math.prod(places_inside(*side, *axis) for side, *axis in axes)
    everywhere = math.prod(kernel) * math.prod(output.shape[2:])
    return 2 * len(image) * math.prod(convolution.weight.shape[:2]) * (everywhere - inside)


def places_inside(size, outputs, kernel, stride, padding):
    """Along one axis: how often a place of the kernel falls on one of the `size` pixels, over all outputs.

    What a module pads without declaring it is SAME padding (vit/models/hybrid.py), the smaller half of it in front.
    """
    before = padding or max((outputs - 1) * stride + kernel - size, 0) // 2
    starts = range(-before, outputs * stride - before, stride)
    return sum(0 <= start + place < size for start in starts for place in range(kernel))


def training_flops(run):
    """FLOPs of a run: forward and backward passes of every image."""
    return TRAINING * _count(model_key(run))["flops"] * run.images


def write_costs(plan):
    """results/SCALE/costs.json: the cost of every model that the plan trains."""
    models = {key: _count(key) for key in planned_keys(plan)}
    write_text(costs_file(plan.scale_name), json.dumps({"code": code_digest(), "models": models}, indent=1) + "\n")
