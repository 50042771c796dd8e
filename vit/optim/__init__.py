"""Learning rates, clipping, decay, optimizers and averages (Sections 4.1, B.1, B.1.1; Tables 3 and 4).

Every function takes plain numbers, tensors or torch modules, and can be called without the rest of this repository; the
tasks call the same ones. Steps are counted from 0: step s is the update after s others.

    rate_factor(0, steps=100, warmup_steps=10, decay="cosine")           # 0.0
    clip_by_global_norm([gradient, another], 1.0)                        # in place; returns the norm there was
    optimizer = adam(model, lr=0.001, beta1=0.9, beta2=0.999, weight_decay=0.1)
"""

from vit.optim.clipping import CLIP_RULES, clip_by_global_norm, global_norm
from vit.optim.hyper_rule import bit_hyper_rule, bit_rate, bit_resolution
from vit.optim.momentum import Momentum
from vit.optim.optimizers import adam, kernels, make_optimizer, sgd
from vit.optim.polyak import Polyak
from vit.optim.schedules import cosine, learning_rate, linear, rate_factor, with_schedule

__all__ = [
    "CLIP_RULES",
    "Momentum",
    "Polyak",
    "adam",
    "bit_hyper_rule",
    "bit_rate",
    "bit_resolution",
    "clip_by_global_norm",
    "cosine",
    "global_norm",
    "kernels",
    "learning_rate",
    "linear",
    "make_optimizer",
    "rate_factor",
    "sgd",
    "with_schedule",
]
