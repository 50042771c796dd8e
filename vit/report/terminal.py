"""What `make table5` prints at its end: the table as aligned plain text, and the paths of the rendered files."""

from pathlib import Path

from vit.paths import name_of
from vit.plan.overview import aligned
from vit.report.document import Document
from vit.report.table import Table

PARTS = ("main", "small", "base", "verdict")  # of an entry: a line each, or wide tables would not fit a terminal


def terminal(document: Document, paths: list[Path]) -> str:
    table = document.table
    lines = ["", document.title, "", *table_lines(table)]
    lines += [f"Not run at this scale: {table.folded}."] if table.folded else []
    lines += [*document.plus_minus, *document.explanation]
    return "\n".join([*lines, "", document.summary[1], *(f"  {name_of(path)}" for path in paths)])


def table_lines(table: Table) -> list[str]:
    """Up to four lines per row (ours, the paper's, the difference to the base, the verdict), then a ruler."""
    if not table.rows:
        return []
    blocks = [[[getattr(entry, part) for entry in row] for part in PARTS] for row in (table.header, *table.rows)]
    columns = zip(*(line for block in blocks for line in block), strict=True)
    ruler = ["-" * max(map(len, column)) for column in columns]
    lines = aligned([line for block in blocks for line in (*block, ruler)], left=range(len(ruler)))
    return [line for line in lines if line]  # a part that no entry of the row has makes no line
