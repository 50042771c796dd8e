"""What the transfer runs of a cell start from: pre-trainings (Table 3), public weights, or the model's initialisation."""

from dataclasses import dataclass, field

from vit.errors import UserError
from vit.plan.lengths import at_scale, entry_of, share_of
from vit.plan.recipe_values import DATA, FEWSHOT_CURVE, TASKS
from vit.plan.registered import add_run, model_label, named
from vit.plan.resolve import config, load_recipe
from vit.plan.schema import SCRATCH


@dataclass(frozen=True)
class Start:
    """What a transfer run starts from: a pre-training run, public weights, or the model's own initialisation."""

    label: str  # part of the names of the runs that start from it
    init: str | None = None  # as vit.tasks.Finetune takes it
    upstream: str | None = None  # id of the pre-training run
    recipes: tuple = ()
    schedule: dict = field(default_factory=dict)
    notes: tuple = ()


def starts_of(plan, paper, axes, exact):
    """One for each pre-training that the recipe asks for (`seeds`), at least one; each with its share of the paper's schedule."""
    model, pretrain = model_label(axes), axes["pretrain"]
    if pretrain == SCRATCH:
        return [Start(f"{model}-scratch")]
    entry = entry_of(plan.scale, plan.scale_name, "pretrain", pretrain)
    if entry.released:
        note = f"{pretrain}: the weights that the authors released ({entry.released}) are where a transfer starts"
        return [Start(f"{model}-released", init=f"released:{axes['model']}@{entry.released}", notes=(note,))]
    recipe = axes.get("pretrain_with", "pretrain")
    entry, values, steps = at_scale(recipe, axes, "pretrain", plan.scale, plan.scale_name, exact)
    label = f"{recipe}-{model}-{entry.name}"
    known = {"recipe": recipe, "axes": named(axes, "pretrain", "epochs"), "entry": entry, "classes": entry.classes}
    starts = []
    for seed in range(values["seeds"]):
        settled = config(values, axes, entry, plan.scale, seed=seed, steps=steps, train_on="train", start={})
        for callback in settled["trainer"].get("callbacks", ()):
            if callback["class_path"] == FEWSHOT_CURVE:
                callback["init_args"].update(_fewshot_evaluation(plan, axes, exact))
        which = f"{label}-seed{seed}" if seed else label  # the first kept its name when further seeds came
        run = add_run(plan, which, settled, pretrains=True, keeps_weights=True, **known)
        notes = tuple(filter(None, (values.get("assumed"), entry.note)))
        share = share_of(plan.runs[run].images, paper, recipe, axes, "pretrain", exact)
        schedule = {recipe: share} if share else {}
        starts.append(Start(which.removeprefix("pretrain-"), run, run, (recipe,), schedule, notes))
    return starts


def _fewshot_evaluation(plan, axes, exact):
    """What pretrain.fewshot_every evaluates: the cell's transfer set with its recipe's shots and draws, never its test images."""
    recipe = axes.get("transfer_with", "finetune")
    if not isinstance(recipe, str) or "shots" not in TASKS[load_recipe(recipe)["task"]]["model"]:
        raise UserError(
            f"pretrain.fewshot_every needs a transfer by few-shot evaluation, such as transfer_with: [fewshot], found {recipe!r}"
        )
    entry, values, _ = at_scale(recipe, axes, "transfer", plan.scale, plan.scale_name, exact)
    arguments = {**entry.args, **{key: values[key] for key in DATA}, "train_on": "train", "seed": 0}
    data = {"class_path": entry.data, "init_args": arguments}
    return {"shots": [values["report_shots"]], "draws": values["draws"], "data": data}
