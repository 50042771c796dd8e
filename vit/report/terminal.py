"""What `make table5` prints at its end: the table in plain aligned text, and where the files lie."""

from vit.paths import name_of
from vit.report.header import summary
from vit.report.table import lay_out


def terminal(report, paths):
    table = lay_out(report)
    lines = ["", report.experiment.title, "", *_aligned(table)]
    lines += [f"Not run at this scale: {table.folded}."] if table.folded else []
    return "\n".join([*lines, "", summary(report)[1], *(f"  {name_of(path)}" for path in paths)])


def _aligned(table):
    """Three short lines a row, so that a table fits a terminal: ours, the paper's, the verdict."""
    if not table.rows:
        return []
    parts = ("main", "small", "verdict")
    columns = zip(table.header, *table.rows, strict=True)
    widths = [max(len(getattr(entry, part)) for entry in column for part in parts) for column in columns]
    ruler = "  ".join("-" * width for width in widths)
    lines = []
    for row in (table.header, *table.rows):
        texts = [
            [getattr(entry, part).ljust(width) for entry, width in zip(row, widths, strict=True)] for part in parts
        ]
        lines += [line for words in texts if (line := "  ".join(words).rstrip())] + [ruler]
    return lines
