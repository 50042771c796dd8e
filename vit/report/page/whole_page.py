"""The page as text: the first screen, the experiments, and the data and script that open a number."""

import json
from html import escape
from pathlib import Path

from vit.plan import Plan
from vit.report.claims.judged import Judged
from vit.report.page.claims_section import claims_section
from vit.report.page.counts_section import counts_section
from vit.report.page.experiment_section import experiment_section
from vit.report.page.opening import opening, stand_ins_section
from vit.report.page.provenance_data import ProvenanceData
from vit.report.page.side_index import index_groups, side_index
from vit.report.page.verdict_words import verdicts_section
from vit.report.shown import Shown

STYLE, SCRIPT = (Path(__file__).with_name(f"page.{ending}") for ending in ("css", "js"))
# The policy lets the page load nothing, so a slip in the escaping of a text could not send anything anywhere either.
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def page(plan: Plan, shown: list[Shown], errors: dict[str, str], judged: list[Judged]) -> str:
    """errors: name of an experiment that cannot be shown -> message. judged: the paper's claims."""
    title = f"An Image is Worth 16x16 Words, reproduced at scale {plan.scale_name}"
    data, names = ProvenanceData(plan), [each.name for each in shown]
    groups = index_groups(shown, errors, claims=bool(judged), stand_ins=bool(stand_ins_section(plan)))
    return "\n".join([
        HEAD.format(policy=POLICY, title=escape(title), style=STYLE.read_text()),
        side_index(groups),
        "<main>",
        opening(plan, title, shown, judged),
        claims_section(judged, names),
        counts_section(plan, shown, errors),
        stand_ins_section(plan),
        *(experiment_section(plan, each, data) for each in shown),
        *(error_section(name, error) for name, error in errors.items()),
        verdicts_section(),
        "</main>",
        '<dialog id="opened" aria-labelledby="opened-title"></dialog>',
        f'<script type="application/json" id="data">{for_script(data.content())}</script>',
        f"<script>\n{SCRIPT.read_text()}</script>",
        "</body>\n</html>\n",
    ])  # fmt: skip


def error_section(name: str, error: str) -> str:
    return f'<section id="{escape(name)}"><h2>{escape(name)}</h2><p><b>Error:</b> {escape(error)}</p></section>'


def for_script(content: dict) -> str:
    """JSON that cannot end the script element that it stands in."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
