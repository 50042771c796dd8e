"""One picture per experiment: NAME.svg, and the same inside index.html."""

from vit.report.collect import Report
from vit.report.pictures.dots import dots
from vit.report.pictures.scaling import scaling
from vit.report.pictures.style import svg_text
from vit.report.pictures.transfer import transfer

PICTURES = {"table5": transfer, "table6": scaling}  # experiment -> function of a report; others get dots


def picture(report: Report) -> str | None:
    """SVG text, or None while nothing is finished."""
    if not any(result.finished for result in report.results):
        return None
    return svg_text(PICTURES.get(report.name, dots), report)
