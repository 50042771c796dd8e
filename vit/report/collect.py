"""Everything that is rendered of one experiment, read once: finished runs, cells with their verdicts, costs."""

from dataclasses import dataclass

from vit.paths import runs_folder
from vit.plan import Plan
from vit.plan.schema import Experiment, Paper
from vit.record import read_record
from vit.report.cost.rows import read_costs
from vit.report.frame import cells_of
from vit.report.means import group_means
from vit.report.paper_values import Published
from vit.report.results import read_results


@dataclass(frozen=True)
class Report:
    """One experiment at one scale."""

    plan: Plan
    name: str
    experiment: Experiment
    paper: Paper | None  # where its published numbers stand
    runs: list  # ids of all its runs: pre-training, sweeps, seeds
    finished: dict  # id -> metrics.json
    results: list
    means: list  # results over several of them
    costs: dict  # key of a row -> Cost; empty where the paper prints none

    @property
    def shown(self):
        """Everything that has a place in the table."""
        return [*self.results, *self.means]

    @property
    def planned(self):
        """The results that have runs at this scale."""
        return [result for result in self.results if result.cell.runs]


def collect(plan, name):
    experiment = plan.experiments[name]
    runs, folder = plan.runs_of(name), runs_folder(plan.scale_name)
    finished = {run: metrics for run in runs if (metrics := read_record(folder / run))}
    paper = Paper(**experiment.paper) if experiment.paper else None
    published = Published(paper) if paper else None
    cells = cells_of(plan, name)
    results = read_results(plan, experiment, published, cells, finished)
    costs = read_costs(name, experiment, published, cells, finished) if paper and paper.cost else {}
    means = group_means(experiment, results)
    return Report(plan, name, experiment, paper, runs, finished, results, means, costs)
