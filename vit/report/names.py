"""How the paper's names are shown, and what stands in for them at a scale."""

import json

from vit.plan.schema import SCRATCH, SETS

TITLES = {
    "pretrain": "pre-training",
    "transfer": "transfer to",
    "tested_on": "tested on",
}  # of axes; the others are called as they are
JUDGED_OTHERWISE = {"steps", "epochs", "precision"}  # a shorter schedule is SHORT; the paper names no precision
PRINTED = {SCRATCH: "from scratch"}


def title(axis):
    return TITLES.get(axis, axis)


def text(value):
    """A value of an axis as one word or line."""
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return PRINTED.get(str(value), str(value))


def real_transfer(experiment, transfer):
    """The transfer set whose runs a cell reads: 'ImageNet ReaL' is another label set for the runs on ImageNet."""
    return experiment.same_run.get(transfer, {"transfer": transfer})["transfer"]


def entry(plan, experiment, axis, name):
    """The scale's DataEntry for a data set's name; None for 'none' and for what the scale leaves out."""
    if axis == "transfer":
        name = real_transfer(experiment, name)
    return getattr(plan.scale, axis).get(name)


def stand_in(plan, experiment, axis, name):
    """Name of what runs instead of a data set of the paper, or nothing where it is the set itself."""
    if axis not in SETS:
        return ""
    found = entry(plan, experiment, axis, name)
    return found.name if found and found.about else ""


def has_stand_in(plan, experiment, axes):
    """Does anything that the paper names in this cell differ at this scale?"""
    sets = any(stand_in(plan, experiment, axis, axes.get(axis)) for axis in SETS)
    settings = any(set(values) - JUDGED_OTHERWISE for values in plan.scale.recipes.values())
    return sets or settings or axes.get("model") in plan.scale.models


def percent(fraction):
    """'0.033%', '5%', '100%': two significant digits below one hundred."""
    return f"{100 * fraction:.2g}%" if fraction < 0.995 else f"{100 * fraction:.0f}%"


def span(values, show):
    """'3%' or '3% to 8%'."""
    low, high = show(min(values)), show(max(values))
    return low if low == high else f"{low} to {high}"
