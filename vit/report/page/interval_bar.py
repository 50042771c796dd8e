"""A value with its interval against a threshold, as a small inline SVG; the same numbers stand beside it as text."""

from vit.report.claims.judged import Judged

WIDTH, HEIGHT, MARGIN = 124, 18, 6  # pixels
MIDDLE, AXIS = WIDTH / 2, HEIGHT / 2


def interval_bar(judged: Judged) -> str:
    """The threshold is in the middle, the farthest end of the interval at a margin; '' where there is no value."""
    if judged.value is None:
        return ""
    low, high = (judged.value if end is None else end for end in (judged.low, judged.high))
    reach = max(abs(point - judged.threshold) for point in (low, high, judged.value)) or 1.0

    def position(point: float) -> float:
        return round(MIDDLE + (point - judged.threshold) / reach * (MIDDLE - MARGIN), 1)

    side = MIDDLE if judged.direction == "above" else 0
    return (
        f'<svg class="interval" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<rect class="frame" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}"/>'
        f'<rect class="side" x="{side:g}" y="0" width="{MIDDLE:g}" height="{HEIGHT}"/>'
        f'<line class="threshold" x1="{MIDDLE:g}" x2="{MIDDLE:g}" y1="0" y2="{HEIGHT}"/>'
        f'<line class="span" x1="{position(low):g}" x2="{position(high):g}" y1="{AXIS:g}" y2="{AXIS:g}"/>'
        f'<circle cx="{position(judged.value):g}" cy="{AXIS:g}" r="3.5"/></svg>'
    )
