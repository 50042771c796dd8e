"""What is finished against the paper, without rendering: each cell that is OFF, and the verdicts of each experiment."""

from collections.abc import Sequence
from dataclasses import dataclass

from vit.plan import Plan
from vit.plan.overview import aligned
from vit.report.collect import Report
from vit.report.cost.rows import Cost, slips
from vit.report.document import read_report
from vit.report.facts.fact_results import FactReport, shown
from vit.report.facts.one_number import other_ways
from vit.report.names import as_percent, key_texts
from vit.report.results import Result
from vit.report.table import accuracy_entry, digits, printed_key
from vit.report.verdicts import count_verdicts

HEAD = ("OFF", "row", "column", "ours", "paper", "difference", "tolerance")
COUNTED = "exaFLOPs, counted"
SLIP = "a slip of the paper: its other row of the same model agrees"
ONE_NUMBER = "the paper prints one number: another way of counting, or patch size, agrees"


@dataclass(frozen=True)
class Off:
    """A cell that is OFF."""

    texts: tuple[str, ...]  # experiment, row, column, ours ± spread, the paper's, difference, tolerance
    known: str = ""  # why the paper cannot be met there; such a cell fails nothing


@dataclass(frozen=True)
class Verified:
    """One experiment."""

    name: str
    off: list[Off]
    verdicts: list[str]  # of its cells, whether they are means over runs or facts
    cost_verdicts: list[str]  # of its counted exaFLOPs
    finished: int  # cells and costs that have a number of ours


def verify(plan: Plan, name: str) -> Verified:
    """Reads the experiment's runs and facts. Errors: UserError where one is damaged, or costs are not counted."""
    report = read_report(plan, name)
    return of_facts(report) if isinstance(report, FactReport) else of_runs(report)


def of_facts(report: FactReport) -> Verified:
    known = other_ways(report)
    off = [fact_line(report, result, known) for result in report.results if result.verdict == "OFF"]
    return Verified(report.name, off, [result.verdict for result in report.results], [], len(report.planned))


def fact_line(report: FactReport, result, known: list) -> Off:
    difference = "" if result.difference is None else f"{result.difference:+.3g}"
    fact = result.cell.axes["fact"]
    values = (shown(result.ours, fact), shown(result.paper, fact), difference, f"{report.paper.tolerance:g}")
    return Off((*place(report, result), *values), ONE_NUMBER if result in known else "")


def of_runs(report: Report) -> Verified:
    known, results = slips(report.costs), report.table_results
    off = [result_line(report, result) for result in results if result.verdict == "OFF"]
    off += [
        cost_line(report, key, cost, SLIP if key in known else "")
        for key, cost in report.costs.items()
        if cost.verdict == "OFF"
    ]
    finished = sum(result.mean is not None for result in results) + len(report.costs)
    costs = [cost.verdict for cost in report.costs.values()]
    return Verified(report.name, off, [result.verdict for result in results], costs, finished)


def result_line(report: Report, result: Result) -> Off:
    ours, paper = accuracy_entry(report.experiment, result).main, digits(result.cell, result.paper)
    return Off((*place(report, result), ours, paper, f"{result.difference:+.2f}", f"{result.tolerance:g}"))


def cost_line(report: Report, key: tuple, cost: Cost, known: str) -> Off:
    row = " / ".join(key_texts(report.experiment.rows, key))
    tolerance = as_percent(report.paper.cost_tolerance)
    values = (f"{cost.counted:.2f}", f"{cost.exact:.2f}", f"{cost.difference:+.1f}%", tolerance)
    return Off((report.name, row, COUNTED, *values), known)


def place(report: Report | FactReport, result) -> tuple[str, str, str]:
    """(experiment, row, column) as printed."""
    keys = (printed_key(result, axes) for axes in (report.experiment.rows, report.experiment.columns))
    return report.name, *(" / ".join(key) for key in keys)


def failing(verified: Sequence[Verified]) -> list[Off]:
    return [off for one in verified for off in one.off if not off.known]


def as_text(verified: Sequence[Verified], scale: str) -> str:
    """A line for each cell that is OFF, those that the paper explains last; then the counts, then the result in one sentence."""
    off = sorted((off for one in verified for off in one.off), key=lambda off: bool(off.known))
    lines = (
        aligned([(*HEAD, ""), *((*cell.texts, cell.known) for cell in off)], left=(0, 1, 2, len(HEAD))) if off else []
    )
    counts = aligned([(one.name, summary(one)) for one in verified], left=(0, 1))
    return "\n".join([*lines, *([""] if lines else []), *counts, "", sentence(verified, scale)])


def summary(one: Verified) -> str:
    """'12 STAND-IN, 8 NOT TESTABLE; counted exaFLOPs: 17 REPRODUCED, 1 OFF (known)'."""
    known = sum(bool(off.known) for off in one.off)
    costs = [f"counted exaFLOPs: {count_verdicts(one.cost_verdicts)}"] if one.cost_verdicts else []
    explained = [f"{known} of the OFF explained above"] if known else []
    return "; ".join([count_verdicts(one.verdicts), *costs, *explained])


def sentence(verified: Sequence[Verified], scale: str) -> str:
    finished, off = sum(one.finished for one in verified), sum(len(one.off) for one in verified)
    if not finished:
        names = verified[0].name if len(verified) == 1 else "these experiments"
        return f"nothing to verify: no cell of {names} is finished at scale {scale}"
    if bad := len(failing(verified)):
        return f"{bad} cell{'s are' if bad > 1 else ' is'} OFF, of {finished} with a number"
    agreeing = sum([*one.verdicts, *one.cost_verdicts].count("REPRODUCED") for one in verified)
    compared = f"{agreeing} are REPRODUCED" if agreeing else "none can be compared with the paper's"
    return f"no cell is OFF{f' but the {off} explained above' if off else ''}; of {finished} with a number {compared}"
