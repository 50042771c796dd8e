"""What precedes the numbers: what they measure, which sets and models stand in, which settings differ from the paper's."""

import re

from vit.plan import inspection, measured_speed
from vit.plan.lengths import papers_axes
from vit.plan.resolve import values_for
from vit.plan.schema import SETS
from vit.plan.units import UNITS
from vit.report.against_base import explanation
from vit.report.collect import Report
from vit.report.cost.rows import slips
from vit.report.names import as_percent, data_entry, key_texts, printed_in, real_transfer, span, stand_in, text
from vit.report.provenance import devices
from vit.report.results import Result
from vit.report.verdicts import COMPARED, MEANING, count_verdicts

MEASURED = {  # metric, or how its name begins -> what is printed; others are top-1 accuracies
    "top5": "top-5",
    "class_mean_accuracy": "mean of the classes' top-1",
    "mean_average_precision": "mean average precision",
}
OTHERS = (  # metrics of an experiment that shows no accuracies -> what its numbers are
    (
        inspection.UNITS,
        "Measures of the model on test images, without labels, each with its unit; then the paper's value, if there is one, and a verdict.",
    ),
    (
        measured_speed.UNITS,
        "Measured speed of inference and the largest batch; then the device, the paper's value of its own device, if there is one, and a verdict.",
    ),
)
UNTOLD = "another set than the paper's; the scale does not say which (about)"
BY_SPREAD = (
    ", or twice the deviation that the paper prints for the cell where that is more: means over its three runs would differ by so"
    " much if it repeated them"
)
LABELS = {"pretrain": "pre-training", "finetune": "fine-tuning"}  # recipe -> its printed name; others drop underscores


def summary(report: Report) -> tuple[str, str]:
    """Two paragraphs: what a number is, and how much of the table is finished."""
    shown = {result.cell.metric for result in report.planned or report.results}
    what = next((about for units, about in OTHERS if shown <= units.keys()), "")
    speeds = bool(shown & measured_speed.UNITS.keys())
    about = "" if what or speeds else " on accuracy"
    what = what or (
        f"{measures(report)} percent on the test set, mean ± sample standard deviation, "
        f"then the {printed_in(report.experiment)}'s value and a verdict."
        + (" Columns of images/s are measured speeds." if speeds else "")
    )
    return (
        what
        + (" Learning rates are chosen on held-out training images, never on test images." if sweeps(report) else ""),
        f"{len(report.finished)} of {len(report.runs)} runs are finished. Verdicts{about}: {count_verdicts(accuracy_verdicts(report))}"
        + (
            f"; on counted exaFLOPs: {count_verdicts(cost.verdict for cost in report.costs.values())}."
            if report.costs
            else "."
        ),
    )


def measures(report: Report) -> str:
    """'Top-1 and top-5', 'Linear 5-shot top-1': what the cells show."""
    shown = {result.cell.axes.get("metric", result.cell.metric) for result in report.planned or report.results}
    shots = {metric: int(found[1]) for metric in shown if (found := re.match(r"test_(\d+)shot_accuracy", metric))}
    words = [f"linear {', '.join(f'{count}-' for count in sorted(set(shots.values())))}shot top-1"] if shots else []
    rest = shown - shots.keys()
    named = [name for name in MEASURED if any(f"test_{name}" in metric for metric in rest)]
    words += ["top-1"] if (rest or not shots) and (not named or len(rest) > len(named) or "top5" in named) else []
    text = " and ".join([*words, *(MEASURED[name] for name in named)])
    return text[0].upper() + text[1:]


def unit(report: Report) -> str:
    """Of the numbers that are compared with the paper's."""
    units = {UNITS.get(result.cell.metric, "percent") for result in report.results if result.verdict in COMPARED}
    return "points" if units == {"percent"} else " or ".join(sorted(units))


def sweeps(report: Report) -> bool:
    """Does any run try a learning rate?"""
    runs = (report.plan.runs[run] for run in report.runs)
    return any(not run.pretrains and run.config["data"]["init_args"]["train_on"] == "train" for run in runs)


def accuracy_verdicts(report: Report) -> list[str]:
    return [result.verdict for result in report.results]


def sections(report: Report) -> list[tuple[str, list[str]]]:
    """(title, lines) of each section; those without lines are left out."""
    return [(title, lines) for title, lines in (
        (f"What stands in at scale {report.plan.scale_name}", [*data_stand_ins(report), *model_stand_ins(report), *device_stand_ins(report)]),
        ("Settings, against the paper's", [*changed_settings(report), *schedules(report)]),
        ("What had to be assumed", list(dict.fromkeys(note for result in report.planned for note in result.cell.notes))),
        ("Notes", report.experiment.notes),
        ("Differences to the base", explanation(report.experiment, report.table_results)),
        ("What the verdicts mean", meanings(report)),
    ) if lines]  # fmt: skip


def data_stand_ins(report: Report) -> list[str]:
    lines = []
    for axis in SETS:
        for name in dict.fromkeys(result.cell.axes.get(axis) for result in report.planned):
            entry = data_entry(report.plan, report.experiment, axis, name)
            if stand_in(report.plan, report.experiment, axis, name):
                lines.append(f"{name} → {entry.name}: {entry.about or UNTOLD}")
    return lines


def model_stand_ins(report: Report) -> list[str]:
    models = report.plan.scale.models
    used = dict.fromkeys(result.cell.axes["model"] for result in report.planned)
    return [
        f"{name} → {', '.join(f'{key} {value}' for key, value in models[name].items())}"
        for name in used
        if name in models
    ]


def device_stand_ins(report: Report) -> list[str]:
    """What was measured on, where the paper measured on another device."""
    measured = [record for result in timed(report) for record in result.finished]
    return [f"the paper's device → {'; '.join(devices(measured))}"] if measured else []


def timed(report: Report) -> list[Result]:
    """The cells that hold a measured speed or a largest batch."""
    return [result for result in report.planned if result.cell.metric in measured_speed.UNITS]


def changed_settings(report: Report) -> list[str]:
    """One line per recipe: each value that differs from the paper's scale in the same cells."""
    paper, lines = report.plan.papers_scale, []
    for recipe in recipes_of(report):
        pairs = {}
        for result in report.planned:
            if recipe not in result.cell.recipes:
                continue
            axes = {**result.cell.axes, "transfer": real_transfer(report.experiment, result.cell.axes.get("transfer"))}
            exact = report.experiment.exact(report.plan.scale_name)
            theirs = values_for(recipe, papers_axes(axes, exact), paper, "paper")
            for key, ours in values_for(recipe, axes, report.plan.scale, report.plan.scale_name, exact).items():
                if ours != theirs[key]:
                    pairs.setdefault(key, ({}, {}))
                    pairs[key][0][setting_text(theirs[key])] = pairs[key][1][setting_text(ours)] = True
        if pairs:
            changes = [f"{key} {' or '.join(theirs)} → {' or '.join(ours)}" for key, (theirs, ours) in pairs.items()]
            lines.append(f"{recipe_label(recipe)}: {'; '.join(changes)}")
    return lines


def recipes_of(report: Report) -> list[str]:
    return list(dict.fromkeys(recipe for result in report.planned for recipe in result.cell.recipes))


def recipe_label(recipe: str) -> str:
    return LABELS.get(recipe, recipe.replace("_", " "))


def setting_text(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else "none" if value is None else text(value)


def schedules(report: Report) -> list[str]:
    """The length of each recipe's training, in images, relative to the paper's."""
    lines = []
    for recipe in recipes_of(report):
        fractions = [result.cell.schedule[recipe] for result in report.planned if recipe in result.cell.schedule]
        if fractions:
            lines.append(f"{recipe_label(recipe)} sees {span(fractions, as_percent)} of the paper's number of images")
    return lines


def meanings(report: Report) -> list[str]:
    """The verdicts that occur; with the tolerance if anything was compared, and with what the costs are."""
    occurring, paper, source = accuracy_verdicts(report), report.paper, f"the {printed_in(report.experiment)}"
    lines = [
        f"{name}: {meaning.replace('the paper', source)}" for name, meaning in MEANING.items() if name in occurring
    ]
    if any(name in COMPARED for name in occurring):
        lines.append(f"the tolerance is {paper.tolerance} {unit(report)}{BY_SPREAD if paper.spread else ''}")
    if timed(report):
        lines.append(
            "speeds and largest batches are measured on another device than the paper's: STAND-IN, whatever they are"
        )
    if report.costs:
        reference = f"the paper's value (in brackets: {paper.exact_file})" if paper.exact_file else "the printed value"
        limit = f"REPRODUCED within {as_percent(paper.cost_tolerance)} of {reference}, else OFF"
        lines.append(f"exaFLOPs, counted: 3 × forward FLOPs × images of the paper's own model and schedule; {limit}")
        for key in slips(report.costs):
            row = " / ".join(key_texts(report.experiment.rows, key))
            lines.append(f"exaFLOPs of {row}: off by a slip of the paper, whose other row of the same model agrees")
        lines.append("exaFLOPs, these runs: what pre-training really spent at this scale; nothing to compare it with")
    if report.core_days:
        lines.append(
            "exaFLOPs of pre-training: counted, 3 × forward FLOPs × images of the paper's own model and schedule"
        )
        rates = "; ".join(
            f"{' / '.join(key_texts(report.experiment.columns, key))} {days.rate:.2f}"
            for key, days in report.core_days.items()
            if days.rate
        )
        lines.append(
            "TPUv3-core-days, implied: what the counted exaFLOPs take at the rates of the other columns, lowest to highest. Nothing was"
            f" measured on a TPU. A rate is counted exaFLOPs over the paper's core-days: {rates}"
        )
    return lines
