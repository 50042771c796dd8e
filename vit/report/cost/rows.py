"""What pre-training costs (Table 6): the paper's own models counted by us, and what the runs of a scale really spent."""

from dataclasses import dataclass

from vit.errors import UserError
from vit.paths import name_of
from vit.plan import make_plan
from vit.plan.cost_file import TRAINING, costs_file, forward_costs
from vit.report.verdicts import within

EXA = 1e18


@dataclass(frozen=True)
class Cost:
    """One row."""

    model: str
    flops: int  # of one image, forward
    parameters: int
    counted: float  # exaFLOPs of the paper's model at the paper's schedule
    paper: float | None  # as printed
    exact: float | None  # the same with the digits that the comparison uses
    verdict: str
    spent: float | None  # exaFLOPs of the pre-training run of this scale
    planned: bool  # has this scale such a run?

    @property
    def difference(self):
        """Percent from the paper; None where it has no value."""
        return 100 * (self.counted / self.exact - 1) if self.exact else None


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
    key = run.cost_key
    if key not in forward:
        raise UserError(
            f"{name_of(costs_file('paper'))}: no cost of {run.model}; `python -m vit cost --write paper` counts it anew"
        )
    counted = TRAINING * forward[key]["flops"] * run.images / EXA
    exact = published.exact_cost(axes)
    said = "NO PAPER VALUE" if exact is None else within(counted, exact, published.paper.cost_tolerance * exact)
    spent = finished[upstream]["flops"] / EXA if upstream in finished else None
    compared = {"counted": counted, "paper": published.cost(axes), "exact": exact, "verdict": said}
    return Cost(run.model, **forward[key], **compared, spent=spent, planned=upstream is not None)


def slips(costs):
    """Rows that are off although the same model agrees in another row: the paper's two numbers contradict each other."""
    agreeing = {cost.model for cost in costs.values() if cost.verdict == "REPRODUCED"}
    return [key for key, cost in costs.items() if cost.verdict == "OFF" and cost.model in agreeing]


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
