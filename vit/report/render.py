"""Renders one experiment: NAME.md, NAME.csv, NAME.svg, NAME.png, its part of TensorBoard's folder, and the page of all experiments."""

from collections.abc import Iterator, Sequence

from vit.atomic import write_bytes
from vit.errors import UserError
from vit.paths import results
from vit.plan import Plan
from vit.report.collect import Records, Report
from vit.report.facts.fact_results import FactReport
from vit.report.facts.fact_table import fact_sheet
from vit.report.in_parallel import in_parallel
from vit.report.markdown import markdown
from vit.report.page import write_page
from vit.report.pictures import picture
from vit.report.pictures.style import FORMATS
from vit.report.sheet import sheet
from vit.report.shown import Shown, read_shown
from vit.report.tensorboard import complete_board, write_board
from vit.report.terminal import terminal


def render(plan: Plan, name: str, records: Records | None = None) -> str:
    """Write all files of an experiment and the page; equal runs give equal bytes. Returns the text for the terminal.

    records: those read already. The page reads its own, behind its lock, as another process may have finished runs since.
    """
    shown = read_shown(plan, name, records)
    printed = render_files(shown)
    complete_board(plan)
    write_page(plan, {name: shown})
    return printed


def render_all(plan: Plan, every: Sequence[Shown]) -> Iterator[tuple[str, str | UserError]]:
    """All files of several experiments, on all cores, then the page. Yields the name of each with its text for the terminal, or with
    what kept it from being rendered."""
    rendered = {}
    for shown, result in zip(every, in_parallel(render_files, every), strict=True):
        try:
            yield shown.name, result()
            rendered[shown.name] = shown
        except UserError as error:
            yield shown.name, error
    if rendered:
        complete_board(plan)
        write_page(plan, rendered)


def render_files(shown: Shown) -> str:
    """The files of one experiment alone, without those that all share. Returns the text for the terminal."""
    name, report, document = shown.name, shown.report, shown.document
    folder, (table, drawn) = results(report.plan.scale_name), sheet_and_picture(report)
    texts = {"md": markdown(document, f"{name}.svg" if drawn else None), "csv": table}
    files = {**{ending: text.encode() for ending, text in texts.items()}, **drawn}
    for ending, content in files.items():
        write_bytes(folder / f"{name}.{ending}", content)
    for ending in set(FORMATS) - set(drawn):
        (folder / f"{name}.{ending}").unlink(missing_ok=True)  # drawn from runs that have left the plan since
    write_board(report, document, drawn.get("png"))
    return terminal(document, [*(folder / f"{name}.{ending}" for ending in files), folder / "index.html"])


def sheet_and_picture(report: Report | FactReport) -> tuple[str, dict[str, bytes]]:
    """Text of the CSV, and the picture by the ending of its file; facts have no picture."""
    return (fact_sheet(report), {}) if isinstance(report, FactReport) else (sheet(report), picture(report))
