"""Cost of pre-training by column (Table 2): counted exaFLOPs of the paper's models, and its core-days of a TPUv3."""

from dataclasses import dataclass

from vit.plan import make_plan
from vit.plan.cost_file import forward_costs
from vit.plan.schema import Experiment
from vit.report.cost.rows import counted_exaflops, upstream_by
from vit.report.paper_values import Published


@dataclass(frozen=True)
class CoreDays:
    """The cost of one column."""

    exaflops: float  # counted, of the paper's model at the paper's schedule
    printed: float | None  # the paper's core-days
    implied: (
        tuple[float, float] | None
    )  # core-days at the other columns' highest and lowest rate; None if they have none

    @property
    def rate(self) -> float | None:
        """Counted exaFLOPs per printed core-day."""
        return self.exaflops / self.printed if self.printed else None


def read_core_days(name: str, experiment: Experiment, published: Published) -> dict[tuple, CoreDays]:
    """Key of a column -> its cost; of all columns, whether this scale runs them or not."""
    full, forward = make_plan("paper", [name]), forward_costs("paper")
    runs = upstream_by(experiment.columns, full.cells, f"{name}.yaml: paper.core_days: the column")
    axes = {cell.key(experiment.columns): cell.axes for cell in full.cells}
    exaflops = {key: counted_exaflops(full.runs[run], forward) for key, run in runs.items()}
    printed = {key: published.core_days(axes[key]) for key in runs}
    rates = {key: exaflops[key] / days for key, days in printed.items() if days}
    return {key: CoreDays(exaflops[key], printed[key], implied(exaflops[key], key, rates)) for key in runs}


def implied(exaflops: float, key: tuple, rates: dict[tuple, float]) -> tuple[float, float] | None:
    others = [rate for other, rate in rates.items() if other != key]
    return (exaflops / max(others), exaflops / min(others)) if others else None
