"""Learning rates, clipping, weight decay, optimizers and averages (Sections 4.1, B.1, B.1.1; Tables 3 and 4).

Functions take plain numbers, tensors or torch modules and need nothing else of this repository. Steps count from 0.

    rate_factor(0, steps=100, warmup_steps=10, decay="cosine")           # 0.0
    clip_by_global_norm(model.parameters(), 1.0)                         # in place; returns the norm before clipping
    optimizer = adam(model, lr=0.001, beta1=0.9, beta2=0.999, weight_decay=0.1)
"""

from vit.optim.clipping import CLIP_RULES, clip_by_global_norm, global_norm
from vit.optim.lamb import Lamb
from vit.optim.lion import Lion
from vit.optim.momentum import Momentum
from vit.optim.optimizers import adam, kernels, make_optimizer, sgd
from vit.optim.polyak import Polyak
from vit.optim.schedules import cosine, linear, rate_factor, with_schedule

__all__ = [
    "CLIP_RULES",
    "Lamb",
    "Lion",
    "Momentum",
    "Polyak",
    "adam",
    "clip_by_global_norm",
    "cosine",
    "global_norm",
    "kernels",
    "linear",
    "make_optimizer",
    "rate_factor",
    "sgd",
    "with_schedule",
]
