"""A claim's numbers in words, the same in claims.md, on the page and in the terminal."""

from vit.report.claims.judged import Judged


def number(value: float | None) -> str:
    """'+3.10'; an en dash for None."""
    return "–" if value is None else f"{round(value, 2) + 0.0:+.2f}"  # no '-0.00'


def measured(claim: Judged) -> str:
    """'+3.10 [+1.20, +5.00] points'."""
    if claim.value is None:
        return "–"
    unknown = claim.low is None or claim.high is None
    interval = "" if unknown else f" [{number(claim.low)}, {number(claim.high)}]"
    return f"{number(claim.value)}{interval} {claim.unit}".rstrip() + (", no interval" if unknown else "")


def side(claim: Judged) -> str:
    """'above 0 points', 'within ±1 points'."""
    sign = "±" if claim.direction == "within" else ""
    return f"{claim.direction} {sign}{claim.threshold:g} {claim.unit}".rstrip()


def papers(claim: Judged) -> str:
    """'+1.62 points'; an en dash where the paper does not print all of the numbers."""
    return number(claim.paper) if claim.paper is None else f"{number(claim.paper)} {claim.unit}".rstrip()
