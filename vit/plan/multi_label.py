"""What a multi-label set asks of a recipe and of a metric, and what only goes with one: checked when runs are planned."""

from collections.abc import Callable

from vit.errors import UserError
from vit.plan.recipe_values import TASKS

METRICS = ("test_mean_average_precision", "test_loss", "test_images")  # that an evaluation on such a set measures
NEEDED = {  # value of the recipe -> what it may be there
    "loss": ("sigmoid",),
    "label_smoothing": (0.0,),
    "select_by": ("mean_average_precision", "loss"),
}


def check_kind(entry, kind: str, where: str) -> None:
    """Pre-training takes one label an image."""
    if kind == "pretrain" and entry.multi_label:
        raise UserError(f"{where}.multi_label: a set to pre-train on has one label an image; list it under transfer")


def check_recipe(entry, values: dict, where: str, source: Callable[..., str]) -> None:
    """The recipe's values go with the labels of the set. where: file and key of the set. source: key -> who states it."""
    if not entry.multi_label:
        if values.get("select_by") == "mean_average_precision":
            raise UserError(
                f"{source('select_by')}.select_by: mean_average_precision is of multi-label sets, and {where} is none"
            )
        return
    if "multi_label" not in TASKS[values["task"]]["start"]:
        raise UserError(
            f"{source('task')}: {values['task']} takes one label an image, and {where} is a multi-label set; use a recipe of vit.tasks.Finetune"
        )
    for key, words in NEEDED.items():
        if values[key] not in words and (key != "select_by" or isinstance(values["lr"], list)):
            raise UserError(
                f"{source(key)}.{key}: {values[key]!r} is for one label an image, and {where} is a multi-label set; write {' or '.join(map(str, words))}"
            )


def default_metric(entry) -> str:
    """What a cell shows where the experiment does not say."""
    return METRICS[0] if entry.multi_label else "test_accuracy"


def check_metric_of(metric: str, multi_label: bool, where: str) -> None:
    """An accuracy asks for the one right class, mean average precision for several."""
    if multi_label and metric not in METRICS:
        raise UserError(
            f"{where}: metric: '{metric}' is not measured on a multi-label set; take {' or '.join(METRICS[:2])}"
        )
    if not multi_label and metric == METRICS[0]:
        raise UserError(f"{where}: metric: {metric} is of multi-label sets, and this set has one label an image")
