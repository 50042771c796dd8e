"""NAME.md: the table as GitHub shows it, with everything needed to judge it."""

from collections.abc import Iterable

from vit.report.document import Document
from vit.report.table import Entry, Table


def markdown(document: Document, picture: str | None) -> str:
    """picture: name of the SVG beside the file."""
    blocks = [f"# {document.title}", f"*{document.scale}*", *document.summary]
    blocks += [section(title, lines) for title, lines in document.sections]
    blocks += ["## The table", markdown_table(document.table)]
    blocks += ["\n\n".join(document.plus_minus)] if document.plus_minus else []
    blocks += [f"![{document.title}]({picture})"] if picture else []
    blocks += [section("From scratch or pre-trained", document.findings)] if document.findings else []
    return "\n\n".join([*blocks, "## Where the numbers come from", document.provenance]) + "\n"


def section(title: str, lines: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines)


def markdown_table(table: Table) -> str:
    lines = []
    if table.rows:
        lines = [
            row_line(heading(entry) for entry in table.header),
            row_line([":--"] * table.labels + [":-:"] * (len(table.header) - table.labels)),
        ]
        lines += [row_line([*map(heading, row[: table.labels]), *map(cell, row[table.labels :])]) for row in table.rows]
    if table.folded:
        lines += ["", f"Not run at this scale: {table.folded}."]
    return "\n".join(lines).strip()


def row_line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def heading(entry: Entry) -> str:
    return entry.main + (f"<br><sub>{entry.small}</sub>" if entry.small else "")


def cell(entry: Entry) -> str:
    main = f"**{entry.main}**" if entry.main.lstrip("-")[:1].isdigit() else entry.main
    return main + (f"<br><sub>{' · '.join(entry.smalls)}</sub>" if entry.smalls else "")
