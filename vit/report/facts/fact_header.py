"""What stands around a table of facts: what it shows, what stands in, what had to be assumed, where the values come from."""

from vit.paths import name_of
from vit.plan.facts import recipe_of
from vit.plan.resolve import experiment_path
from vit.report.facts.fact_results import MEANING, FactReport
from vit.report.header import data_stand_ins, model_stand_ins
from vit.report.verdicts import COMPARED, count_verdicts

WHAT = {  # what `facts` says -> what a cell is
    "sizes": "Sizes and parameters of the models as this code builds them",
    "pretrain": "The values with which this code pre-trains",
    "transfer": "The values with which this code fine-tunes",
}


def fact_summary(report: FactReport) -> tuple[str, str]:
    """Two paragraphs: what a cell is, and how many there are of each verdict."""
    return (
        f"{WHAT[report.experiment.facts]} at this scale, then what the paper prints and a verdict. Nothing is trained for this table.",
        f"Verdicts: {count_verdicts(result.verdict for result in report.results)}.",
    )


def fact_sections(report: FactReport) -> list[tuple[str, list[str]]]:
    """(title, lines) of each section; those without lines are left out."""
    stand_ins = model_stand_ins(report) if report.experiment.facts == "sizes" else data_stand_ins(report)
    return [(title, lines) for title, lines in (
        (f"What stands in at scale {report.plan.scale_name}", stand_ins),
        ("What had to be assumed", list(dict.fromkeys(result.assumed for result in report.planned if result.assumed))),
        ("Notes", report.experiment.notes),
        ("What the verdicts mean", meanings(report)),
    ) if lines]  # fmt: skip


def meanings(report: FactReport) -> list[str]:
    occurring = {result.verdict for result in report.results}
    lines = [f"{name}: {meaning}" for name, meaning in MEANING.items() if name in occurring]
    if report.paper and report.paper.tolerance and occurring & set(COMPARED):
        lines.append(f"the tolerance is {report.paper.tolerance}")
    return lines


def fact_provenance(report: FactReport) -> str:
    """One line: the files that the values are read from."""
    scale, rows = f"experiments/scales/{report.plan.scale_name}.yaml", name_of(experiment_path(report.name))
    if report.experiment.facts == "sizes":
        return f"Counted on the models of vit/models as they are built with {scale}; the rows are those of {rows}."
    used = dict.fromkeys(recipe_of(report.experiment.facts, result.cell.axes) for result in report.planned)
    recipes = " and ".join(f"experiments/recipes/{recipe}.yaml" for recipe in used)
    return f"From {recipes} with {scale}; the rows are those of {rows}."
