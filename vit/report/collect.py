"""The input of every rendered file of one experiment, read once: finished runs, cells with verdicts, costs."""

from dataclasses import dataclass

from vit.arrays import read_arrays
from vit.paths import runs_folder
from vit.plan import Plan
from vit.plan.schema import Experiment, Paper
from vit.record import read_record
from vit.report.against_base import with_differences
from vit.report.cost.columns import CoreDays, read_core_days
from vit.report.cost.rows import Cost, read_costs
from vit.report.frame import cells_of
from vit.report.means import group_means
from vit.report.paper_values import Published
from vit.report.results import Result, read_results


@dataclass(frozen=True)
class Report:
    """One experiment at one scale."""

    plan: Plan
    name: str
    experiment: Experiment
    paper: Paper | None  # None: an experiment without published numbers
    runs: list[str]  # ids: pre-training, sweeps, seeds
    finished: dict[str, dict]  # run id -> its record (metrics.json)
    results: list[Result]  # one per cell
    means: list[Result]  # means over groups of cells
    costs: dict[tuple, Cost]  # key of a row -> Cost; empty where the paper prints no cost
    core_days: dict[tuple, CoreDays]  # key of a column -> CoreDays; empty where the paper prints none
    arrays: dict[str, dict]  # run id -> name -> array that it left; empty where the picture draws none

    @property
    def table_results(self) -> list[Result]:
        return [*self.results, *self.means]

    @property
    def planned(self) -> list[Result]:
        """The results that have runs at this scale."""
        return [result for result in self.results if result.cell.runs]


class Records(dict):
    """Run id -> its record, None while it is not finished; read once, however many experiments share the run."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.folder = runs_folder(plan.scale_name)

    def __missing__(self, run: str) -> dict | None:
        record = self[run] = read_record(self.folder / run)
        return record


def collect(plan: Plan, name: str, records: Records | None = None) -> Report:
    """records: those that other experiments have read."""
    experiment, records = plan.experiments[name], Records(plan) if records is None else records
    runs, folder = plan.runs_of(name), runs_folder(plan.scale_name)
    finished = {run: record for run in runs if (record := records[run])}
    paper = Paper(**experiment.paper) if experiment.paper else None
    published = Published(paper) if paper else None
    cells = cells_of(plan, name)
    results = read_results(plan, experiment, published, cells, finished)
    costs = read_costs(name, experiment, published, cells, finished) if paper and paper.cost else {}
    days = read_core_days(name, experiment, published) if paper and paper.core_days else {}
    means = group_means(plan, experiment, published, results)
    results, means = with_differences(experiment, results), with_differences(experiment, means)
    arrays = {}
    if isinstance(experiment.picture, dict):
        leaving = {run: record["arrays"] for run, record in finished.items() if "arrays" in record}
        arrays = {run: read_arrays(folder / run, shapes) for run, shapes in leaving.items()}
    return Report(plan, name, experiment, paper, runs, finished, results, means, costs, days, arrays)
