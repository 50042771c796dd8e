"""Means over a group of cells, such as the 19 tasks of VTAB (Section 4.1): unweighted, over complete groups only."""

import statistics
from collections.abc import Iterable
from dataclasses import replace

from vit.plan import Plan
from vit.plan.schema import Experiment
from vit.report.names import has_stand_in
from vit.report.paper_values import Published
from vit.report.results import Result
from vit.report.spread import Values
from vit.report.verdicts import MEANING, verdict, within


def group_means(plan: Plan, experiment: Experiment, published: Published | None, results: list[Result]) -> list[Result]:
    """For each of the experiment's `means`, one result per combination of the other axes."""
    return [
        group_mean(axis, label, group, plan, experiment, published)
        for axis, labels in experiment.means.items()
        for label, names in labels.items()
        for group in groups(axis, names, results)
    ]


def groups(axis: str, names: list[str], results: list[Result]) -> Iterable[list[Result]]:
    """Results that differ in `axis` alone."""
    by_rest = {}
    for result in results:
        if result.cell.axes.get(axis) in names:
            rest = {key: value for key, value in result.cell.axes.items() if key != axis}
            by_rest.setdefault(str(rest), []).append(result)
    return by_rest.values()


def group_mean(
    axis: str, label: str, group: list[Result], plan: Plan, experiment: Experiment, published: Published | None
) -> Result:
    """Our mean over the members that run at this scale, once all have a value; the paper's over all members.

    Where the paper has no values of the members (Figures 2 and 8), its mean is what it prints under the label.
    """
    planned = [result for result in group if result.cell.runs]
    ours = [result.mean for result in planned]
    mean = statistics.fmean(ours) if planned and None not in ours else None
    theirs, own = [result.paper for result in group], {**group[0].cell.axes, axis: label}
    paper = None if None in theirs else statistics.fmean(theirs)
    printed = published.value(own) if published and paper is None else None
    share = "" if len(planned) in (0, len(group)) else f" ({len(planned)} of {len(group)})"
    runs = tuple(run for result in planned for run in result.cell.runs)
    cell = replace(group[0].cell, axes={**group[0].cell.axes, axis: label + share}, runs=runs, choices=())
    tolerance = (
        published.paper.tolerance if published else None
    )  # of a mean of printed values, whose spread is not printed
    judged = group_verdict(group, planned, mean, paper, tolerance)
    if printed is not None:
        paper, tolerance = printed, published.tolerance(own)
        judged = printed_verdict(group, planned, mean, printed, tolerance, plan, experiment)
    records = tuple(record for result in planned for record in result.finished) if mean is not None else ()
    values = seed_means(planned) if mean is not None else {}
    number, figure = sum(result.planned for result in planned), published.figure(own) if published else {}
    return Result(cell, number, records, mean, None, paper, judged, values, figure=figure, tolerance=tolerance)


def seed_means(members: list[Result]) -> Values:
    """Seeds -> mean over the members; {} unless all have the same seeds."""
    seeds = members[0].values.keys()
    if any(member.values.keys() != seeds for member in members):
        return {}
    return {seed: statistics.fmean(member.values[seed] for member in members) for seed in seeds}


def group_verdict(
    group: list[Result], planned: list[Result], mean: float | None, paper: float | None, tolerance: float | None
) -> str:
    """The members' weakest verdict; if all may be compared, that of the mean, or STAND-IN for an incomplete group."""
    verdicts = {result.verdict for result in planned or group}
    if paper is not None and len(verdicts) > 1:  # of a mean that is printed, the paper may print only some members
        verdicts.discard("NO PAPER VALUE")
    if verdicts <= {"REPRODUCED", "OFF"}:
        complete = len(planned) == len(group)
        return within(mean, paper, tolerance) if complete else "STAND-IN"
    return next(name for name in reversed(MEANING) if name in verdicts)


def printed_verdict(
    group: list[Result],
    planned: list[Result],
    mean: float | None,
    paper: float,
    tolerance: float,
    plan: Plan,
    experiment: Experiment,
) -> str:
    """The verdict of a mean that the paper prints without those of the members; an incomplete group is a STAND-IN."""
    replaced = any(has_stand_in(plan, experiment, result.cell) for result in planned)
    return verdict(
        ours=mean, paper=paper, tolerance=tolerance,
        private=group[0].cell.axes.get("pretrain") in experiment.private, planned=len(planned),
        finished=0 if mean is None else len(planned), stand_in=replaced or len(planned) < len(group),
        schedule=min((share for result in planned for share in result.cell.schedule.values()), default=1),
    )  # fmt: skip
