"""How many cells of the tables have which verdict: of what was measured, and of what needs no training."""

from html import escape

from vit.plan import Plan
from vit.report.collect import Report
from vit.report.facts.fact_results import FactReport
from vit.report.page.verdict_words import counted, css_class
from vit.report.shown import Shown
from vit.report.verdicts import MEANING


def counts_section(plan: Plan, shown: list[Shown], errors: dict[str, str]) -> str:
    return "\n".join([
        '<section id="counts"><h2>Verdicts of the cells of the tables</h2>',
        verdict_bar("Measured by training, or on trained models", measured(shown)),
        verdict_bar("Without training: sizes of models, values of recipes, counted FLOPs", without_training(shown)),
        not_shown(plan, {each.name for each in shown} | set(errors)),
        "</section>",
    ])  # fmt: skip


def measured(shown: list[Shown]) -> list[str]:
    return [result.verdict for report in trained(shown) for result in report.results]


def trained(shown: list[Shown]) -> list[Report]:
    return [each.report for each in shown if isinstance(each.report, Report)]


def without_training(shown: list[Shown]) -> list[str]:
    facts = [result.verdict for each in shown if isinstance(each.report, FactReport) for result in each.report.results]
    return [*facts, *(cost.verdict for report in trained(shown) for cost in report.costs.values())]


def verdict_bar(title: str, verdicts: list[str]) -> str:
    """'' without verdicts. The bar repeats the counts below it, so it is hidden from screen readers."""
    if not verdicts:
        return ""
    counts = counted(verdicts, MEANING)
    parts = "".join(
        f'<span class="{css_class(name)}" style="flex-grow:{count}"></span>' for name, count in counts.items()
    )
    items = "".join(
        f'<li data-verdict="{css_class(name)}"><span class="swatch {css_class(name)}"></span>{count} {name}</li>'
        for name, count in counts.items()
    )
    return (
        f"<h3>{escape(title)}: {len(verdicts)} cells</h3>"
        f'<div class="verdicts" aria-hidden="true">{parts}</div><ul class="counts">{items}</ul>'
    )


def not_shown(plan: Plan, known: set[str]) -> str:
    """The experiments without a section: not begun, or left out at this scale."""
    others = [name for name in plan.experiments if name not in known]
    begun = {name: bool(plan.runs_of(name)) or any(fact.planned for fact in plan.facts_of(name)) for name in others}
    waiting, left_out = ([name for name in others if begun[name] is planned] for planned in (True, False))
    lines = [
        f"{text}: {escape(', '.join(names))}."
        for text, names in (("Nothing finished yet", waiting), ("Left out at this scale", left_out))
        if names
    ]
    return f'<p class="small">{" ".join(lines)}</p>' if lines else ""
