"""What a claim computes, on numbers made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr

from vit.plan.cells import Cell
from vit.report.claims.claim import Claim
from vit.report.claims.measures import quantity
from vit.report.claims.operands import operands


def report_of(values, rows=("model",), columns=("transfer",)):
    """values: tuple of axes' values (model, size, transfer) -> percent; an experiment with a result for each."""
    results = [
        SimpleNamespace(
            cell=Cell("e", dict(zip(("model", "size", "transfer"), key, strict=True)), ("run",)), mean=value
        )
        for key, value in values.items()
    ]
    experiment = SimpleNamespace(rows=list(rows), columns=list(columns))
    return SimpleNamespace(planned=results, results=results, experiment=experiment)


def measured(report, *, positions=None, against=None, **fields):
    """Transfer set -> quantity. positions: size -> place on the horizontal axis."""
    claim = Claim(**{"statement": "", "section": "", "experiment": "e", "minus": [], "above": 0, **fields})
    sets = operands(claim, report, against or report)
    everything = [*report.results, *(against.results if against else ())]
    values = {id(result): np.array([float(result.mean)]) for result in everything}
    numbers = {
        name: quantity(claim, pair, values, lambda r: positions[r.cell.axes["size"]]) for name, pair in sets.items()
    }
    return {name: None if number is None else float(number[0]) for name, number in numbers.items()}


def test_a_mean_compares_what_has_equal_other_axes():
    values = {("A", "s", "X"): 70, ("B", "s", "X"): 60, ("A", "l", "X"): 80, ("B", "l", "X"): 90, ("A", "xl", "X"): 10}
    report = report_of({**values, ("A", "s", "Y"): 50, ("B", "s", "Y"): 45}, rows=("model", "size"))
    found = measured(report, plus=[{"model": "A"}], minus=[{"model": "B"}])
    assert found == {"X": ((70 - 60) + (80 - 90)) / 2, "Y": 5}  # size xl has no partner


def test_sums_and_a_factor():
    report = report_of({("A", "s", "X"): 70, ("B", "s", "X"): 60, ("C", "s", "X"): 10})
    assert measured(report, plus=[{"model": "A"}, {"model": "C"}], minus=[{"model": "B"}], factor=0.5) == {
        "X": 70 + 10 - 30
    }


def test_several_names_are_one_mean():
    report = report_of({("A", "s", "X"): 70, ("B", "s", "X"): 60, ("C", "s", "X"): 10})
    assert measured(report, plus=[{"model": ["A", "B"]}], minus=[{"model": "C"}]) == {"X": 55}


SIZES = {
    ("A", "s", "X"): 50,
    ("A", "m", "X"): 58,
    ("A", "l", "X"): 60,
    ("B", "s", "X"): 40,
    ("B", "m", "X"): 43,
    ("B", "l", "X"): 46,
}


def test_best_and_range_run_over_an_axis():
    report = report_of(SIZES, rows=("model", "size"))
    over = {"over": ["size"], "plus": [{"model": "A"}], "minus": [{"model": "B"}]}
    assert measured(report, measure="best", **over) == {"X": 60 - 46}
    assert measured(report, measure="range", **over) == {"X": 10 - 6}


def test_a_slope_is_that_of_least_squares():
    report, positions = report_of(SIZES, rows=("model", "size")), {"s": 3.0, "m": 4.0, "l": 5.5}
    for measure in ("slope_data", "slope_compute"):
        found = measured(
            report, measure=measure, over=["size"], plus=[{"model": "A"}], minus=[{"model": "B"}], positions=positions
        )
        x = [3, 4, 5.5]
        assert found["X"] == pytest.approx(np.polyfit(x, [50, 58, 60], 1)[0] - np.polyfit(x, [40, 43, 46], 1)[0])


def test_height_above_a_line_at_equal_compute():
    report, positions = report_of(SIZES, rows=("model", "size")), {"s": 1.0, "m": 2.0, "l": 4.0}
    line = [{"model": "B"}]
    found = measured(
        report, measure="equal_compute", plus=[{"model": "A", "size": "m"}], minus=line, positions=positions
    )
    assert found == {"X": 58 - 43}
    between = report_of({**SIZES, ("A", "mm", "X"): 50}, rows=("model", "size"))
    plus = [{"model": "A", "size": "mm"}]
    assert measured(between, measure="equal_compute", plus=plus, minus=line, positions={**positions, "mm": 3.0}) == {
        "X": 50 - 44.5
    }
    outside = {**positions, "mm": 9.0}
    assert measured(between, measure="equal_compute", plus=plus, minus=line, positions=outside) == {"X": None}


def test_ranks_are_spearmans_with_ties():
    few = {("A", "s", "X"): 10, ("B", "s", "X"): 20, ("C", "s", "X"): 20, ("D", "s", "X"): 5, ("E", "s", "X"): 7}
    full = dict(zip([(name, "s", "Z") for name in "ABCDEF"], [90, 95, 91, 80, 85, 1], strict=True))
    both = {"over": ["model"], "plus": [{"size": "s"}], "minus": [{"size": "s"}], "other": "f"}
    found = measured(report_of(few), measure="ranks", against=report_of(full), **both)
    assert found["X"] == pytest.approx(spearmanr([10, 20, 20, 5, 7], [90, 95, 91, 80, 85]).statistic)


def test_two_models_have_no_rank_correlation():
    report = report_of({("A", "s", "X"): 10, ("B", "s", "X"): 20})
    both = {"over": ["model"], "plus": [{"size": "s"}], "minus": [{"size": "s"}], "other": "f"}
    assert measured(report, measure="ranks", against=report, **both) == {"X": None}
