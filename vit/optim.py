"""Optimizers and schedules as functions (Sections 4.1, B.1, B.1.1; Tables 3 and 4).

The paper says Adam with weight decay and SGD with momentum; how the decay enters and which parameters it reaches is in
the authors' code only: decoupled, on kernels (weights of linear maps and convolutions), multiplied by the learning rate.
"""

import math

import torch
from torch import nn


def cosine(progress):
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def linear(progress):
    """A straight line from 1 to 0."""
    return 1 - progress


DECAYS = {"cosine": cosine, "linear": linear}


def rate_factor(step, *, steps, warmup_steps, decay):
    """Learning rate at an update (0, 1, ...) as a fraction of the base rate: linear warm-up from 0 times the decay of what is left.

    The first update has factor 0 when there is a warm-up, as in the authors' code.
    """
    progress = min(max((step - warmup_steps) / (steps - warmup_steps), 0.0), 1.0)
    warmup = min(1.0, step / warmup_steps) if warmup_steps else 1.0
    return warmup * DECAYS[decay](progress)


def with_schedule(optimizer, *, steps, warmup_steps, decay):
    """What LightningModule.configure_optimizers returns: the optimizer and its rate, stepped once an update."""
    if warmup_steps >= steps:
        raise ValueError(f"warmup_steps ({warmup_steps}) must be smaller than the number of steps ({steps})")
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate_factor(step, steps=steps, warmup_steps=warmup_steps, decay=decay)
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def kernels(model):
    """Parameters that weight decay reaches: weights of linear maps and convolutions. Not biases, norms, class token, positions."""
    return [module.weight for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]


def adam(model, *, lr, beta1, beta2, weight_decay):
    """Adam with decoupled weight decay on kernels (Table 3); `weight_decay` multiplies the learning rate."""
    decayed = kernels(model)
    chosen = {id(parameter) for parameter in decayed}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(beta1, beta2), eps=1e-8)


def sgd(model, *, lr, momentum):
    """SGD with momentum, no weight decay (Table 4)."""
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
