"""Learning-rate schedules: linear warm-up times a decay (Tables 3 and 4; start and end as in the authors' code)."""

import math
from collections.abc import Sequence

import torch


def cosine(progress: float) -> float:
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def linear(progress: float) -> float:
    """A straight line from 1 to 0."""
    return 1 - progress


DECAYS = {"cosine": cosine, "linear": linear}
WARMUP_FROM = {"zero": 0, "one": 1}  # the count of the first update; at 0 a warm-up gives it rate 0


def rate_factor(
    step: int,
    *,
    steps: int,
    warmup_steps: int,
    decay: str,
    end: float = 0.0,
    drops: Sequence[int] = (),
    warmup_from: str = "zero",
) -> float:
    """Learning rate at update `step` (0, 1, ..., steps - 1) as a fraction of the base rate.

    Linear warm-up over `warmup_steps`, times a decay over the remaining steps:
        "cosine"     half a cosine to 0
        "linear"     a line to `end`, a fraction of the base rate too
        "staircase"  a tenth after each step in `drops`
    warmup_from: "zero", as in the authors' code, whose first update has rate 0 if there is a warm-up; "one" counts every
    step one higher.
    """
    check(steps=steps, warmup_steps=warmup_steps, decay=decay, end=end, drops=drops)
    count = step + WARMUP_FROM[warmup_from]
    warmup = min(1.0, count / warmup_steps) if warmup_steps else 1.0
    if decay == "staircase":
        return warmup / 10 ** sum(drop < count for drop in drops)  # < and not <=: BiT's code drops one step later
    # the decay runs over the steps after the warm-up, during which progress is 0
    progress = min(max((count - warmup_steps) / (steps - warmup_steps), 0.0), 1.0)
    return warmup * (end + (1 - end) * DECAYS[decay](progress))


def check(*, steps: int, warmup_steps: int, decay: str, end: float, drops: Sequence[int]) -> None:
    """ValueError for a schedule whose parts contradict each other."""
    if decay not in (*DECAYS, "staircase"):
        raise ValueError(f"decay must be 'cosine', 'linear' or 'staircase', not {decay!r}")
    if warmup_steps >= steps:
        raise ValueError(f"warmup_steps ({warmup_steps}) must be smaller than the number of steps ({steps})")
    if end and decay != "linear":
        raise ValueError(f"linear_end is the end of decay 'linear'; with '{decay}' it must be 0")
    if bool(drops) != (decay == "staircase"):
        raise ValueError(f"drops {list(drops)} with decay '{decay}': only 'staircase' takes drops, and it needs some")
    bounds = [warmup_steps, *drops, steps]
    if drops and bounds != sorted(set(bounds)):
        raise ValueError(f"drops {list(drops)} must rise from warmup_steps ({warmup_steps}) to the last step ({steps})")


def with_schedule(
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    warmup_steps: int,
    decay: str,
    linear_end: float = 0.0,
    drops: Sequence[int] = (),
    warmup_from: str = "zero",
) -> dict:
    """Return value of LightningModule.configure_optimizers: the optimizer with a schedule stepped once per update.

    linear_end: a rate, not a fraction. Raises ValueError as `check` does.
    """
    end = (
        linear_end / optimizer.defaults["lr"] if linear_end else 0.0
    )  # vision_transformer states a rate, big_vision a fraction
    schedule = dict(steps=steps, warmup_steps=warmup_steps, decay=decay, end=end, drops=drops, warmup_from=warmup_from)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_factor(step, **schedule))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
