"""ExaFLOPs per TPUv3-core-day in the paper: Table 2 prints the core-days of models whose exaFLOPs are in Table 6."""

from collections.abc import Iterable
from dataclasses import dataclass

from vit.plan.resolve import load_experiment
from vit.plan.schema import Paper
from vit.report.cost.rows import Cost
from vit.report.paper_values import Published

TABLE = "table2"


@dataclass(frozen=True)
class Rate:
    """ExaFLOPs per core-day, over all models with printed core-days and of each. Larger models were slower."""

    overall: float
    by_model: dict[str, float]

    def core_days(self, exaflops: float) -> tuple[float, float, float]:
        """(best guess, lowest, highest)."""
        rates = (self.overall, max(self.by_model.values()), min(self.by_model.values()))
        return tuple(exaflops / rate for rate in rates)


def rate(costs: Iterable[Cost]) -> Rate:
    exaflops = {}
    for cost in costs:  # Table 2 prints no epochs: assume the longest schedule that Table 6 has of the model
        exaflops[cost.model] = max(cost.exact, exaflops.get(cost.model, 0))
    days = {model: printed for model in exaflops if (printed := printed_core_days(model))}
    overall = sum(exaflops[model] for model in days) / sum(days.values())
    return Rate(overall, {model: exaflops[model] / days[model] for model in days})


def printed_core_days(model: str) -> float | None:
    return Published(Paper(**load_experiment(TABLE).paper)).core_days({"model": model, "pretrain": "JFT-300M"})
