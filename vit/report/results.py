"""One cell of a table: ours over the seeds, the paper's, and the verdict on the two."""

from dataclasses import dataclass

import pandas as pd

from vit.plan import Cell
from vit.report.frame import seeds, statistics
from vit.report.names import has_stand_in
from vit.report.verdicts import COMPARED, verdict

NOTHING = {"mean": None, "std": None, "count": 0}  # of a cell none of whose seeds is finished


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


def read_results(plan, experiment, published, cells, finished):
    """`finished`: run id -> metrics.json of every finished run."""
    values = seeds(plan, cells, finished)
    ours, runs = statistics(values), values.groupby("cell")["run"].agg(tuple)
    return [
        read_result(
            plan, experiment, published, cell,
            finished=tuple(finished[run] for run in runs.get(position, ())),
            ours=ours.loc[position] if position in ours.index else NOTHING,
        )
        for position, cell in enumerate(cells)
    ]  # fmt: skip


def read_result(plan, experiment, published, cell, *, finished, ours):
    """finished: the metrics.json of the cell's seeds. ours: their mean, std and count."""
    mean, std = (None if pd.isna(ours[name]) else float(ours[name]) for name in ("mean", "std"))
    paper = published.value(cell.axes) if published else None
    said = verdict(
        ours=mean, paper=paper, tolerance=published.paper.tolerance if published else None,
        private=cell.axes.get("pretrain") in experiment.private, planned=len(cell.runs), finished=len(finished),
        stand_in=has_stand_in(plan, experiment, cell.axes), schedule=min(cell.schedule.values(), default=1),
    )  # fmt: skip
    planned = len(cell.choices[0][1] if cell.choices else cell.runs)
    return Result(cell, planned, finished, mean, std, paper, said)
