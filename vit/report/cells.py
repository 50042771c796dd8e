"""One cell of a table: ours over the seeds, the paper's, and the verdict on the two."""

import statistics
from dataclasses import dataclass

from vit.errors import UserError
from vit.plan import Cell
from vit.plan.files import name_of
from vit.plan.folders import runs_folder
from vit.report.names import has_stand_in
from vit.report.verdicts import COMPARED, verdict


@dataclass(frozen=True)
class Result:
    """A cell with its numbers, in percent."""

    cell: Cell
    planned: int  # seeds that it is the mean of when all are finished
    finished: tuple  # metrics.json of its finished seeds
    mean: float | None
    std: float | None  # sample standard deviation (n - 1); none of a single seed
    paper: float | None
    verdict: str

    @property
    def difference(self):
        """Ours minus the paper's, where the two may be compared."""
        return self.mean - self.paper if self.verdict in COMPARED else None


def read_result(plan, experiment, published, finished, cell):
    """`finished`: run id -> metrics.json of every finished run."""
    wanted = chosen(cell, finished)
    runs = [(run, finished[run]) for run in wanted if run in finished]
    values = [_percent(plan, run, metrics, cell.metric) for run, metrics in runs]
    mean = statistics.fmean(values) if values else None
    paper = published.value(cell.axes) if published else None
    said = verdict(
        ours=mean, paper=paper, tolerance=published.paper.tolerance if published else None,
        private=cell.axes.get("pretrain") in experiment.private, planned=len(cell.runs), finished=len(values),
        stand_in=has_stand_in(plan, experiment, cell.axes), schedule=min(cell.schedule.values(), default=1),
    )  # fmt: skip
    return Result(
        cell,
        len(cell.choices[0][1] if cell.choices else cell.runs),
        tuple(metrics for _, metrics in runs),
        mean,
        statistics.stdev(values) if len(values) > 1 else None,
        paper,
        said,
    )


def chosen(cell, finished):
    """The runs whose mean the cell is: of competing settings, those whose sweep did best on held-out images (B.1.1)."""
    if not cell.choices:
        return cell.runs
    swept = [run for sweep, _ in cell.choices for run in sweep]
    if not all(run in finished for run in swept):
        return ()
    return max(cell.choices, key=lambda choice: max(_held_out(finished[run]) for run in choice[0]))[1]


def _held_out(metrics):
    return metrics["metrics"]["held_out_accuracy"]


def _percent(plan, run, metrics, name):
    if name not in metrics["metrics"]:
        place = name_of(runs_folder(plan.scale_name) / run / "metrics.json")
        raise UserError(f"{place}: metrics: no '{name}' (there is: {', '.join(metrics['metrics'])})")
    return 100 * metrics["metrics"][name]
