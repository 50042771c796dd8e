"""Renders one experiment: NAME.md, NAME.csv, NAME.svg, its curves, and the page of all experiments."""

from vit.atomic import write_text
from vit.paths import results
from vit.plan import Plan
from vit.report.collect import collect
from vit.report.markdown import markdown
from vit.report.page import write_page
from vit.report.pictures import picture
from vit.report.sheet import sheet
from vit.report.tensorboard import write_curves
from vit.report.terminal import terminal


def render(plan: Plan, name: str) -> str:
    """Write all files of an experiment; equal runs give equal bytes. Returns the text for the terminal."""
    report, folder = collect(plan, name), results(plan.scale_name)
    svg = picture(report)
    files = {
        ".md": markdown(report, f"{name}.svg" if svg else None),
        ".csv": sheet(report),
        **({".svg": svg} if svg else {}),
    }
    for ending, content in files.items():
        write_text(folder / f"{name}{ending}", content)
    if not svg:
        (folder / f"{name}.svg").unlink(missing_ok=True)  # drawn from runs that have left the plan since
    write_curves(report)
    return terminal(report, [*(folder / f"{name}{ending}" for ending in files), write_page(plan)])
