"""One cell of a table: our mean over the seeds, the paper's value, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vit.plan import Cell, Plan, measured_speed
from vit.plan.schema import Experiment
from vit.report.frame import seeds
from vit.report.intervals import Difference
from vit.report.names import has_stand_in
from vit.report.paper_values import Published
from vit.report.spread import Values, mean, spread
from vit.report.verdicts import COMPARED, verdict


@dataclass(frozen=True)
class Result:
    """A cell with its numbers, in percent."""

    cell: Cell
    planned: int  # number of seeds once all are finished
    finished: tuple[dict, ...]  # records of the finished seeds
    mean: float | None
    std: float | None  # what ± shows, as vit.report.spread.spread; None for a single seed
    paper: float | None
    verdict: str
    values: Values  # of the finished seeds; of a mean, {} where its members have different seeds
    to_base: Difference | None = None  # to the experiment's base; None without one, and for the base itself
    figure: Mapping = field(default_factory=dict)  # the paper's points, as Published.figure gives them
    tolerance: float | None = None  # of the difference to the paper's value; None without published numbers

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's; None unless the two may be compared."""
        return self.mean - self.paper if self.verdict in COMPARED else None


def read_results(
    plan: Plan, experiment: Experiment, published: Published | None, cells: list[Cell], finished: dict[str, dict]
) -> list[Result]:
    """One result per cell. finished: run id -> record."""
    values = seeds(plan, cells, finished)
    runs = values.groupby("cell")["run"].agg(tuple)
    by_seed = {
        position: {
            (row.pretrain_seed, row.seed): row.value for row in cell[["pretrain_seed", "seed", "value"]].itertuples()
        }
        for position, cell in values.groupby("cell")
    }
    return [
        read_result(
            plan, experiment, published, cell,
            finished=tuple(finished[run] for run in runs.get(position, ())), values=by_seed.get(position, {}),
        )
        for position, cell in enumerate(cells)
    ]  # fmt: skip


def read_result(
    plan: Plan,
    experiment: Experiment,
    published: Published | None,
    cell: Cell,
    *,
    finished: tuple[dict, ...],
    values: Values,
) -> Result:
    """finished: records of the cell's seeds. values: what they measured."""
    ours = mean(values)
    paper = published.value(cell.axes) if published else None
    tolerance = published.tolerance(cell.axes) if published else None
    label = verdict(
        ours=ours, paper=paper, tolerance=tolerance,
        private=cell.axes.get("pretrain") in experiment.private, planned=len(cell.runs), finished=len(finished),
        # no device here is the paper's
        stand_in=has_stand_in(plan, experiment, cell) or cell.metric in measured_speed.UNITS, schedule=min(cell.schedule.values(), default=1),
    )  # fmt: skip
    # Only one of several competing settings is used, so its seeds are counted, not those of all.
    planned = len(cell.choices[0][1] if cell.choices else cell.runs)
    figure = published.figure(cell.axes) if published else {}
    return Result(
        cell, planned, finished, ours, spread(values), paper, label, values, figure=figure, tolerance=tolerance
    )
