"""The paper's claims with their verdicts, one line each; opened, a line shows the numbers that the verdict rests on."""

from html import escape

from vit.report.claims.judged import MEANINGS, Judged
from vit.report.claims.texts import measured, papers, side
from vit.report.page.interval_bar import interval_bar
from vit.report.page.verdict_words import css_class


def claims_section(judged: list[Judged], shown: list[str]) -> str:
    """'' without claims. shown: names of the experiments on the page."""
    if not judged:
        return ""
    lines = "\n".join(claim(each, shown) for each in judged)
    return (
        f'<section id="claims"><h2>Which claims of the paper hold here?</h2>'
        f'<div class="claims">{lines}</div>'
        f'<p class="small">A claim is judged by the 95% interval of the difference that it states: bar and dot, against the threshold,'
        f" the upright line; on the shaded side of it the claim holds.</p></section>"
    )


def claim(judged: Judged, shown: list[str]) -> str:
    numbers = "".join(f"<li>{escape(line)}</li>" for line in judged.rests_on)
    return (
        f'<details class="claim" id="claim-{escape(judged.name)}"><summary>'
        f'<span class="tag {css_class(judged.verdict)}">{escape(judged.verdict)}</span>'
        f'<span class="statement">{escape(judged.statement)} <small>{escape(judged.section)}</small></span>'
        f'<span class="bar">{interval_bar(judged)}</span>'
        f'<span class="number">{escape(measured(judged))}<small>holds {escape(side(judged))}</small></span></summary>'
        f"<p>{escape(judged.quantity)}: {escape(measured(judged))}; the claim holds {escape(side(judged))};"
        f" of the paper's own numbers: {escape(papers(judged))}."
        f" <b>{escape(judged.verdict)}</b>: {escape(MEANINGS[judged.verdict])}.</p>"
        f"{f'<p>{escape(judged.note)}.</p>' if judged.note else ''}"
        f"{f'<ul>{numbers}</ul>' if numbers else ''}{sources(judged, shown)}</details>"
    )


def sources(judged: Judged, shown: list[str]) -> str:
    links = (
        f'<a href="#{escape(name)}">{escape(name)}</a>' if name in shown else escape(name)
        for name in judged.experiments
    )
    return f'<p class="small">From the runs of {", ".join(links)}.</p>' if judged.experiments else ""
