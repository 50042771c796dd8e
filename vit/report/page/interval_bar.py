"""A value with its interval against a threshold, as a small inline SVG; the same numbers stand beside it as text."""

from vit.report.claims.judged import Judged

WIDTH, HEIGHT, MARGIN = 124, 18, 6  # pixels
MIDDLE, AXIS = WIDTH / 2, HEIGHT / 2


def interval_bar(judged: Judged) -> str:
    """The threshold, or 0 of a claim `within` it, is in the middle, the farthest end of the interval at a margin; '' without a value."""
    if judged.value is None:
        return ""
    low, high = (judged.value if end is None else end for end in (judged.low, judged.high))
    middle = 0.0 if judged.direction == "within" else judged.threshold
    reach = max(abs(point - middle) for point in (low, high, judged.value, judged.threshold)) or 1.0

    def position(point: float) -> float:
        return round(MIDDLE + (point - middle) / reach * (MIDDLE - MARGIN), 1)

    ends = {
        "above": (MIDDLE, WIDTH),
        "below": (0, MIDDLE),
        "within": (position(-judged.threshold), position(judged.threshold)),
    }
    side, other = ends[judged.direction]
    lines = "".join(
        f'<line class="threshold" x1="{x:g}" x2="{x:g}" y1="0" y2="{HEIGHT}"/>' for x in (side, other) if 0 < x < WIDTH
    )
    return (
        f'<svg class="interval" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<rect class="frame" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}"/>'
        f'<rect class="side" x="{side:g}" y="0" width="{other - side:g}" height="{HEIGHT}"/>'
        f'{lines}<line class="span" x1="{position(low):g}" x2="{position(high):g}" y1="{AXIS:g}" y2="{AXIS:g}"/>'
        f'<circle cx="{position(judged.value):g}" cy="{AXIS:g}" r="3.5"/></svg>'
    )
