"""One picture an experiment: NAME.svg, and the same inside index.html."""

from vit.report.pictures.dots import dots
from vit.report.pictures.scaling import scaling
from vit.report.pictures.style import drawn
from vit.report.pictures.transfer import transfer

PICTURES = {"table5": transfer, "table6": scaling}  # experiment -> report -> Figure; the others get dots


def picture(report):
    """The picture as SVG text, or None while nothing is finished."""
    if not any(result.finished for result in report.results):
        return None
    return drawn(PICTURES.get(report.name, dots), report)
