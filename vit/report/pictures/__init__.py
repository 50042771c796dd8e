"""One picture per experiment, the one that its key `picture` names: NAME.svg, which index.html holds too, and NAME.png."""

from vit.report.collect import Report
from vit.report.pictures.band import band
from vit.report.pictures.bars import bars
from vit.report.pictures.compute import compute
from vit.report.pictures.data_size import data_size
from vit.report.pictures.dots import dots
from vit.report.pictures.epochs import epochs
from vit.report.pictures.groups import groups
from vit.report.pictures.lines import lines
from vit.report.pictures.of_arrays import of_arrays
from vit.report.pictures.scaling import scaling
from vit.report.pictures.speed_by_size import speed
from vit.report.pictures.style import files
from vit.report.pictures.transfer import transfer

DRAWN = {
    "dots": dots,
    "bars": bars,
    "lines": lines,
    "transfer": transfer,
    "scaling": scaling,
    "groups": groups,
    "band": band,
    "data_size": data_size,
    "compute": compute,
    "epochs": epochs,
    "speed": speed,
}  # vit.plan.schema.PICTURES


def picture(report: Report) -> dict[str, bytes]:
    """Content by ending, svg and png; empty while nothing is finished."""
    if not any(result.finished for result in report.results):
        return {}
    chosen = report.experiment.picture
    return files(of_arrays if isinstance(chosen, dict) else DRAWN[chosen], report)
