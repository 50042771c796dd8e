"""Cells that need no training: values of recipes as they are planned (Tables 3 and 4), sizes of models (Table 1)."""

from vit.errors import UserError
from vit.paths import name_of
from vit.plan.cells import Cell, Fact, cost_key
from vit.plan.lengths import chosen_epochs, entry_of
from vit.plan.own_code import hashed, sizes_of
from vit.plan.recipe_values import recipe_values
from vit.plan.resolve import experiment_path, load_recipe, values_for
from vit.plan.runs import left_out
from vit.plan.yaml_files import check_keys

RECIPES = {  # facts -> the axis that names their recipe, and the recipe where no axis does
    "sizes": ("pretrain_with", "pretrain"),
    "pretrain": ("pretrain_with", "pretrain"),
    "transfer": ("transfer_with", "finetune"),
}
LINEAR = {"num_classes": 1000}  # ImageNet's
COUNTED = {  # fact about a model -> the head that it has, and what is counted (vit/run/costs.py)
    **{size: (LINEAR, size) for size in ("depth", "width", "mlp", "heads")},
    "parameters_without_head": (LINEAR, "parameters_below_classes"),
    "parameters_with_hidden_layer": ({**LINEAR, "head_hidden": "width"}, "parameters_below_classes"),
    "parameters_with_classes": (LINEAR, "parameters"),
}


def fact_of(plan, paper, name, axes) -> Fact:
    """The fact with these axes at the plan's scale; `planned` is false where the scale leaves it out."""
    cell, facts, where = Cell(name, axes), plan.experiments[name].facts, f"{name_of(experiment_path(name))}: fact"
    if left_out(plan.scale, name, axes) or (facts == "pretrain" and released(plan.scale, plan.scale_name, axes)):
        return Fact(cell, planned=False)
    recipe = recipe_of(facts, axes)
    if not isinstance(recipe, str):
        raise UserError(
            f"{where}: a cell shows one recipe, found {recipe!r} for {RECIPES[facts][0]}; give each a row of its own"
        )
    if facts == "sizes":
        check_keys([axes["fact"]], COUNTED, where)
        ours, theirs = (model_key(recipe, axes, *scale) for scale in scales(plan, paper))
        return Fact(cell, True, cost_key=ours, counted=COUNTED[axes["fact"]][1], stand_in=ours != theirs)
    check_keys([axes["fact"]], recipe_values(load_recipe(recipe)["task"]), where)
    (ours, assumed), (theirs, _) = (recipe_value(facts, recipe, axes, *scale) for scale in scales(plan, paper))
    return Fact(cell, True, value=ours, stand_in=ours != theirs, assumed=assumed)


def scales(plan, paper):
    """(scale, its name): the plan's, and the paper's."""
    return (plan.scale, plan.scale_name), (paper, "paper")


def released(scale, scale_name, axes) -> bool:
    """Does the scale take the authors' checkpoints in place of this pre-training?"""
    return bool(entry_of(scale, scale_name, "pretrain", axes["pretrain"]).released)


def recipe_of(facts, axes) -> str:
    """The recipe whose values the cell shows, or from which its model has the image size."""
    axis, default = RECIPES[facts]
    return axes.get(axis, default)


def recipe_value(facts, recipe, axes, scale, scale_name):
    """(the value that runs with these axes take, what the recipe's row had to assume)."""
    values = values_for(recipe, axes, scale, scale_name)
    if axes["fact"] != "epochs":
        return values[axes["fact"]], values.get("assumed")
    stated = values["epochs"] if isinstance(values["epochs"], list) else [values["epochs"]]
    chosen = [chosen_epochs(values, axes, recipe)] if "epochs" in axes else stated
    ours = entry_of(scale, scale_name, facts, axes[facts]).epochs
    return [ours.get(epochs, epochs) for epochs in chosen if epochs in ours or not ours], values.get("assumed")


def model_key(recipe, axes, scale, scale_name) -> str:
    """The cost key of the model that stands for its name at a scale, at the image size of pre-training."""
    options = {**scale.models.get(sizes_of(axes["model"]), {}), **axes.get("options", {})}
    head, _ = COUNTED[axes["fact"]]
    image_size = values_for(recipe, axes, scale, scale_name)["image_size"]
    return cost_key(axes["model"], {**options, **head}, image_size, hashed([axes["model"].partition("@")[0]]))
