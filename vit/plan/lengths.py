"""How long a recipe trains on a set of a scale, and which share of the paper's images that is."""

from vit.errors import UserError, nearest
from vit.plan.own_code import check_source
from vit.plan.resolve import values_for
from vit.plan.schema import AXES
from vit.plan.stated_in import stated_in

LENGTH = ("steps", "epochs", "batch_size")  # of a recipe, which decide the number of its updates


def entry_of(scale, scale_name, kind, name):
    """What runs under the name of a data set at a scale."""
    entries = getattr(scale, kind)
    if name not in entries:
        known = nearest(name, entries) or f" (known: {', '.join(entries)})"
        raise UserError(
            f"experiments/scales/{scale_name}.yaml: {kind}: nothing stands in for '{name}'{known}; add an entry, or list the name under omit"
        )
    check_source(entries[name].data, f"experiments/scales/{scale_name}.yaml: {kind}.{name}.data")
    return entries[name]


def at_scale(recipe, axes, kind, scale, scale_name, exact=()):
    """(entry, values, steps) of a recipe on the set of kind 'pretrain' or 'transfer' that the axes name."""
    entry = entry_of(scale, scale_name, kind, axes[kind])
    values = values_for(recipe, axes, scale, scale_name, exact)
    steps = steps_of(values, axes, entry, recipe, f"experiments/scales/{scale_name}.yaml: {kind}.{axes[kind]}")
    if steps and values.get("warmup_steps", 0) >= steps:
        source = stated_in(recipe, "warmup_steps", *LENGTH, axes=axes, scale=scale, scale_name=scale_name)
        raise UserError(
            f"{source}.warmup_steps: {values['warmup_steps']} must be below the {steps} updates on {axes[kind]}"
        )
    return entry, values, steps


def papers_axes(axes, exact):
    """Without the values of recipes that an experiment states for this scale only: at the paper's the recipe's stand instead.

    Names stay, such as the model's: a cell is compared with the same one at the paper's scale, whichever scales have it.
    """
    return {axis: value for axis, value in axes.items() if axis not in exact or axis in AXES}


def steps_of(values, axes, entry, recipe, where):
    """Optimizer steps: `steps`, or those of `epochs`; 0 where nothing is trained. where: file and key of the entry."""
    if "epochs" not in values:
        return values.get("steps", 0)
    varied = f"{recipe}.epochs" in axes
    epochs = values["epochs"] if varied else chosen_epochs(values, axes, recipe)
    if entry.epochs and epochs not in entry.epochs:
        if not varied:
            raise UserError(f"{where}.epochs: nothing stands in for {epochs}; add it to this mapping")
        paper = min(entry.epochs, key=lambda known: abs(known - epochs))
        epochs *= entry.epochs[paper] / paper  # an experiment's number of epochs keeps its ratio to the paper's
    else:
        epochs = entry.epochs.get(epochs, epochs)
    return max(1, round(epochs * entry.images / values["batch_size"]))


def chosen_epochs(values, axes, recipe):
    """The paper's number of epochs: the recipe's; where it lists several, the experiment names one of them."""
    choices = values["epochs"] if isinstance(values["epochs"], list) else [values["epochs"]]
    chosen = axes.get("epochs", choices[0] if len(choices) == 1 else None)
    if chosen not in choices:
        raise UserError(
            f"experiments/recipes/{recipe}.yaml: {axes['model']} on {axes['pretrain']}: epochs must be one of {choices}, the experiment says {chosen}"
        )
    return chosen


def share_of(images, paper, recipe, axes, kind, exact):
    """Images seen here as a fraction of the paper's; None where nothing is trained, or on a set of one's own."""
    if axes[kind] not in getattr(paper, kind):
        return None
    _, values, steps = at_scale(recipe, papers_axes(axes, exact), kind, paper, "paper", exact)
    return images / (steps * values["batch_size"]) if steps else None
