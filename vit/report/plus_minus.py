"""What stands behind the ± of a table, in words: seeds of the transfer, or pre-trainings, and how large each spread is."""

from collections.abc import Callable, Iterable
from math import sqrt
from statistics import fmean

from vit.report.names import span
from vit.report.results import Result
from vit.report.spread import Values, by_pretraining, pretraining_spread, transfer_spread

KINDS = {  # what the cells start from -> what their ± is, and which spreads are known of them
    "from scratch": (
        "the sample standard deviation over {seeds} seeds, initialisation included",
        {"": transfer_spread},
    ),
    "one pre-training": (
        "the sample standard deviation over {seeds} seeds of the transfer; how much another pre-training would differ is not in it",
        {"": transfer_spread},
    ),
    "several pre-trainings": (
        "the sample standard deviation over {trainings} pre-trainings (seeds of the transfer for each: {seeds}, of which the mean counts)",
        {"between pre-trainings": pretraining_spread, "between seeds of one pre-training": transfer_spread},
    ),
}


def plus_minus(results: Iterable[Result]) -> list[str]:
    """A line for each kind of ±, with the root mean square of the spreads; [] for a table without ±."""
    shown = {}
    for result in results:
        if result.std is not None:
            shown.setdefault(kind(result), []).append(result)
    return [line(name, shown[name], alone=len(shown) == 1) for name in KINDS if name in shown]


def kind(result: Result) -> str:
    """A key of KINDS."""
    if not result.cell.upstream:
        return "from scratch"
    return "several pre-trainings" if len(by_pretraining(result.values)) > 1 else "one pre-training"


def line(name: str, results: list[Result], *, alone: bool) -> str:
    """alone: every ± of the table is of this kind."""
    text, spreads = KINDS[name]
    groups = [by_pretraining(result.values) for result in results]
    trainings = counted(map(len, groups))
    seeds = counted(len(members) for group in groups for members in group.values())
    where = "" if alone else f" ({name})"
    return f"±{where}: {text.format(trainings=trainings, seeds=seeds)}{typical(results, spreads)}"


def counted(numbers: Iterable[int]) -> str:
    """'3', or '2 to 3'."""
    return span(numbers, str)


def typical(results: list[Result], spreads: dict[str, Callable[[Values], float | None]]) -> str:
    """'; root mean square 0.52 between pre-trainings, 0.30 between seeds of one pre-training'; '' where none is known."""
    shown = []
    for words, function in spreads.items():
        known = [value for result in results if (value := function(result.values)) is not None]
        shown += [f"{sqrt(fmean(value**2 for value in known)):.2f} {words}".strip()] if known else []
    return f"; root mean square {', '.join(shown)}" if shown else ""
