"""Claims against what ran: the quantity, its 95% interval, a verdict, and the same quantity of the paper's own numbers."""

from collections.abc import Callable, Iterable, Mapping
from math import log2, log10

import numpy as np

from vit.errors import UserError
from vit.plan import Plan
from vit.report.claims.claim import Claim
from vit.report.claims.judged import FAILS, HOLDS, NOT_RUN, UNDECIDED, Judged
from vit.report.claims.measures import quantity
from vit.report.claims.noise import Kind, Pooled, drawn
from vit.report.claims.operands import Operands, operands
from vit.report.claims.words import in_words, rests_on, unit
from vit.report.collect import Report
from vit.report.results import Result

DRAWS = 4000
LEVEL = 0.95


def judge(name: str, claim: Claim, reports: Mapping[str, Report], noise: dict[Kind, Pooled]) -> Judged:
    """reports: by the names of experiments, the claim's own among them."""
    report, other = reports[claim.experiment], reports[claim.other or claim.experiment]
    sets = operands(claim, report, other)
    used = used_results(claim, sets)
    known = {
        "name": name, "statement": claim.statement, "section": claim.section, "threshold": claim.threshold, "direction": claim.side,
        "quantity": in_words(claim, report, sets), "unit": unit(claim, used), "note": claim.note,
        "rests_on": rests_on(report, other, used), "experiments": tuple(dict.fromkeys([claim.experiment, claim.other or claim.experiment])),
        "paper": papers(claim, report, sets, used),
    }  # fmt: skip
    missing = [result for result in used if result.mean is None or len(result.finished) < result.planned]
    if not used or missing:
        return Judged(verdict=NOT_RUN, value=None, low=None, high=None, **known)
    ours = {id(result): np.array([result.mean]) for result in used}
    value = over_sets(claim, sets, ours, spent(claim, report))
    if value is None:
        return Judged(verdict=UNDECIDED, value=None, low=None, high=None, **known)
    interval = interval_of(claim, report, other, sets, used, noise)
    low, high = interval or (None, None)
    return Judged(verdict=verdict(claim, interval), value=float(value[0]), low=low, high=high, **known)


def used_results(claim: Claim, sets: Mapping[str, Operands]) -> list[Result]:
    """What the quantity rests on, each result once."""
    everything = claim.measure in ("equal_compute", "ranks")
    found = {}
    for pair in sets.values():
        keys = {key for groups in (*pair.plus, *pair.minus) for key in groups} if everything else pair.keys
        for groups in (*pair.plus, *pair.minus):
            found |= {id(result): result for key in keys for result in groups.get(key, ())}
    return list(found.values())


def over_sets(
    claim: Claim,
    sets: Mapping[str, Operands],
    values: Mapping[int, np.ndarray],
    position: Callable[[Result], float],
    generator: np.random.Generator | None = None,
) -> np.ndarray | None:
    """Mean over the transfer sets (D,); with a generator each draw takes as many sets, with replacement."""
    each = [quantity(claim, pair, values, position) for pair in sets.values()]
    each = [some for some in each if some is not None]
    if not each:
        return None
    each = np.stack(each)  # (sets, D)
    if generator is None:
        return each.mean(axis=0)
    taken = generator.integers(len(each), size=each.shape)
    return np.take_along_axis(each, taken, axis=0).mean(axis=0)


def interval_of(
    claim: Claim,
    report: Report,
    other: Report,
    sets: Mapping[str, Operands],
    used: list[Result],
    noise: dict[Kind, Pooled],
) -> tuple[float, float] | None:
    """95% of what the quantity might have been with other pre-trainings, seeds and transfer sets; None if that is not known."""
    generator = np.random.default_rng(0)
    owners = [(report if any(result is mine for mine in report.results) else other, result) for result in used]
    values = drawn(owners, noise, generator, DRAWS)
    if values is None:
        return None
    quantities = over_sets(claim, sets, values, spent(claim, report), generator)
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(quantities, [tail, 100 - tail])
    return float(low), float(high)


def verdict(claim: Claim, interval: tuple[float, float] | None) -> str:
    """HOLDS or DOES NOT HOLD where the whole interval is on one side of the threshold."""
    if interval is None:
        return UNDECIDED
    (low, high), threshold = interval, claim.threshold
    holds, fails = {
        "above": (low > threshold, high < threshold),
        "below": (high < threshold, low > threshold),
        "within": (-threshold < low and high < threshold, low > threshold or high < -threshold),
    }[claim.side]
    return HOLDS if holds else FAILS if fails else UNDECIDED


def spent(claim: Claim, report: Report) -> Callable[[Result], float]:
    """The horizontal axis of the claim's measure, from our runs."""
    if claim.measure == "slope_data":
        return lambda result: log10(images_of(report.plan, result))
    return lambda result: log2(report.finished[result.cell.upstream]["flops"])


def images_of(plan: Plan, result: Result) -> float:
    """In the pre-training set, or the subset of it that is used."""
    if not result.cell.upstreams:
        raise UserError(f"claims.yaml: slope_data: {result.cell.axes['model']} is trained from scratch, on no images")
    run = plan.runs[result.cell.upstream]
    subset = run.config["data"]["init_args"].get("subset", 1.0)
    return subset * run.set_images if subset <= 1 else subset


def papers(claim: Claim, report: Report, sets: Mapping[str, Operands], used: Iterable[Result]) -> float | None:
    """The quantity of the published numbers; None where one is missing, or where it needs costs that were not published."""
    published = {id(result): np.array([result.paper]) for result in used if result.paper is not None}
    if len(published) < len(list(used)) or not published or claim.measure in ("slope_compute", "ranks"):
        return None
    try:
        value = over_sets(claim, sets, published, papers_position(claim, report))
    except KeyError:
        return None
    return None if value is None else float(value[0])


def papers_position(claim: Claim, report: Report) -> Callable[[Result], float]:
    """The horizontal axis from published numbers: exaFLOPs of the row, or the size of the paper's own set."""
    if claim.measure == "slope_data":
        sizes = report.plan.papers_scale.pretrain
        return lambda result: log10(
            sizes[result.cell.axes["pretrain"]].images * result.cell.axes.get("pretrain.subset", 1)
        )
    return lambda result: log2(report.costs[result.cell.key(report.experiment.rows)].exact)
