"""Cost of pre-training (Table 6): counted for the paper's own models, and measured in the runs of a scale."""

from dataclasses import dataclass

from vit.errors import UserError
from vit.paths import name_of
from vit.plan import Cell, make_plan
from vit.plan.cells import Run
from vit.plan.cost_file import TRAINING, costs_file, forward_costs
from vit.plan.schema import Experiment
from vit.report.paper_values import Published
from vit.report.verdicts import within

EXA = 1e18


@dataclass(frozen=True)
class Cost:
    """The cost of one row."""

    model: str
    flops: int  # of the forward pass of one image
    parameters: int
    counted: float  # exaFLOPs of the paper's model at the paper's schedule
    paper: float | None  # exaFLOPs as printed
    exact: float | None  # the same with more digits, from Figure 5; this is compared
    verdict: str
    spent: float | None  # exaFLOPs of this scale's pre-training run; None until it is finished
    planned: bool  # has this scale such a run?

    @property
    def difference(self) -> float | None:
        """Counted against exact, in percent; None where the paper has no value."""
        return 100 * (self.counted / self.exact - 1) if self.exact else None


def read_costs(
    name: str, experiment: Experiment, published: Published, cells: list[Cell], finished: dict[str, dict]
) -> dict[tuple, Cost]:
    """Key of a row -> its cost. finished: run id -> record."""
    full, forward = make_plan("paper", [name]), forward_costs("paper")
    theirs, ours = (
        upstream_by(experiment.rows, some, f"{name}.yaml: paper.cost: the row") for some in (full.cells, cells)
    )
    axes = {cell.key(experiment.rows): cell.axes for cell in cells}
    return {
        key: read_cost(full.runs[run], forward, published, axes[key], ours.get(key), finished)
        for key, run in theirs.items()
    }


def read_cost(
    run: Run,
    forward: dict[str, dict],
    published: Published,
    axes: dict,
    upstream: str | None,
    finished: dict[str, dict],
) -> Cost:
    """run: of the paper's scale. forward: Run.cost_key -> flops and parameters. upstream: the run of this scale."""
    counted = counted_exaflops(run, forward)
    exact = published.exact_cost(axes)
    label = "NO PAPER VALUE" if exact is None else within(counted, exact, published.paper.cost_tolerance * exact)
    spent = finished[upstream]["flops"] / EXA if upstream in finished else None
    compared = {"counted": counted, "paper": published.cost(axes), "exact": exact, "verdict": label}
    sizes = {name: forward[run.cost_key][name] for name in ("flops", "parameters")}
    return Cost(run.model, **sizes, **compared, spent=spent, planned=upstream is not None)


def counted_exaflops(run: Run, forward: dict[str, dict]) -> float:
    """Of the run's training. Errors: UserError where its model has not been counted."""
    if run.cost_key not in forward:
        path = name_of(costs_file("paper"))
        raise UserError(f"{path}: no cost of {run.model}; `python -m vit cost --write paper` counts it")
    return TRAINING * forward[run.cost_key]["flops"] * run.images / EXA


def slips(costs: dict[tuple, Cost]) -> list[tuple]:
    """Keys of rows that are OFF while another row of the same model agrees: the paper's two numbers contradict each other."""
    agreeing = {cost.model for cost in costs.values() if cost.verdict == "REPRODUCED"}
    return [key for key, cost in costs.items() if cost.verdict == "OFF" and cost.model in agreeing]


def upstream_by(axes: list[str], cells: list[Cell], where: str) -> dict[tuple, str]:
    """Values of these axes, a row or a column -> id of its pre-training run. UserError if it has several: it has one cost."""
    upstream = {}
    for cell in cells:
        key = cell.key(axes)
        if cell.upstream and upstream.setdefault(key, cell.upstream) != cell.upstream:
            name = " / ".join(map(str, key))
            raise UserError(
                f"{where} {name} has several pre-training runs; add the axis in which they differ to {', '.join(axes)}"
            )
    return upstream
