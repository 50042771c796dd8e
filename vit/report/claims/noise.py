"""How much a cell would move if it were made again: pooled over the cells of a scale with one metric on one data set.

A cell's own two or three repeats say little about its spread; all cells together say it well. The spread of cells that
start from a pre-training is that between pre-trainings, from cells that have several.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import variance

import numpy as np

from vit.report.collect import Report
from vit.report.names import real_transfer, stand_in
from vit.report.results import Result
from vit.report.spread import by_pretraining, repeats

Kind = tuple[str, str, bool]  # metric, data set, does it start from a pre-training?


@dataclass(frozen=True)
class Pooled:
    """A variance, and the degrees of freedom that it was estimated with."""

    variance: float
    freedom: int


def kind_of(report: Report, result: Result) -> Kind:
    axes = result.cell.axes
    name = stand_in(report.plan, report.experiment, "transfer", axes["transfer"])
    own = name or real_transfer(report.experiment, axes["transfer"])
    return result.cell.metric, own, bool(result.cell.upstreams)


def pooled(reports: Iterable[Report]) -> dict[Kind, Pooled]:
    """Of each kind of cell; those without repeated pre-trainings are missing. A cell that two tables show counts once."""
    known, squares = set(), {}
    for report in reports:
        for result in report.planned:
            key = (result.cell.runs, result.cell.metric)
            if key in known or times_made(result) < 2:
                continue
            known.add(key)
            values = list(repeats(result.values).values())
            squares.setdefault(kind_of(report, result), []).append((variance(values), len(values) - 1))
    return {kind: pool(parts) for kind, parts in squares.items()}


def pool(parts: list[tuple[float, int]]) -> Pooled:
    """parts: (variance, degrees of freedom) of each cell."""
    freedom = sum(n for _, n in parts)
    return Pooled(sum(n * square for square, n in parts) / freedom, freedom)


def drawn(
    results: Iterable[tuple[Report, Result]], noise: dict[Kind, Pooled], generator: np.random.Generator, draws: int
) -> dict[int, np.ndarray] | None:
    """Id of a result -> its mean as it might have come out (draws,); None where the spread of one is not known.

    Cells of one pre-training share its deviation, so a good one is good on all data sets. The pooled variance is not known
    exactly either: each draw scales it by n / chi-squared(n), which makes intervals of one mean Student's.
    """
    deviations, scales, values = {}, {}, {}
    for report, result in results:
        kind = kind_of(report, result)
        if kind not in noise:
            return None
        chain = result.cell.upstreams or (result.cell.axes["model"], kind)
        if chain not in deviations:
            deviations[chain] = generator.standard_normal(draws)
        if kind not in scales:
            freedom = noise[kind].freedom
            scales[kind] = np.sqrt(noise[kind].variance * freedom / generator.chisquare(freedom, draws))
        values[id(result)] = result.mean + deviations[chain] * scales[kind] / np.sqrt(times_made(result))
    return values


def times_made(result: Result) -> int:
    """How many pre-trainings the cell's mean is over, or seeds from scratch: seeds of one pre-training repeat only the transfer."""
    return len(by_pretraining(result.values) if result.cell.upstreams else repeats(result.values))
