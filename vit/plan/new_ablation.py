"""`make new-ablation NAME=x`: a commented experiments/ablations/x.yaml that runs as it is, and names what else it may vary.

Axes and their values are written from the tables that the planner checks them with, so that they are those of today.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from vit import paths
from vit.errors import UserError
from vit.plan.checks import names_of
from vit.plan.experiment import check_name, experiment_files
from vit.plan.kinds import one_of
from vit.plan.model_options import FAMILIES
from vit.plan.recipe_values import TASKS, VALUES, recipe_values
from vit.plan.resolve import load_experiment, load_recipe, load_scale, recipe_names

LONGEST = 130  # characters of a line
TEMPLATE = """\
# {name}: say here what is compared, and why.
#   make {name} SCALE=smoke        does it run? Numbers of this scale mean nothing
#   make plan EXPERIMENT={name}    what it adds: runs, images, time, disk
#   make {name}                    train what is missing, print and render the table
# Every combination of the lists under `grid` is a cell of the table. Change the values of an axis, or replace an axis by
# another from the lists below. docs/experiments.md says what else an experiment may hold.
title: "Ablation. {name}"
grid:
  model: [ViT-B/16]
  pretrain: [ImageNet-21k]          # none: from scratch
  transfer: [CIFAR-10]
  finetune.dropout: [0.0, 0.1]      # 0.0 is the recipe's, so those runs are Table 5's
rows: [transfer, finetune.dropout]  # each axis with several values has to be in rows or columns
columns: [model]
"""


def write_new_ablation(name: str) -> Path:
    """The file written. Errors: UserError where an experiment has this name, or make cannot use it."""
    path = paths.EXPERIMENTS / "ablations" / f"{name.removesuffix('.yaml')}.yaml"
    if not name:
        raise UserError("new-ablation: a name is missing: make new-ablation NAME=my-ablation")
    if "/" in name:
        raise UserError(
            f"new-ablation: '{name}': a name was expected, not a path; the file is written to {paths.name_of(path.parent)}"
        )
    check_name(path)
    text = text_of(path.stem)
    try:
        with path.open("x") as file:  # never over a file that is there
            file.write(text)
    except FileExistsError:
        raise UserError(f"{paths.name_of(path)}: exists already; choose another name, or edit it") from None
    return path


def text_of(name: str) -> str:
    """The file's content: an experiment, then the axes it may have, in comments."""
    comments = [*_names(), "", *_values(), "", *_options()]
    return TEMPLATE.format(name=name) + "\n" + "".join(f"# {line}".rstrip() + "\n" for line in comments)


def _names() -> Iterator[str]:
    """Axes whose values are names."""
    yield "Names. What stands in for them at a scale: experiments/scales/SCALE.yaml"
    grids = [load_experiment(path.stem).grid for path in _sound_experiments()]
    models = {name for grid in grids for name in names_of("model", grid) if "." not in name}
    paper = load_scale("paper")
    yield from _axis("model", sorted(models))
    yield from _axis("pretrain", ["none", *paper.pretrain])
    yield from _axis("transfer", list(paper.transfer))
    yield from _axis("tested_on", list(paper.tested_on))
    recipes = {name: load_recipe(name)["task"] for name in recipe_names()}
    starts = [name for name, task in recipes.items() if task in ("vit.tasks.Pretrain", "vit.tasks.MaskedPatch")]
    yield from _axis("pretrain_with", starts)
    yield from _axis("transfer_with", [name for name in recipes if name != "masked_patch"])


def _sound_experiments() -> Iterator[Path]:
    """Those without a mistake."""
    for path in experiment_files():
        try:
            load_experiment(path.stem)
        except UserError:
            continue
        yield path


def _axis(axis: str, names: list[str]) -> Iterator[str]:
    """One line of YAML, or several."""
    line = f"  {axis}: ["
    for position, name in enumerate(names):
        text = _flow([name])[1:-1]  # in quotes where it has a comma
        text += ", " if position < len(names) - 1 else "]"
        if len(line + text) > LONGEST:
            yield line.rstrip()
            line = " " * (len(axis) + 5)
        line += text
    yield line


def _values() -> Iterator[str]:
    """Values of the recipes, each as an axis that holds the recipe's own value or all words that it may be."""
    yield 'Values of recipes, RECIPE.KEY. "x0.5" is half of what the recipe has, or the scale in its place'
    listed = set()
    of_task = {}  # task -> its recipes, of which the first is shown
    for name in dict.fromkeys(("pretrain", "finetune", *recipe_names())):
        of_task.setdefault(load_recipe(name)["task"], []).append(name)
    for task, (recipe, *same) in of_task.items():
        yield f"  of experiments/recipes/{recipe}.yaml{'; the same keys: ' if same else ''}{', '.join(same)}"
        for key in recipe_values(task):
            if recipe in ("pretrain", "finetune") or key not in listed:
                yield _value(recipe, key)
        listed.update(recipe_values(task))


def _value(recipe: str, key: str) -> str:
    value = VALUES[key]
    other, *words = value.needed_with or ("",)
    needed = f"with {other} {one_of(*words).expected}" if words else ""
    expected = "" if _words(key) else value.kind.expected
    axis = f"  {recipe}.{key}: {_flow(_examples(recipe, key))}"
    comment = "; ".join(filter(None, [expected, needed]))
    return f"{axis:<60}  # {comment}" if comment else axis


def _examples(recipe: str, key: str) -> list:
    """All words that a value may be, else what the recipe says."""
    stated = load_recipe(recipe)
    off = TASKS[stated["task"]].get("later", {}).get(key, VALUES[key].off)
    if _words(key):
        return _words(key)
    rows = [row[key] for row in stated["rows"] if key in row]
    return [stated.get(key, rows[0] if rows else off)]


def _words(key: str) -> list:
    """Empty for numbers, and for steps of a transform, which may have a number in brackets."""
    kind = VALUES[key].kind
    words = [word for word in (*kind.words, False, True) if kind.fits(word) and not kind.fits(f"{word}(1)")]
    return [*words, *([None] if words and kind.fits(None) else [])]


def _flow(values: list) -> str:
    return yaml.safe_dump(values, default_flow_style=True, width=1000).strip()


def _options() -> Iterator[str]:
    """Options of models, with what each may be and the models that have it."""
    yield "Options of a model, in mappings: `pool: [{label: token, options: {}}, {label: gap, options: {pool: gap}}]`"
    for option in dict.fromkeys(option for options in FAMILIES.values() for option in options):
        kinds = [options[option] for options in FAMILIES.values() if option in options]
        models = ", ".join(_models(start) for start, options in FAMILIES.items() if option in options)
        yield f"{f'  {option}: {kinds[0].expected}':<60}  # {models}"


def _models(start: str) -> str:
    """R50+ViT-* for a pattern of names that begin with R, digits and +ViT-."""
    return re.sub(r"\\d\*?", "50", start).replace("\\", "") + "*"
