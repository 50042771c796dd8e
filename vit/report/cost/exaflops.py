"""`python -m vit cost`: what pre-training each model of Table 6 costs, counted, beside what the paper says."""

import pandas as pd

from vit.plan import make_plan
from vit.plan.schema import Paper
from vit.report.cost.core_days import rate
from vit.report.cost.rows import read_costs, slips
from vit.report.paper_values import Published

TABLE = "table6"
SLIP = "the paper's own slip"
TEXT = {  # column of the CSV -> how it is headed and printed for people
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
DIGITS = {  # how numbers stand in the CSV
    "gmacs_forward": ".4f",
    "exaflops_counted": ".3f",
    "exaflops_printed": "g",
    "difference_percent": ".3f",
    **dict.fromkeys(("core_days", "core_days_low", "core_days_high"), ".1f"),
}


def as_csv():
    """One line a row of Table 6; core_days_low and _high follow from each model of Table 2 alone."""
    rows = [{key: format(value, DIGITS.get(key, "")) for key, value in row.items()} for row in _rows(*_read()[:2])]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def as_text():
    """The same for people, with what the numbers are below."""
    costs, speed, tolerance = _read()
    shown = [[form.format(row[key]) for key, (_, form) in TEXT.items()] for row in _rows(costs, speed)]
    table = [[head for head, _ in TEXT.values()], *shown]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    left = (0, len(TEXT) - 1)  # names; numbers stand at the right
    aligned = [[f"{cell:{'<' if i in left else '>'}{widths[i]}}" for i, cell in enumerate(row)] for row in table]
    lines = ["  ".join(row).rstrip() for row in aligned]
    return "\n".join([*lines, "", *_notes(speed, tolerance), *_named_slips(costs)]) + "\n"


def _read():
    """Costs by (model, epochs), the paper's speed, the tolerance; the plan of the paper's scale knows the schedules."""
    plan = make_plan("paper", [TABLE])
    experiment = plan.experiments[TABLE]
    paper = Paper(**experiment.paper)
    costs = read_costs(TABLE, experiment, Published(paper), plan.cells, finished={})
    return costs, rate(costs.values()), paper.cost_tolerance


def _rows(costs, speed):
    slipped = slips(costs)
    return [_row(*key, cost, speed, f"{cost.verdict}: {SLIP}" if key in slipped else cost.verdict)
            for key, cost in costs.items()]  # fmt: skip


def _row(model, epochs, cost, speed, verdict):
    days, low, high = speed.core_days(cost.counted)
    counted = {"gmacs_forward": cost.flops / 2e9, "parameters": cost.parameters, "exaflops_counted": cost.counted}
    paper = {"exaflops_printed": cost.paper, "exaflops_figure5": cost.exact, "difference_percent": cost.difference}
    core_days = {"core_days": days, "core_days_low": low, "core_days_high": high}
    return {"model": model, "epochs": epochs, **counted, **paper, **core_days, "verdict": verdict}


def _notes(speed, tolerance):
    alone = " and ".join(f"{model} {one:.2f}" for model, one in speed.alone.items())
    _, low, high = speed.core_days(1.0)
    return (
        "GMACs: 1e9 multiply-adds of a forward pass, none of them with the zeros around an image. The head is that of",
        "  pre-training: all classes of JFT, before them a hidden layer in Transformers; it moves no row by more than 1%.",
        "exaFLOPs: 3 x forward x 2 x images seen. off by: from Figure 5, as the printed values are truncated.",
        f"verdict: REPRODUCED within {tolerance:.0%} of Figure 5.",
        f"core-days: of a TPUv3, at {speed.together:.2f} exaFLOPs a core-day. The paper tells of two models (Table 2 and Table 6):",
        f"  {alone}. By the one or the other alone a row costs"
        f" {1 - low * speed.together:.0%} less or {high * speed.together - 1:.0%} more.",
    )


def _named_slips(costs):
    """Each slip beside the row that contradicts it."""
    for key in slips(costs):
        cost = costs[key]
        others = [(k, c) for k, c in costs.items() if c.model == cost.model and k != key]
        each = ", ".join(
            f"{c.exact:.2f} for {k[1]} epochs ({c.exact / k[1]:.1f} each)" for k, c in [(key, cost), *others]
        )
        yield f"{SLIP}: {cost.model} cannot cost {each}; the count agrees with the latter."
