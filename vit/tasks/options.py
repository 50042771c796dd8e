"""The model of a task, from the task's arguments."""

from vit.models import create_model
from vit.models.model import Model

# Keyword arguments of create_model. jsonargparse tries the types in this order on text from the command line; with a plain
# `dict` it would leave every value a string.
Options = dict[str, bool | int | float | list | dict | str | None]


def make_model(model: str, options: Options, *, image_size: int, num_classes: int, **values) -> Model:
    """create_model with a task's arguments; `values` of the recipe override `options`, unless they are off (0 or None)."""
    enabled = {name: value for name, value in values.items() if value}
    return create_model(model, image_size=image_size, num_classes=num_classes, **options | enabled)
