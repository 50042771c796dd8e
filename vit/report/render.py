"""Renders one experiment: NAME.md, NAME.csv, NAME.svg, NAME.png, its part of TensorBoard's folder, and the page of all experiments."""

from vit.atomic import write_bytes
from vit.paths import results
from vit.plan import Plan
from vit.report.collect import Records, Report
from vit.report.document import document, read_report
from vit.report.facts.fact_results import FactReport
from vit.report.facts.fact_table import fact_sheet
from vit.report.markdown import markdown
from vit.report.page import write_page
from vit.report.pictures import picture
from vit.report.pictures.style import FORMATS
from vit.report.sheet import sheet
from vit.report.tensorboard import write_board
from vit.report.terminal import terminal


def render(plan: Plan, name: str, records: Records | None = None) -> str:
    """Write all files of an experiment and the page; equal runs give equal bytes. Returns the text for the terminal.

    records: those read already. The page reads its own, behind its lock, as another process may have finished runs since.
    """
    report = read_report(plan, name, records)
    shown = render_files(report)
    write_page(plan, {name: report})
    return shown


def render_files(report: Report | FactReport) -> str:
    """The same without the page, which many experiments share."""
    name, folder = report.name, results(report.plan.scale_name)
    shown, (table, drawn) = document(report), sheet_and_picture(report)
    texts = {"md": markdown(shown, f"{name}.svg" if drawn else None), "csv": table}
    files = {**{ending: text.encode() for ending, text in texts.items()}, **drawn}
    for ending, content in files.items():
        write_bytes(folder / f"{name}.{ending}", content)
    for ending in set(FORMATS) - set(drawn):
        (folder / f"{name}.{ending}").unlink(missing_ok=True)  # drawn from runs that have left the plan since
    write_board(report, shown, drawn.get("png"))
    return terminal(shown, [*(folder / f"{name}.{ending}" for ending in files), folder / "index.html"])


def sheet_and_picture(report: Report | FactReport) -> tuple[str, dict[str, bytes]]:
    """Text of the CSV, and the picture by the ending of its file; facts have no picture."""
    return (fact_sheet(report), {}) if isinstance(report, FactReport) else (sheet(report), picture(report))
