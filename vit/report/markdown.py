"""NAME.md: the table as GitHub shows it, with all that a reader needs to judge it."""

from vit.report.findings import from_scratch
from vit.report.header import sections, summary
from vit.report.provenance import provenance
from vit.report.table import lay_out


def markdown(report, picture):
    """`picture`: name of the SVG beside the file, or None."""
    blocks = [f"# {report.experiment.title}", f"*{report.plan.scale.title}*", *summary(report)]
    blocks += [_section(title, lines) for title, lines in sections(report)] + ["## The table", _table(lay_out(report))]
    blocks += [f"![{report.experiment.title}]({picture})"] if picture else []
    findings = from_scratch(report)
    blocks += [_section("From scratch or pre-trained", findings)] if findings else []
    return "\n\n".join([*blocks, "## Where the numbers come from", provenance(report)]) + "\n"


def _section(title, lines):
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines)


def _table(table):
    lines = []
    if table.rows:
        lines = [
            _row(_head(entry) for entry in table.header),
            _row([":--"] * table.labels + [":-:"] * (len(table.header) - table.labels)),
        ]
        lines += [_row([*map(_head, row[: table.labels]), *map(_cell, row[table.labels :])]) for row in table.rows]
    if table.folded:
        lines += ["", f"Not run at this scale: {table.folded}."]
    return "\n".join(lines).strip()


def _row(texts):
    return f"| {' | '.join(texts)} |"


def _head(entry):
    return entry.main + (f"<br><sub>{entry.small}</sub>" if entry.small else "")


def _cell(entry):
    main = f"**{entry.main}**" if entry.main[:1].isdigit() else entry.main
    return main + (f"<br><sub>{entry.below}</sub>" if entry.below else "")
