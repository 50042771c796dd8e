"""Verdicts on the page: their colors by class, how many there are of each, and what each means."""

from collections.abc import Iterable
from html import escape

from vit.report.verdicts import MEANING


def css_class(verdict: str) -> str:
    """'does-not-hold'; 'plain' without a verdict."""
    return verdict.lower().replace(" ", "-") or "plain"


def counted(verdicts: Iterable[str], order: Iterable[str]) -> dict[str, int]:
    """Verdict -> how many, of those that occur."""
    verdicts = list(verdicts)
    return {name: verdicts.count(name) for name in order if name in verdicts}


def verdicts_section() -> str:
    items = "".join(
        f'<li><span class="swatch {css_class(name)}"></span><b>{name}</b> {escape(meaning)}</li>'
        for name, meaning in MEANING.items()
    )
    return f'<section id="verdicts"><h2>What the verdicts mean</h2><ul class="legend">{items}</ul></section>'
