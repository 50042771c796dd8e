"""The table of facts: the paper's rows and columns, ours over the printed value in each cell; and the same as CSV."""

import pandas as pd

from vit.plan.kinds import number
from vit.report.facts.fact_results import FactReport, FactResult, listed, shown, shown_difference
from vit.report.names import axis_text, printed_in, text, title
from vit.report.table import Entry, Table, column_label, folded_names, label_entries, ordered, printed_key

NUMBERS = ("ours", "paper", "difference", "verdict")


def lay_out_facts(report: FactReport) -> Table:
    """Rows and columns of which this scale has nothing are folded away."""
    row_axes, column_axes = report.experiment.rows, report.experiment.columns
    placed = {(printed_key(result, row_axes), printed_key(result, column_axes)): result for result in report.results}
    busy = [place for place, result in placed.items() if result.planned]
    rows, columns = ordered(row for row, _ in busy), ordered(column for _, column in busy)
    header = [Entry(title(axis)) for axis in row_axes] + [column_label(report, column_axes, key) for key in columns]
    body = [
        label_entries(report, row_axes, row) + [fact_entry(report, placed.get((row, column))) for column in columns]
        for row in rows
    ]
    idle = [(row_axes, row) for row in ordered(row for row, _ in placed) if row not in rows]
    return Table(len(row_axes), header, body, folded_names(report, idle))


def fact_entry(report: FactReport, result: FactResult | None) -> Entry:
    if result is None:
        return Entry("")
    fact = result.cell.axes["fact"]
    notes = [f"{printed_in(report.experiment)} {shown(result.paper, fact)}"] if result.paper is not None else []
    small = " · ".join(filter(None, [*notes, shown_difference(result)]))
    return Entry(shown(result.ours, fact) if result.planned else "–", small, result.verdict, result=result)


def fact_sheet(report: FactReport) -> str:
    """NAME.csv: one line per cell, for further computation."""
    given = (axis for result in report.results for axis, value in result.cell.axes.items() if value is not None)
    axes = list(dict.fromkeys(given))
    rows = [
        {
            "experiment": report.name,
            **{axis: axis_text(axis, result.cell.axes.get(axis)) for axis in axes},
            **numbers(result),
        }
        for result in report.results
    ]
    table = pd.DataFrame(rows, columns=["experiment", *axes, *NUMBERS])
    return table.fillna("").to_csv(index=False, lineterminator="\n")


def numbers(result: FactResult) -> dict[str, str]:
    """Lists as 'a;b', numbers with all their digits."""
    ours, paper = (
        ";".join(f"{part:.12g}" if number(part) else text(part) for part in values)
        for values in (listed(result.ours) if result.planned else [], listed(result.paper))
    )
    difference = "" if result.difference is None else f"{result.difference:.6g}"
    return {"ours": ours, "paper": paper, "difference": difference, "verdict": result.verdict}
