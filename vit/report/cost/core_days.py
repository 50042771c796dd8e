"""What a TPUv3-core-day of the paper does: Table 2 prints core-days of models whose exaFLOPs stand in Table 6."""

from dataclasses import dataclass

from vit.plan.schema import Paper
from vit.report.paper_values import Published

TABLE2 = Paper(
    file="table2_sota.csv",
    match={"model": "model", "pretrain": "pretrain_data", "transfer": "benchmark"},
    value="mean",
    tolerance=0.0,  # nothing of it is compared
)


@dataclass(frozen=True)
class Rate:
    """ExaFLOPs a core-day: of all models that tell together, and of each alone. Larger models were slower."""

    together: float
    alone: dict  # model -> rate

    def core_days(self, exaflops):
        """(best guess, lowest, highest)."""
        rates = (self.together, max(self.alone.values()), min(self.alone.values()))
        return tuple(exaflops / rate for rate in rates)


def rate(costs):
    """Table 2 does not print epochs: its models are taken for those of the longest schedule in Table 6."""
    exaflops = {}
    for cost in costs:
        exaflops[cost.model] = max(cost.exact, exaflops.get(cost.model, 0))
    days = {model: printed for model in exaflops if (printed := _core_days(model))}
    together = sum(exaflops[model] for model in days) / sum(days.values())
    return Rate(together, {model: exaflops[model] / days[model] for model in days})


def _core_days(model):
    axes = {"model": model, "pretrain": "JFT-300M", "transfer": "TPUv3-core-days"}
    return Published(TABLE2).value(axes)
