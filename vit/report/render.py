"""Renders one experiment: NAME.md, NAME.csv, NAME.svg, NAME.png, its curves, and the page of all experiments."""

from vit.atomic import write_bytes
from vit.paths import results
from vit.plan import Plan
from vit.report.collect import collect
from vit.report.markdown import markdown
from vit.report.page import write_page
from vit.report.pictures import picture
from vit.report.pictures.style import FORMATS
from vit.report.sheet import sheet
from vit.report.tensorboard import write_curves
from vit.report.terminal import terminal


def render(plan: Plan, name: str) -> str:
    """Write all files of an experiment; equal runs give equal bytes. Returns the text for the terminal."""
    report, folder = collect(plan, name), results(plan.scale_name)
    drawn = picture(report)
    texts = {"md": markdown(report, f"{name}.svg" if drawn else None), "csv": sheet(report)}
    files = {**{ending: text.encode() for ending, text in texts.items()}, **drawn}
    for ending, content in files.items():
        write_bytes(folder / f"{name}.{ending}", content)
    for ending in set(FORMATS) - set(drawn):
        (folder / f"{name}.{ending}").unlink(missing_ok=True)  # drawn from runs that have left the plan since
    write_curves(report)
    return terminal(report, [*(folder / f"{name}.{ending}" for ending in files), write_page(plan)])
