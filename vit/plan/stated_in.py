"""Which file states a value: for messages, which name the one to edit."""

from vit.plan.schema import Scale

EXPERIMENT = "the experiment"  # where its name is not known yet; vit.plan.experiment puts its path in this place


def stated_in(recipe: str, *keys: str, axes: dict, scale: Scale, scale_name: str) -> str:
    """'experiments/scales/mini.yaml: recipes.finetune': file and section that state any of these values of a recipe.

    The experiment precedes the scale, which precedes the recipe, as in vit.plan.resolve.values_for.
    """
    if any(f"{recipe}.{key}" in axes for key in keys):
        return f"{EXPERIMENT}: {recipe}"
    if any(key in scale.recipes.get(recipe, {}) for key in keys):
        return f"experiments/scales/{scale_name}.yaml: recipes.{recipe}"
    return f"experiments/recipes/{recipe}.yaml: {recipe}"


def with_path(message: str, path: str) -> str:
    """The message with the experiment's path, if it is about what the experiment states."""
    return f"{path}{message.removeprefix(EXPERIMENT)}" if message.startswith(f"{EXPERIMENT}: ") else message
