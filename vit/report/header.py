"""What has to be said before the numbers: what they are, what stands in for what, which settings differ from the paper's."""

from vit.plan.resolve import load_scale, values_for
from vit.plan.runs import papers_axes
from vit.plan.schema import SETS
from vit.report.cost.rows import slips
from vit.report.names import entry, percent, real_transfer, span, text
from vit.report.verdicts import COMPARED, MEANING, counted

WORDS = {"pretrain": "pre-training", "finetune": "fine-tuning"}  # recipes, as people say them


def summary(report):
    """Two sentences: what a number is, and how much of the table there is."""
    return (
        f"{_measures(report)} percent on the test set, mean ± sample standard deviation over seeds, then the paper's value and a verdict."
        + (" Learning rates are chosen on held-out training images, never on test images." if _sweeps(report) else ""),
        f"{len(report.finished)} of {len(report.runs)} runs are finished. Verdicts on accuracy: {counted(_accuracy(report))}"
        + (
            f"; on counted exaFLOPs: {counted(cost.verdict for cost in report.costs.values())}."
            if report.costs
            else "."
        ),
    )


def _measures(report):
    return (
        "Top-1 and top-5" if any("top5" in result.cell.axes.get("metric", "") for result in report.results) else "Top-1"
    )


def _sweeps(report):
    """Is there a run that tries a learning rate?"""
    runs = (report.plan.runs[run] for run in report.runs)
    return any(not run.pretrains and run.config["data"]["init_args"]["train_on"] == "train" for run in runs)


def _accuracy(report):
    return [result.verdict for result in report.results]


def sections(report):
    """(title, lines) of what the reader must know; a section without lines is left out."""
    return [(title, lines) for title, lines in (
        (f"What stands in at scale {report.plan.scale_name}", [*data_stand_ins(report), *model_stand_ins(report)]),
        ("Settings, against the paper's", [*changed_settings(report), *schedules(report)]),
        ("What had to be assumed", list(dict.fromkeys(note for result in report.planned for note in result.cell.notes))),
        ("What the verdicts mean", meanings(report)),
    ) if lines]  # fmt: skip


def data_stand_ins(report):
    lines = []
    for axis in SETS:
        for name in dict.fromkeys(result.cell.axes.get(axis) for result in report.planned):
            found = entry(report.plan, report.experiment, axis, name)
            if found and found.about:
                lines.append(f"{name} → {found.name}: {found.about}")
    return lines


def model_stand_ins(report):
    models = report.plan.scale.models
    used = dict.fromkeys(result.cell.axes["model"] for result in report.planned)
    return [
        f"{name} → {', '.join(f'{key} {value}' for key, value in models[name].items())}"
        for name in used
        if name in models
    ]


def changed_settings(report):
    """One line a recipe: each value that the paper's scale gives otherwise for the same cells."""
    paper, lines = load_scale("paper"), []
    for recipe in _recipes(report):
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
                    pairs[key][0][_value(theirs[key])] = pairs[key][1][_value(ours)] = True
        if pairs:
            changes = [f"{key} {' or '.join(theirs)} → {' or '.join(ours)}" for key, (theirs, ours) in pairs.items()]
            lines.append(f"{_words(recipe)}: {'; '.join(changes)}")
    return lines


def _recipes(report):
    return list(dict.fromkeys(recipe for result in report.planned for recipe in result.cell.recipes))


def _words(recipe):
    return WORDS.get(recipe, recipe.replace("_", " "))


def _value(value):
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else "none" if value is None else text(value)


def schedules(report):
    """How much of the paper's training there is, in images."""
    lines = []
    for recipe in _recipes(report):
        fractions = [result.cell.schedule[recipe] for result in report.planned if recipe in result.cell.schedule]
        if fractions:
            lines.append(f"{_words(recipe)} sees {span(fractions, percent)} of the paper's number of images")
    return lines


def meanings(report):
    """The verdicts that occur, with the tolerance where something was compared."""
    occurring, paper = _accuracy(report), report.paper
    lines = [f"{name}: {meaning}" for name, meaning in MEANING.items() if name in occurring]
    if any(one in COMPARED for one in occurring):
        lines.append(f"the tolerance is {paper.tolerance} points")
    if report.costs:
        whose = f"the paper's value (in brackets: {paper.exact_file})" if paper.exact_file else "the printed value"
        near = f"REPRODUCED within {percent(paper.cost_tolerance)} of {whose}, else OFF"
        lines.append(f"exaFLOPs, counted: 3 × forward FLOPs × images of the paper's own model and schedule; {near}")
        for key in slips(report.costs):
            row = " / ".join(map(text, key))
            lines.append(f"exaFLOPs of {row}: off by a slip of the paper, whose other row of the same model agrees")
        lines.append("exaFLOPs, these runs: what pre-training really spent at this scale; nothing to compare it with")
    return lines
