"""Which cells a claim compares: the results that its operands name, grouped by what plus and minus share."""

from dataclasses import dataclass

from vit.plan.resolve import holds
from vit.report.claims.claim import Claim
from vit.report.collect import Report
from vit.report.results import Result

Groups = dict[tuple, list[Result]]  # values of the shared axes -> results of an operand


@dataclass(frozen=True)
class Operands:
    """Of one claim on one transfer set: a mapping of groups for each entry of plus and of minus."""

    plus: tuple[Groups, ...]
    minus: tuple[Groups, ...]

    @property
    def keys(self) -> list[tuple]:
        """The groups that all operands have, in order."""
        first, *others = (*self.plus, *self.minus)
        return [key for key in first if all(key in other for other in others)]


def planned_by_set(report: Report) -> dict[str, list[Result]]:
    """Transfer set -> the results that run at this scale."""
    sets = {}
    for result in report.planned:
        sets.setdefault(result.cell.axes["transfer"], []).append(result)
    return sets


def operands(claim: Claim, report: Report, other: Report) -> dict[str, Operands]:
    """Transfer set -> operands, for the sets on which all of them have a group in common. other: of minus, for `ranks`."""
    plus, minus = planned_by_set(report), planned_by_set(other)
    shared = [axis for axis in axes_of(report) if axis not in {*named(claim), *claim.over, "transfer"}]
    found = {}
    for name, results in plus.items():
        against = minus.get(name, []) if claim.other is None else [r for some in minus.values() for r in some]
        pair = Operands(
            tuple(grouped(results, condition, shared) for condition in claim.plus),
            tuple(grouped(against, condition, shared) for condition in claim.minus),
        )
        if pair.keys:
            found[name] = pair
    return found


def axes_of(report: Report) -> list[str]:
    """Those of rows and columns: others only repeat what these say, such as the number of epochs of a model."""
    return [*report.experiment.rows, *report.experiment.columns]


def named(claim: Claim) -> set[str]:
    return {axis for condition in (*claim.plus, *claim.minus) for axis in condition}


def grouped(results: list[Result], condition: dict, axes: list[str]) -> Groups:
    groups = {}
    for result in results:
        if holds(condition, result.cell.axes):
            groups.setdefault(result.cell.key(axes), []).append(result)
    return groups
