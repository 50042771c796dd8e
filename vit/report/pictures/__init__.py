"""One picture per experiment, the one that its key `picture` names: NAME.svg, and the same inside index.html."""

from vit.report.collect import Report
from vit.report.pictures.bars import bars
from vit.report.pictures.dots import dots
from vit.report.pictures.lines import lines
from vit.report.pictures.of_arrays import of_arrays
from vit.report.pictures.scaling import scaling
from vit.report.pictures.style import svg_text
from vit.report.pictures.transfer import transfer

DRAWN = {
    "dots": dots,
    "bars": bars,
    "lines": lines,
    "transfer": transfer,
    "scaling": scaling,
}  # vit.plan.schema.PICTURES


def picture(report: Report) -> str | None:
    """SVG text, or None while nothing is finished."""
    if not any(result.finished for result in report.results):
        return None
    chosen = report.experiment.picture
    return svg_text(of_arrays if isinstance(chosen, dict) else DRAWN[chosen], report)
