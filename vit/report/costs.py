"""What pre-training costs (Table 6): the paper's own models counted by us, and what the runs of a scale really spent."""

from dataclasses import dataclass

from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.costs import costs_file, forward_costs, model_key
from vit.plan.files import name_of
from vit.report.verdicts import within

EXA = 1e18
TRAINING = 3  # forward, and twice that backward: the rule that explains every row of Table 6
IMAGE_SIZE = 224  # of the paper's pre-training (Table 3, caption)


@dataclass(frozen=True)
class Cost:
    """ExaFLOPs of one row."""

    counted: float  # the paper's model at the paper's schedule
    paper: float | None
    verdict: str
    spent: float | None  # by the pre-training run of this scale
    planned: bool  # has this scale such a run?


def read_costs(name, experiment, published, cells, finished):
    """Key of the row -> Cost."""
    full, forward = make_plan("paper", [name]), forward_costs("paper")
    theirs = _upstream_by_row(full.cells, experiment, name)
    ours = _upstream_by_row(cells, experiment, name)
    axes = {cell.key(experiment.rows): cell.axes for cell in cells}
    return {
        key: _cost(full.runs[run], forward, published, axes[key], ours.get(key), finished)
        for key, run in theirs.items()
    }


def _cost(run, forward, published, axes, upstream, finished):
    key = model_key(run.model, {}, IMAGE_SIZE)
    if key not in forward:
        raise UserError(
            f"{name_of(costs_file('paper'))}: no cost of {run.model}; `python -m vit cost --scale paper` counts it anew"
        )
    counted = TRAINING * forward[key]["flops"] * run.images / EXA
    paper = published.cost(axes)
    said = "NO PAPER VALUE" if paper is None else within(counted, paper, published.paper.cost_tolerance * paper)
    spent = finished[upstream]["flops"] / EXA if upstream in finished else None
    return Cost(counted, paper, said, spent, upstream is not None)


def _upstream_by_row(cells, experiment, name):
    """A cost belongs to a row, so a row has one pre-training run."""
    found = {}
    for cell in cells:
        key = cell.key(experiment.rows)
        if cell.upstream and found.setdefault(key, cell.upstream) != cell.upstream:
            row = " / ".join(map(str, key))
            raise UserError(
                f"{name}.yaml: paper.cost: the row {row} has several pre-training runs; name in `rows` what they differ in"
            )
    return found
