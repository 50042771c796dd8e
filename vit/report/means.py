"""Means over a group of cells, such as the 19 tasks of VTAB (Section 4.1): unweighted, and only of complete groups."""

import statistics
from dataclasses import replace

from vit.report.results import Result
from vit.report.verdicts import MEANING, within


def group_means(experiment, results):
    """For every `means` of the experiment, one result for each combination of the other axes."""
    return [
        _mean(axis, label, group, experiment)
        for axis, labels in experiment.means.items()
        for label, names in labels.items()
        for group in _groups(axis, names, results)
    ]


def _groups(axis, names, results):
    """Results that differ in the axis alone, as lists."""
    groups = {}
    for result in results:
        if result.cell.axes.get(axis) in names:
            rest = {key: value for key, value in result.cell.axes.items() if key != axis}
            groups.setdefault(str(rest), []).append(result)
    return groups.values()


def _mean(axis, label, group, experiment):
    """Of the members that run at this scale; ours waits for all of them, the paper's needs all of the group."""
    planned = [result for result in group if result.cell.runs]
    ours = [result.mean for result in planned]
    mean = statistics.fmean(ours) if planned and None not in ours else None
    theirs = [result.paper for result in group]
    paper = None if None in theirs else statistics.fmean(theirs)
    share = "" if len(planned) in (0, len(group)) else f" ({len(planned)} of {len(group)})"
    runs = tuple(run for result in planned for run in result.cell.runs)
    cell = replace(group[0].cell, axes={**group[0].cell.axes, axis: label + share}, runs=runs, choices=())
    verdict = _verdict(group, planned, mean, paper, experiment)
    complete = tuple(metrics for result in planned for metrics in result.finished) if mean is not None else ()
    return Result(cell, sum(result.planned for result in planned), complete, mean, None, paper, verdict)


def _verdict(group, planned, mean, paper, experiment):
    """The weakest of the members'; where all may be compared, of the mean itself. Half a group stands in for the whole."""
    said = {result.verdict for result in planned or group}
    if said <= {"REPRODUCED", "OFF"}:
        complete = len(planned) == len(group)
        return within(mean, paper, experiment.paper["tolerance"]) if complete else "STAND-IN"
    return next(one for one in reversed(MEANING) if one in said)
