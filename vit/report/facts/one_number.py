"""Where the paper prints one number and we count in several ways (parameters in Table 1): not all of them can equal it."""

from collections import Counter

from vit.plan.schema import Paper
from vit.report.facts.fact_results import FactReport, FactResult


def other_ways(report: FactReport) -> list[FactResult]:
    """Facts that are OFF while another way of counting gives the printed number, for a model that it is printed for."""
    if report.paper is None:
        return []
    places = [(result, place(report.paper, result)) for result in report.results]
    agreeing = {where for result, where in places if where and result.verdict == "REPRODUCED"}
    return [result for result, where in places if where in agreeing and result.verdict == "OFF"]


def place(paper: Paper, result: FactResult) -> tuple | None:
    """Row and column of the CSV, if the experiment compares several columns of its own with that one; else None."""
    if not isinstance(paper.value, dict):
        return None
    axes = result.cell.axes
    column = paper.value.get(axes.get(paper.by))
    row = tuple(paper.names.get(axes.get(axis), axes.get(axis)) for axis in paper.match)
    return (*row, column) if Counter(paper.value.values())[column] > 1 else None
