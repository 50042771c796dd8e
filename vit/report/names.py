"""How the paper's names are printed, and which data set or model stands in for them at a scale."""

import json
import re
from collections.abc import Callable, Iterable

from vit.plan import Cell, Plan
from vit.plan.schema import SCRATCH, SETS, DataEntry, EvaluationEntry, Experiment
from vit.report.verdicts import FULL_SCHEDULE

TITLES = {
    "pretrain": "pre-training",
    "transfer": "transfer to",
    "tested_on": "tested on",
}  # axis -> its printed name; other axes keep their names
BARE = re.compile(r"x?\d+(\.\d+)?(e-\d+)?|null|true|false")  # values, also multiples, that alone would not say of what
# a shorter schedule is SHORT; the paper names no precision; watching a run changes no number
JUDGED_OTHERWISE = {"steps", "epochs", "precision", "inspect_every"}


def title(axis: str) -> str:
    return TITLES.get(axis, axis)


def text(value: object) -> str:
    """A value on one line; '' for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def axis_text(axis: str, value: object) -> str:
    """How a value of an axis is printed: without pre-training is 'from scratch'; 'none' of another axis stays 'none'."""
    return "from scratch" if axis == "pretrain" and value == SCRATCH else text(value)


def cell_text(cell: Cell, axis: str) -> str:
    """A cell's value of an axis as printed: 'null' where a value of a recipe is stated so, '' where there is none."""
    value = cell.axes.get(axis)
    return "null" if value is None and axis in cell.axes and "." in axis else axis_text(axis, value)


def with_axis(axis: str, printed: str) -> str:
    """'registers 4', 'pretrain.lr x0.3': a number, null, true and false after their axis; any other text alone."""
    return f"{title(axis)} {printed}" if BARE.fullmatch(printed) else printed


def key_texts(axes: Iterable[str], key: Iterable[object]) -> tuple[str, ...]:
    """How the values of these axes are printed."""
    return tuple(axis_text(axis, value) for axis, value in zip(axes, key, strict=True))


def family_of(model: str) -> str:
    """'ViT', 'ResNet' or 'hybrid'."""
    return "hybrid" if "+" in model else "ResNet" if "ResNet" in model else "ViT"


def printed_in(experiment: Experiment) -> str:
    """The word beside a published number: 'paper', or what else the experiment says that it is from."""
    return (experiment.paper or {}).get("printed_in", "paper")


def real_transfer(experiment: Experiment, transfer: str | None) -> str | None:
    """The transfer set whose runs a cell reads: 'ImageNet ReaL' is another label set for the runs on ImageNet."""
    return experiment.same_run.get(transfer, {"transfer": transfer})["transfer"]


def data_entry(plan: Plan, experiment: Experiment, axis: str, name: str | None) -> DataEntry | EvaluationEntry | None:
    """The scale's entry for a data set; None for 'none' and for sets that the scale leaves out."""
    if axis == "transfer":
        name = real_transfer(experiment, name)
    return getattr(plan.scale, axis).get(name)


def stand_in(plan: Plan, experiment: Experiment, axis: str, name: str | None) -> str:
    """Short name of the set that replaces a data set of the paper; '' where it is the paper's own, or no data set."""
    if axis not in SETS:
        return ""
    entry = data_entry(plan, experiment, axis, name)
    theirs = getattr(plan.papers_scale, axis).get(real_transfer(experiment, name) if axis == "transfer" else name)
    untold = entry and theirs and images_of(entry) != images_of(theirs)  # the scale has no `about`
    return entry.name if entry and (entry.about or untold) else ""


def images_of(entry: DataEntry | EvaluationEntry) -> tuple:
    """What decides which images a data set holds: its class, their number where it is trained on, and arguments."""
    return entry.data, getattr(entry, "images", None), entry.args


def has_stand_in(plan: Plan, experiment: Experiment, cell: Cell) -> bool:
    """Does a data set, the model or a setting of the cell differ from the paper at this scale?"""
    sets = any(stand_in(plan, experiment, axis, cell.axes.get(axis)) for axis in SETS)
    settings = any(set(values) - JUDGED_OTHERWISE for values in plan.scale.recipes.values())
    longer = max(cell.schedule.values(), default=1) > 1 / FULL_SCHEDULE
    return sets or settings or longer or cell.axes.get("model") in plan.scale.models


def as_percent(fraction: float) -> str:
    """'0.033%', '5%', '100%': two significant digits below one hundred."""
    return f"{100 * fraction:.2g}%" if fraction < 0.995 else f"{100 * fraction:.0f}%"


def span(values: Iterable[float], show: Callable[[float], str]) -> str:
    """'3%' or '3% to 8%'."""
    values = list(values)
    low, high = show(min(values)), show(max(values))
    return low if low == high else f"{low} to {high}"
