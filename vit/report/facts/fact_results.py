"""Cells that need no training (Tables 1, 3 and 4): our value as planned or counted, the printed one, and the verdict."""

import re
from dataclasses import dataclass

from vit.errors import UserError
from vit.paths import name_of
from vit.plan import Plan
from vit.plan.cells import Cell, Fact
from vit.plan.cost_file import costs_file, forward_costs
from vit.plan.kinds import SHARE_OR_COUNT, number
from vit.plan.recipe_values import VALUES
from vit.plan.resolve import experiment_path
from vit.plan.schema import Experiment, Paper
from vit.report.paper_values import Published, parse_number
from vit.report.verdicts import within

MILLION = 1e6  # parameters are shown in millions, as Table 1 prints them
MEANING = {
    "REPRODUCED": "the printed value, within the tolerance",
    "OFF": "another value than the printed one, although nothing stands in at this scale",
    "STAND-IN": "this scale has another value in place of the paper's, which is there for orientation",
    "NOT RUN": "left out at this scale",
    "NO PAPER VALUE": "the paper prints no value for this cell",
}


@dataclass(frozen=True)
class FactResult:
    """A fact beside the printed value. Values are numbers, texts or lists of them."""

    cell: Cell
    planned: bool  # has the scale such a cell?
    ours: object  # None for what a recipe switches off
    paper: object  # None where the paper prints nothing
    verdict: str
    assumed: str | None  # what the recipe's row had to assume

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's; None unless both are numbers that may be compared."""
        compared = self.verdict in ("REPRODUCED", "OFF") and number(self.ours) and number(self.paper)
        return self.ours - self.paper if compared else None


@dataclass(frozen=True)
class FactReport:
    """One experiment without runs at one scale."""

    plan: Plan
    name: str
    experiment: Experiment
    paper: Paper | None
    results: list[FactResult]

    @property
    def planned(self) -> list[FactResult]:
        """The results that this scale has."""
        return [result for result in self.results if result.planned]


def collect_facts(plan: Plan, name: str) -> FactReport:
    experiment, facts = plan.experiments[name], plan.facts_of(name)
    paper = Paper(**experiment.paper) if experiment.paper else None
    published = Published(paper) if paper else None
    costs = forward_costs(plan.scale_name) if any(fact.cost_key for fact in facts) else {}
    results = [read_fact(plan, fact, costs, published) for fact in facts]
    return FactReport(plan, name, experiment, paper, results)


def read_fact(plan: Plan, fact: Fact, costs: dict[str, dict], published: Published | None) -> FactResult:
    """costs: cost_key -> what was counted of that model."""
    ours = counted(plan, fact, costs) if fact.cost_key else fact.value
    paper = printed_value(published, fact.cell.axes) if published else None
    if paper is None:
        label = "NO PAPER VALUE"
    elif not fact.planned:
        label = "NOT RUN"
    elif equal(ours, paper, published.paper.tolerance):
        label = "REPRODUCED"
    else:
        label = "STAND-IN" if fact.stand_in else "OFF"
    return FactResult(fact.cell, fact.planned, ours, paper, label, fact.assumed)


def counted(plan: Plan, fact: Fact, costs: dict[str, dict]) -> float:
    path, model = name_of(costs_file(plan.scale_name)), fact.cell.axes["model"]
    if fact.cost_key not in costs:
        raise UserError(
            f"{path}: older than the experiments; `python -m vit cost --write {plan.scale_name}` counts again"
        )
    if fact.counted not in costs[fact.cost_key]:
        experiment = name_of(experiment_path(fact.cell.experiment))
        raise UserError(f"{experiment}: fact: {model} is no ViT and has no '{fact.counted}'; leave the pair out")
    value = costs[fact.cost_key][fact.counted]
    return value / MILLION if fact.counted.startswith("parameters") else value


def printed_value(published: Published, axes: dict) -> object:
    """A number, a list for '7/14' or '0.01;0.03', or a text; None for an empty cell."""
    text, position = published.printed(axes, published.value_column(axes))
    if not re.search(r"\d", text):
        return text or None
    values = [parse_number(part, position) * published.factor(axes) for part in re.split("[/;]", text)]
    return values[0] if len(values) == 1 else values


def equal(ours: object, paper: object, tolerance: float) -> bool:
    """The same text but for capitals, or as many numbers, each within the tolerance."""
    ours, paper = listed(ours), listed(paper)
    if len(ours) != len(paper):
        return False
    return all(
        within(mine, theirs, tolerance) == "REPRODUCED"
        if number(mine) and number(theirs)
        else str(mine).lower() == str(theirs).lower()
        for mine, theirs in zip(ours, paper, strict=True)
    )


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def shown(value: object, fact: str) -> str:
    """'0.0008', '86.3892', '7, 14', 'adam'; 'none' for what is switched off; '2%' or '200 images' of a fact that is either."""
    if value is None:
        return "none"
    written = share_or_count if is_share_or_count(fact) else one
    return ", ".join(written(part) for part in listed(value))


def shown_difference(result: FactResult) -> str:
    """'+0.001'; '+2 points' between two shares; '' for none, and between a share and a number of images."""
    if not result.difference:
        return ""
    if not is_share_or_count(result.cell.axes["fact"]):
        return f"{result.difference:+.3g}"
    return f"{100 * result.difference:+.3g} points" if max(result.ours, result.paper) < 1 else ""


def is_share_or_count(fact: str) -> bool:
    """Is it a value that may be a share of the training images or their number?"""
    return fact in VALUES and VALUES[fact].kind is SHARE_OR_COUNT


def share_or_count(value: float) -> str:
    return f"{100 * value:.6g}%" if value < 1 else f"{value:,} images"


def one(value: object) -> str:
    return f"{value:.6g}" if number(value) else str(value)
