"""index.html: all experiments of a scale on one self-contained page, light and dark."""

import base64
import re
from html import escape
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.locks import locked
from vit.paths import results, runs_folder
from vit.plan import Plan
from vit.report.document import Document, document, read_report
from vit.report.table import Entry, Table
from vit.report.verdicts import MEANING

FOLDED = ("Settings, against the paper's", "What the verdicts mean")  # what stands in and what was found stay open
STYLE = Path(__file__).with_name("page.css")
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
"""


def write_page(plan: Plan) -> Path:
    folder = results(plan.scale_name)
    # Two `make` may render at once: the later one must read what the earlier one has written, not overwrite it.
    with locked(folder / ".page.lock"):
        documents, errors = [], {}
        for name in sorted(plan.experiments, key=reading_order):
            try:
                documents += [document(read_report(plan, name))] if has_output(plan, name) else []
            except UserError as error:  # only the experiment's own target fails; the page shows the others
                errors[name] = str(error)
        write_text(folder / "index.html", page(plan, documents, {**errors, **plan.broken}))
    return folder / "index.html"


def reading_order(name: str) -> tuple:
    """The paper's tables by their numbers, then its figures, then all others as the planner lists them."""
    kind, number = re.fullmatch(r"(table|figure)?(\d*).*", name).groups()
    return (("table", "figure", None).index(kind), int(number or 0) if kind else 0)


def has_output(plan: Plan, name: str) -> bool:
    """Does the experiment have a rendered table or a finished run?"""
    rendered = results(plan.scale_name) / f"{name}.md"
    return rendered.exists() or any(
        (runs_folder(plan.scale_name) / run / "metrics.json").exists() for run in plan.runs_of(name)
    )


def page(plan: Plan, documents: list[Document], errors: dict[str, str]) -> str:
    """errors: name of an experiment that cannot be shown -> message."""
    title = f"An Image is Worth 16x16 Words, reproduced at scale {plan.scale_name}"
    links = "".join(f'<a href="#{shown.name}">{shown.name}</a>' for shown in documents)
    legend = "".join(legend_item(name, meaning) for name, meaning in MEANING.items())
    return "\n".join([
        HEAD.format(title=escape(title), style=STYLE.read_text()),
        f"<header><h1>{escape(title)}</h1><p>{escape(plan.scale.title)}</p><nav>{links}</nav></header>",
        *(experiment_section(plan, shown) for shown in documents),
        *(error_section(name, error) for name, error in errors.items()),
        f'<section id="verdicts"><h2>What the colours mean</h2><ul class="legend">{legend}</ul></section>',
        "</body>\n</html>\n",
    ])  # fmt: skip


def legend_item(name: str, meaning: str) -> str:
    return f'<li><span class="swatch {css_class(name)}"></span><b>{name}</b> {escape(meaning)}</li>'


def experiment_section(plan: Plan, shown: Document) -> str:
    what, coverage = shown.summary
    return "\n".join([
        f'<section id="{shown.name}"><h2>{escape(shown.title)}</h2>',
        f"<p>{escape(what)}</p><p>{escape(coverage)}</p>",
        *(details(heading, lines) for heading, lines in shown.sections),
        html_table(shown.table),
        image(results(plan.scale_name) / f"{shown.name}.svg", shown.title),
        details("From scratch or pre-trained", shown.findings),
        f'<p class="small">{escape(shown.provenance)}</p></section>',
    ])  # fmt: skip


def error_section(name: str, error: str) -> str:
    return f'<section id="{escape(name)}"><h2>{escape(name)}</h2><p><b>Error:</b> {escape(error)}</p></section>'


def details(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details{'' if title in FOLDED else ' open'}><summary>{escape(title)}</summary><ul>{items}</ul></details>"


def html_table(table: Table) -> str:
    header = "".join(f'<th scope="col">{entry_text(entry)}</th>' for entry in table.header)
    rows = ["".join(html_cell(entry, label=i < table.labels) for i, entry in enumerate(row)) for row in table.rows]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    folded = f'<p class="small">Not run at this scale: {escape(table.folded)}.</p>' if table.folded else ""
    if not rows:
        return folded
    return f'<div class="wide"><table><thead><tr>{header}</tr></thead><tbody>\n{body}\n</tbody></table></div>{folded}'


def html_cell(entry: Entry, label: bool) -> str:
    """label: the entry names its row."""
    if label:
        return f'<th scope="row">{entry_text(entry)}</th>'
    return f'<td class="{css_class(entry.verdict)}">{entry_text(entry)}</td>'


def entry_text(entry: Entry) -> str:
    return escape(entry.main) + "".join(f"<small>{escape(part)}</small>" for part in entry.smalls)


def css_class(verdict: str) -> str:
    return verdict.lower().replace(" ", "-") or "plain"


def image(path: Path, title: str) -> str:
    if not path.exists():
        return ""
    # An image of its own, not inline SVG: the ids of several SVGs in one document would clash.
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{escape(title)}" src="data:image/svg+xml;base64,{data}"></p>'
