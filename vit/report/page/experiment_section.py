"""One table or figure: what a number is, the table, the picture; settings, stand-ins and provenance folded below."""

import base64
from html import escape
from pathlib import Path

from vit.paths import results
from vit.plan import Plan
from vit.report.page.html_table import html_table
from vit.report.page.provenance_data import ProvenanceData
from vit.report.shown import Shown

OPEN = ("Notes", "Differences to the base", "From scratch or pre-trained")  # what must be read with the numbers


def experiment_section(plan: Plan, shown: Shown, data: ProvenanceData) -> str:
    document, (what, coverage) = shown.document, shown.document.summary
    beside = [*document.sections, ("From scratch or pre-trained", document.findings)]
    return "\n".join([
        f'<section id="{shown.name}" class="experiment"><h2>{escape(document.title)}</h2>',
        f'<p class="what">{escape(what)} <span class="small">{escape(coverage)}</span></p>',
        html_table(document, shown.report, data),
        *(f'<p class="small">{escape(line)}</p>' for line in document.plus_minus),
        image(results(plan.scale_name) / f"{shown.name}.svg", document.title),
        *(part(title, lines) for title, lines in beside if title in OPEN and lines),
        *(folded(title, lines) for title, lines in beside if title not in OPEN and lines),
        folded("Where the numbers come from", [document.provenance]),
        "</section>",
    ])  # fmt: skip


def part(title: str, lines: list[str]) -> str:
    return f'<div class="part"><h3>{escape(title)}</h3>{bullets(lines)}</div>'


def folded(title: str, lines: list[str]) -> str:
    return f"<details><summary>{escape(title)}</summary>{bullets(lines)}</details>"


def bullets(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def image(path: Path, title: str) -> str:
    if not path.exists():
        return ""
    # An image of its own, not inline SVG: the ids of several SVGs in one document would clash.
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p class="picture"><img alt="{escape(title)}" src="data:image/svg+xml;base64,{data}"></p>'
