"""Learning rates by step: linear warm-up times a decay (Tables 3 and 4; the start and the end are the authors' code's)."""

import math

import torch


def cosine(progress):
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def linear(progress):
    """A straight line from 1 to 0."""
    return 1 - progress


FALLS = {"cosine": cosine, "linear": linear}
FIRST = {"zero": 0, "one": 1}  # the count of the first update: at 0 a warm-up keeps it from moving anything


def rate_factor(step, *, steps, warmup_steps, decay, end=0.0, drops=(), warmup_from="zero"):
    """Learning rate at an update (0, 1, ..., steps - 1) as a fraction of the base rate; a float.

    Linear warm-up over `warmup_steps`, times the decay over what is left of `steps`:
        "cosine"     half a cosine to 0
        "linear"     a line to `end`, a fraction of the base rate too (learning_rate takes an absolute one)
        "staircase"  a tenth after each step in `drops`: the drop is seen one step later, as in BiT's code
    warmup_from: "zero", as in the authors' code, whose first update has rate 0 if there is a warm-up; "one" counts
    every step one higher.
    """
    check(steps=steps, warmup_steps=warmup_steps, decay=decay, end=end, drops=drops)
    count = step + FIRST[warmup_from]
    warmup = min(1.0, count / warmup_steps) if warmup_steps else 1.0
    if decay == "staircase":
        return warmup / 10 ** sum(drop < count for drop in drops)
    progress = min(max((count - warmup_steps) / (steps - warmup_steps), 0.0), 1.0)
    return warmup * (end + (1 - end) * FALLS[decay](progress))


def check(*, steps, warmup_steps, decay, end, drops):
    """Refuse a schedule whose parts do not go together."""
    if decay not in (*FALLS, "staircase"):
        raise ValueError(f"decay is 'cosine', 'linear' or 'staircase', not {decay!r}")
    if warmup_steps >= steps:
        raise ValueError(f"warmup_steps ({warmup_steps}) must be smaller than the number of steps ({steps})")
    if end and decay != "linear":
        raise ValueError(f"linear_end is the end of decay 'linear'; with '{decay}' it must be 0")
    if bool(drops) != (decay == "staircase"):
        raise ValueError(f"drops {list(drops)} with decay '{decay}': 'staircase' needs them, no other decay has any")
    places = [warmup_steps, *drops, steps]
    if drops and places != sorted(set(places)):
        raise ValueError(f"drops {list(drops)} must rise from warmup_steps ({warmup_steps}) to the last step ({steps})")


def learning_rate(step, *, lr, linear_end=0.0, **schedule):
    """The rate itself: `lr` is its peak, `linear_end` where decay "linear" ends (1e-5 in vision_transformer, 0 in the paper).

    The rest as in rate_factor.
    """
    return lr * rate_factor(step, end=linear_end / lr if linear_end else 0.0, **schedule)


def with_schedule(optimizer, *, steps, warmup_steps, decay, linear_end=0.0, drops=(), warmup_from="zero"):
    """What LightningModule.configure_optimizers returns: the optimizer and its rate, stepped once an update.

    `linear_end` is a rate, not a fraction. Errors: ValueError where the parts of the schedule do not go together.
    """
    end = linear_end / optimizer.defaults["lr"] if linear_end else 0.0
    schedule = dict(steps=steps, warmup_steps=warmup_steps, decay=decay, end=end, drops=drops, warmup_from=warmup_from)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_factor(step, **schedule))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
