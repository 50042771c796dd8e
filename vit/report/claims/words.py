"""A claim's quantity and the numbers behind it, in words."""

from collections.abc import Mapping

from vit.plan.units import UNITS
from vit.report.claims.claim import Claim
from vit.report.claims.operands import Operands, axes_of
from vit.report.collect import Report
from vit.report.names import cell_text, stand_in, text
from vit.report.results import Result
from vit.report.spread import by_pretraining

MEASURED = {
    "mean": "{}",
    "best": "the best {over} of {}",
    "range": "largest minus smallest over {over} of {}",
    "slope_data": "the slope over ten times the pre-training images of {}",
    "slope_compute": "the slope over a doubling of pre-training FLOPs of {}",
    "equal_compute": "{} above the line through {}, at equal pre-training FLOPs",
    "ranks": "Spearman's rank correlation over {over} of {} and {}",
}


def in_words(claim: Claim, report: Report, sets: Mapping[str, Operands]) -> str:
    """'JFT-300M minus ImageNet, mean over 3 groups and 3 transfer sets'."""
    plus, minus = (operand_text(part) for part in (claim.plus, claim.minus))
    over = " and ".join(claim.over)
    words = MEASURED[claim.measure].format(plus, minus, over=over)
    if claim.minus and claim.measure not in ("equal_compute", "ranks"):
        factor = "" if claim.factor == 1 else f"{claim.factor:g} times "
        words += f" minus {factor}{minus}"
    groups = {key for pair in sets.values() for key in pair.keys}
    shared = [f"{len(groups)} {'pairs' if claim.minus else 'groups'}"] if len(groups) > 1 else []
    shared += [f"{len(sets)} transfer sets"] if len(sets) > 1 else []
    return words + (f"; mean over {' and '.join(shared)}" if shared else "")


def operand_text(conditions: list[dict]) -> str:
    """'ViT-L/16 on JFT-300M' of [{model: ViT-L/16, pretrain: JFT-300M}]; a sum where there are several."""
    return " plus ".join(condition_text(condition) for condition in conditions)


def condition_text(condition: dict) -> str:
    parts = [
        " or ".join(map(text, value)) if isinstance(value, list) else value_text(axis, value)
        for axis, value in condition.items()
    ]
    return f"({', '.join(parts)})" if len(parts) > 1 else parts[0] if parts else "all"


def value_text(axis: str, value: object) -> str:
    """Bare numbers are preceded by their axis."""
    return f"{axis} {text(value)}" if isinstance(value, int | float) else text(value)


def unit(claim: Claim, used: list[Result]) -> str:
    """'points', 'points per factor of ten', 'px' ..."""
    if claim.measure == "ranks":
        return "correlation"
    units = {UNITS.get(result.cell.metric, "points") for result in used} or {"points"}
    per = {"slope_data": " per factor of ten", "slope_compute": " per doubling"}.get(claim.measure, "")
    return " or ".join(sorted(units)) + per


def rests_on(report: Report, other: Report, used: list[Result]) -> tuple[str, ...]:
    mine = {id(result) for result in report.results}
    return tuple(number_text(report if id(result) in mine else other, result) for result in used)


def number_text(report: Report, result: Result) -> str:
    """'table5: ImageNet, CIFAR-10 (mnist-5k), ViT-B/16: 85.55 ±0.21 (1 pre-training, 2 seeds)'."""
    axes = [(axis, cell_text(result.cell, axis)) for axis in axes_of(report)]
    own = {axis: stand_in(report.plan, report.experiment, axis, name) for axis, name in axes}
    names = ", ".join(f"{name} ({own[axis]})" if own[axis] else name for axis, name in axes)
    if result.mean is None:
        return f"{report.name}: {names}: not finished"
    spread = f" ±{result.std:.2f}" if result.std is not None else ""
    trainings, runs = len(by_pretraining(result.values)), len(result.values)
    started = f"{trainings} pre-training{'s' * (trainings != 1)}, " if result.cell.upstreams else ""
    return f"{report.name}: {names}: {result.mean:.2f}{spread} ({started}{runs} run{'s' * (runs != 1)})"
