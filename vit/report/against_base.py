"""Each cell against the experiment's base: the cell of the same row and column in which the axes of `base` have its values."""

from dataclasses import replace

from vit.plan.schema import Experiment
from vit.report.intervals import NO_INTERVAL, PAIRED, WELCH, difference
from vit.report.names import axis_text, title
from vit.report.results import Result
from vit.report.spread import by_pretraining, repeats

METHODS = {
    PAIRED: "paired t: Student's t on the differences between equal seeds",
    WELCH: "Welch's t: where the finished seeds of the two cells are not the same",
    NO_INTERVAL: "no interval: one of the two cells has a single finished seed, which shows no spread",
}
BELOW = "below each other number, its difference to the base cell that is equal otherwise, in points, with a 95% interval over seeds"


def with_differences(experiment: Experiment, results: list[Result]) -> list[Result]:
    """The results, each with `to_base` where it and its base have numbers; the base itself has none."""
    if not experiment.base:
        return results
    by_key = {cell_key(experiment, result): result for result in results}
    return [compared(experiment, result, by_key.get(base_key(experiment, result))) for result in results]


def compared(experiment: Experiment, result: Result, base: Result | None) -> Result:
    if base is None or is_base(experiment, result) or not result.values or not base.values:
        return result
    return replace(result, to_base=difference(repeats(result.values), repeats(base.values)))


def cell_key(experiment: Experiment, result: Result) -> tuple:
    return result.cell.key([*experiment.rows, *experiment.columns])


def base_key(experiment: Experiment, result: Result) -> tuple:
    base = replace(result.cell, axes={**result.cell.axes, **experiment.base})
    return base.key([*experiment.rows, *experiment.columns])


def is_base(experiment: Experiment, result: Result) -> bool:
    return bool(experiment.base) and cell_key(experiment, result) == base_key(experiment, result)


def base_name(experiment: Experiment) -> str:
    """'gelu tanh'."""
    return ", ".join(f"{title(axis)} {axis_text(axis, value) or 'null'}" for axis, value in experiment.base.items())


def base_text(experiment: Experiment, result: Result) -> str:
    """What a table says below the number: 'base', or 'to base -0.40 [-2.94, +2.14]'; '' where there is nothing to say."""
    if is_base(experiment, result):
        return "base" if result.values else ""
    if result.to_base is None:
        return ""
    interval = result.to_base.interval
    spread = f"[{signed(interval[0])}, {signed(interval[1])}]" if interval else f"({NO_INTERVAL})"
    return f"to base {signed(result.to_base.mean)} {spread}"


def signed(points: float) -> str:
    return f"{round(points, 2) + 0.0:+.2f}"  # no '-0.00'


def explanation(experiment: Experiment, results: list[Result]) -> list[str]:
    """What the differences are, and what their intervals hold; [] without a base."""
    if not experiment.base:
        return []
    methods = {result.to_base.method for result in results if result.to_base}
    lines = [
        f"the base is {base_name(experiment)}: {BELOW}",
        *(meaning for method, meaning in METHODS.items() if method in methods),
    ]
    compared = [result for result in results if result.to_base and result.cell.upstream]
    single = [result for result in compared if len(by_pretraining(result.values)) < 2]
    if single:
        lines.append(
            "the seeds repeat the transfer; a cell has one pre-training, and how much another would differ is in no interval"
        )
    if len(single) < len(compared):
        lines.append("where a cell has several pre-trainings the seeds are theirs, each the mean of its transfer seeds")
    return lines
