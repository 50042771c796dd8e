"""The table of facts: the paper's rows and columns, ours over the printed value in each cell; and the same as CSV."""

import pandas as pd

from vit.plan.kinds import number
from vit.report.facts.fact_results import FactReport, FactResult, listed, shown
from vit.report.names import printed_in, text, title
from vit.report.table import Entry, Table, column_label, folded_names, label_entries, ordered, printed_key

NUMBERS = ("ours", "paper", "difference", "verdict")


def lay_out_facts(report: FactReport) -> Table:
    """Rows and columns of which this scale has nothing are folded away."""
    row_axes, column_axes = report.experiment.rows, report.experiment.columns
    results = {(printed_key(r, row_axes), printed_key(r, column_axes)): r for r in report.results}
    rows, columns = (ordered(printed_key(r, axes) for r in report.results) for axes in (row_axes, column_axes))
    busy_rows, busy_columns = ({printed_key(r, axes) for r in report.planned} for axes in (row_axes, column_axes))
    shown_columns = [column for column in columns if column in busy_columns]
    body = [
        label_entries(report, row_axes, row)
        + [fact_entry(report, results.get((row, column))) for column in shown_columns]
        for row in rows
        if row in busy_rows
    ]
    header = [Entry(title(axis)) for axis in row_axes]
    header += [column_label(report, column_axes, column) for column in shown_columns]
    idle = [(row_axes, row) for row in rows if row not in busy_rows]
    return Table(len(row_axes), header, body, folded_names(report, idle))


def fact_entry(report: FactReport, result: FactResult | None) -> Entry:
    if result is None:
        return Entry("")
    notes = [f"{printed_in(report.experiment)} {shown(result.paper)}"] if result.paper is not None else []
    notes += [f"{result.difference:+.3g}"] if result.difference else []
    return Entry(shown(result.ours) if result.planned else "–", " · ".join(notes), result.verdict)


def fact_sheet(report: FactReport) -> str:
    """NAME.csv: one line per cell, for further computation."""
    axes = list(dict.fromkeys(axis for r in report.results for axis, value in r.cell.axes.items() if value is not None))
    rows = [
        {"experiment": report.name, **{axis: text(r.cell.axes.get(axis)) for axis in axes}, **numbers(r)}
        for r in report.results
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
