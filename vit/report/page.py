"""index.html: every experiment of a scale on one page that needs nothing from outside, in light and in dark."""

import base64
from html import escape
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.locks import locked
from vit.paths import results, runs_folder
from vit.report.collect import collect
from vit.report.findings import from_scratch
from vit.report.header import sections, summary
from vit.report.provenance import provenance
from vit.report.table import lay_out
from vit.report.verdicts import MEANING

FOLDED = ("Settings, against the paper's", "What the verdicts mean")
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


def write_page(plan):
    """index.html; of two `make` that render at the same time, the last one writes what both made."""
    folder = results(plan.scale_name)
    with locked(folder / ".page.lock"):
        reports, errors = [], {}
        for name in plan.experiments:
            try:
                reports += [collect(plan, name)] if _has_something(plan, name) else []
            except UserError as error:  # its own target ends with it
                errors[name] = str(error)
        write_text(folder / "index.html", page(plan, reports, {**errors, **plan.broken}))
    return folder / "index.html"


def _has_something(plan, name):
    """A rendered table or a finished run."""
    rendered = results(plan.scale_name) / f"{name}.md"
    return rendered.exists() or any(
        (runs_folder(plan.scale_name) / run / "metrics.json").exists() for run in plan.runs_of(name)
    )


def page(plan, reports, errors):
    title = f"An Image is Worth 16x16 Words, reproduced at scale {plan.scale_name}"
    links = "".join(f'<a href="#{report.name}">{report.name}</a>' for report in reports)
    legend = "".join(_legend(name, meaning) for name, meaning in MEANING.items())
    return "\n".join([
        HEAD.format(title=escape(title), style=STYLE.read_text()),
        f"<header><h1>{escape(title)}</h1><p>{escape(plan.scale.title)}</p><nav>{links}</nav></header>",
        *(_experiment(report) for report in reports),
        *(_error(name, error) for name, error in errors.items()),
        f'<section id="verdicts"><h2>What the colours mean</h2><ul class="legend">{legend}</ul></section>',
        "</body>\n</html>\n",
    ])  # fmt: skip


def _legend(name, meaning):
    return f'<li><span class="swatch {_class(name)}"></span><b>{name}</b> {escape(meaning)}</li>'


def _experiment(report):
    what, coverage = summary(report)
    title = report.experiment.title
    return "\n".join([
        f'<section id="{report.name}"><h2>{escape(title)}</h2>',
        f"<p>{escape(what)}</p><p>{escape(coverage)}</p>",
        *(_notes(title, lines) for title, lines in sections(report)),
        _table(lay_out(report)),
        _picture(results(report.plan.scale_name) / f"{report.name}.svg", title),
        _notes("From scratch or pre-trained", from_scratch(report)),
        f'<p class="small">{escape(provenance(report))}</p></section>',
    ])  # fmt: skip


def _error(name, error):
    """An experiment with a mistake in its YAML or its runs: the others are shown all the same."""
    return f'<section id="{escape(name)}"><h2>{escape(name)}</h2><p><b>Error:</b> {escape(error)}</p></section>'


def _notes(title, lines):
    """Open where it is about what stands in or what was found; the rest unfolds on demand."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return (
        f"<details{'' if title in FOLDED else ' open'}><summary>{escape(title)}</summary><ul>{items}</ul></details>"
        if lines
        else ""
    )


def _table(table):
    header = "".join(f'<th scope="col">{_entry(entry)}</th>' for entry in table.header)
    rows = ["".join(_place(entry, heading=at < table.labels) for at, entry in enumerate(row)) for row in table.rows]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    folded = f'<p class="small">Not run at this scale: {escape(table.folded)}.</p>' if table.folded else ""
    return (
        f'<div class="wide"><table><thead><tr>{header}</tr></thead><tbody>\n{body}\n</tbody></table></div>{folded}'
        if rows
        else folded
    )


def _place(entry, heading):
    return (
        f'<th scope="row">{_entry(entry)}</th>'
        if heading
        else f'<td class="{_class(entry.verdict)}">{_entry(entry)}</td>'
    )


def _entry(entry):
    return escape(entry.main) + "".join(
        f"<small>{escape(part)}</small>" for part in (entry.small, entry.verdict) if part
    )


def _class(verdict):
    return verdict.lower().replace(" ", "-") or "plain"


def _picture(path, title):
    """As an image of its own: SVGs put into one page side by side would share their ids."""
    if not path.exists():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{escape(title)}" src="data:image/svg+xml;base64,{data}"></p>'
