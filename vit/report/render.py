"""One experiment rendered: NAME.md, NAME.csv, NAME.svg, its curves, and the page of all experiments."""

from vit.atomic import write_text
from vit.paths import results
from vit.report.collect import collect
from vit.report.markdown import markdown
from vit.report.page import write_page
from vit.report.pictures import picture
from vit.report.sheet import sheet
from vit.report.tensorboard import write_curves
from vit.report.terminal import terminal


def render(plan, name):
    """Write what the finished runs say; the same runs give the same bytes. Returns the text for the terminal."""
    report, folder = collect(plan, name), results(plan.scale_name)
    drawn = picture(report)
    files = {
        ".md": markdown(report, f"{name}.svg" if drawn else None),
        ".csv": sheet(report),
        **({".svg": drawn} if drawn else {}),
    }
    for ending, content in files.items():
        write_text(folder / f"{name}{ending}", content)
    if not drawn:
        (folder / f"{name}.svg").unlink(missing_ok=True)
    write_curves(report)
    return terminal(report, [*(folder / f"{name}{ending}" for ending in files), write_page(plan)])
