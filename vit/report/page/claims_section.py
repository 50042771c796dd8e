"""The paper's claims with their verdicts, one line each; opened, a line shows the numbers that the verdict rests on."""

from html import escape

from vit.report.claims.judged import MEANINGS, Judged
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
        f'<span class="number">{escape(value_text(judged))}<small>{escape(threshold_text(judged))}</small></span></summary>'
        f"<p>{escape(judged.quantity)}: {escape(value_text(judged))}; the claim {escape(threshold_text(judged))}."
        f" <b>{escape(judged.verdict)}</b>: {escape(MEANINGS[judged.verdict])}.</p>"
        f"{f'<ul>{numbers}</ul>' if numbers else ''}{sources(judged, shown)}</details>"
    )


def sources(judged: Judged, shown: list[str]) -> str:
    links = (
        f'<a href="#{escape(name)}">{escape(name)}</a>' if name in shown else escape(name)
        for name in judged.experiments
    )
    return f'<p class="small">From the runs of {", ".join(links)}.</p>' if judged.experiments else ""


def value_text(judged: Judged) -> str:
    """'1.85 [0.90, 2.80] points'."""
    if judged.value is None:
        return "not run"
    unknown = judged.low is None or judged.high is None
    interval = "" if unknown else f" [{decimal(judged.low)}, {decimal(judged.high)}]"
    return f"{decimal(judged.value)}{interval} {judged.unit}".rstrip() + (", no interval" if unknown else "")


def threshold_text(judged: Judged) -> str:
    return f"holds {judged.direction} {judged.threshold:g} {judged.unit}".rstrip()


def decimal(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no '-0.00'
