"""`python -m vit cost`: the cost of pre-training each model of Table 6, counted, beside what the paper prints."""

from collections.abc import Iterator

import pandas as pd

from vit.plan import make_plan
from vit.plan.overview import aligned
from vit.plan.schema import Paper
from vit.report.cost.core_days import Rate, rate
from vit.report.cost.rows import Cost, read_costs, slips
from vit.report.paper_values import Published

TABLE = "table6"
SLIP = "the paper's own slip"
TEXT = {  # column of the CSV -> its heading and format in the table for people
    "model": ("model", "{}"),
    "epochs": ("epochs", "{}"),
    "gmacs_forward": ("GMACs", "{:.2f}"),
    "parameters": ("parameters", "{:,}"),
    "exaflops_counted": ("exaFLOPs", "{:.2f}"),
    "exaflops_printed": ("printed", "{:g}"),
    "exaflops_figure5": ("Figure 5", "{:.2f}"),
    "difference_percent": ("off by", "{:+.2f}%"),
    "core_days": ("core-days", "{:.0f}"),
    "verdict": ("verdict", "{}"),
}
DIGITS = {  # format of numbers in the CSV
    "gmacs_forward": ".4f",
    "exaflops_counted": ".3f",
    "exaflops_printed": "g",
    "difference_percent": ".3f",
    **dict.fromkeys(("core_days", "core_days_low", "core_days_high"), ".1f"),
}


def as_csv() -> str:
    """One line per row of Table 6; core_days_low and _high follow from each model of Table 2 by itself."""
    costs, speed, _ = read_table6()
    rows = [{key: format(value, DIGITS.get(key, "")) for key, value in row.items()} for row in cost_rows(costs, speed)]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def as_text() -> str:
    """The same as an aligned table, with notes on what the numbers are."""
    costs, speed, tolerance = read_table6()
    rows = [[form.format(row[key]) for key, (_, form) in TEXT.items()] for row in cost_rows(costs, speed)]
    lines = aligned([[heading for heading, _ in TEXT.values()], *rows], left=(0, len(TEXT) - 1))
    return "\n".join([*lines, "", *notes(speed, tolerance), *slip_notes(costs)]) + "\n"


def read_table6() -> tuple[dict[tuple, Cost], Rate, float]:
    """Costs by (model, epochs), the paper's speed, the tolerance; the schedules are those of scale `paper`."""
    plan = make_plan("paper", [TABLE])
    experiment = plan.experiments[TABLE]
    paper = Paper(**experiment.paper)
    costs = read_costs(TABLE, experiment, Published(paper), plan.cells, finished={})
    return costs, rate(costs.values()), paper.cost_tolerance


def cost_rows(costs: dict[tuple, Cost], speed: Rate) -> list[dict]:
    slipped = slips(costs)
    return [cost_row(*key, cost, speed, f"{cost.verdict}: {SLIP}" if key in slipped else cost.verdict)
            for key, cost in costs.items()]  # fmt: skip


def cost_row(model: str, epochs: int, cost: Cost, speed: Rate, verdict: str) -> dict:
    days, low, high = speed.core_days(cost.counted)
    counted = {"gmacs_forward": cost.flops / 2e9, "parameters": cost.parameters, "exaflops_counted": cost.counted}
    paper = {"exaflops_printed": cost.paper, "exaflops_figure5": cost.exact, "difference_percent": cost.difference}
    core_days = {"core_days": days, "core_days_low": low, "core_days_high": high}
    return {"model": model, "epochs": epochs, **counted, **paper, **core_days, "verdict": verdict}


def notes(speed: Rate, tolerance: float) -> tuple[str, ...]:
    rates = " and ".join(f"{model} {exaflops:.2f}" for model, exaflops in speed.by_model.items())
    _, low, high = speed.core_days(1.0)
    return (
        "GMACs: 1e9 multiply-adds of a forward pass, without products with the padding of an image. The head is that of",
        "  pre-training: all classes of JFT, before them a hidden layer in Transformers; it changes no row by more than 1%.",
        "exaFLOPs: 3 x forward x 2 x images seen. off by: difference from Figure 5, as the printed values are truncated.",
        f"verdict: REPRODUCED within {tolerance:.0%} of Figure 5.",
        f"core-days: of a TPUv3, at {speed.overall:.2f} exaFLOPs per core-day, from the two models with printed core-days",
        f"  (Table 2 and Table 6): {rates}. At the rate of only one of them a row costs"
        f" {1 - low * speed.overall:.0%} less or {high * speed.overall - 1:.0%} more.",
    )


def slip_notes(costs: dict[tuple, Cost]) -> Iterator[str]:
    """Each slip beside the row that contradicts it."""
    for key in slips(costs):
        cost = costs[key]
        others = [(k, c) for k, c in costs.items() if c.model == cost.model and k != key]
        each = ", ".join(
            f"{c.exact:.2f} for {k[1]} epochs ({c.exact / k[1]:.1f} each)" for k, c in [(key, cost), *others]
        )
        yield f"{SLIP}: {cost.model} cannot cost {each}; the count agrees with the latter."
