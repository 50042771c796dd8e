"""A table as HTML: readable as it is; page.js adds sorting, and opens the runs of the cells that have a number."""

from html import escape

from vit.report.collect import Report
from vit.report.document import Document
from vit.report.facts.fact_results import FactReport
from vit.report.page.provenance_data import ProvenanceData
from vit.report.page.verdict_words import css_class
from vit.report.table import Entry


def html_table(document: Document, report: Report | FactReport, data: ProvenanceData) -> str:
    table = document.table
    folded = f'<p class="small">Not run at this scale: {escape(table.folded)}.</p>' if table.folded else ""
    if not table.rows:
        return folded
    header = "".join(
        f'<th scope="col"{" class=labels" if i < table.labels else ""}>{entry_text(entry)}</th>'
        for i, entry in enumerate(table.header)
    )
    rows = [
        "".join(cell(entry, report, data, label=i < table.labels) for i, entry in enumerate(row)) for row in table.rows
    ]
    lines = [f"<tr>{row}</tr>" for row in rows]
    above = len(lines) - table.below
    footer = f"<tfoot>{''.join(lines[above:])}</tfoot>" if table.below else ""
    body = "\n".join(lines[:above])
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(document.title)}"><table>'
        f"<thead><tr>{header}</tr></thead><tbody>\n{body}\n</tbody>{footer}</table></div>{folded}"
    )


def cell(entry: Entry, report: Report | FactReport, data: ProvenanceData, *, label: bool) -> str:
    """label: the entry names its row."""
    if label:
        return f'<th scope="row">{entry_text(entry)}</th>'
    number = data.cell(report, entry.result)
    opened = "" if number is None else f' data-cell="{number}"'
    return f'<td class="{css_class(entry.verdict)}"{opened}>{entry_text(entry)}</td>'


def entry_text(entry: Entry) -> str:
    return escape(entry.main) + "".join(f"<small>{escape(part)}</small>" for part in entry.smalls)
