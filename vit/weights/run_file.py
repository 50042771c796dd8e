"""The weights in a run's folder: a safetensors file whose metadata says which model they belong to."""

from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from vit.errors import UserError
from vit.models import create_model
from vit.paths import name_of
from vit.weights.metadata import from_metadata
from vit.weights.save import save_weights
from vit.weights.shards import is_published

FILE = "weights.safetensors"


def save(task: nn.Module, folder: Path, images: dict | None = None, class_names: Sequence[str] | None = None) -> None:
    """Write a task's model, the arguments of create_model, and the transform of the images that it is evaluated on.

    class_names: of the labels; written with the task's loss if it has trained the head on labels.
    """
    outputs = None
    if loss := getattr(task, "loss", None):
        outputs = {"loss": loss, **({"class_names": list(class_names)} if class_names else {})}
    save_weights(task.model, folder / FILE, images=images, outputs=outputs)


def check_images(folder: Path, images: dict) -> None:
    """UserError if the run's weights are for images with another transform than these: the result would mean nothing."""
    with safe_open(folder / FILE, "pt") as archive:
        _, stated = from_metadata(archive.metadata())
    for name, value in (stated or {}).items():
        if images.get(name, value) != value:  # absent are the names of classes until the images have been read
            raise UserError(
                f"{name_of(folder / FILE)}: its model is for images with {name} {value!r}, "
                f"these have {images[name]!r}; evaluate it as it was trained"
            )


def is_run(path: Path) -> bool:
    """Is it the folder of a run, finished or not? A folder with published weights is none."""
    return path.is_dir() and not is_published(path)


def restore(folder: Path) -> nn.Module:
    """The model of a run with its trained weights."""
    made_with, state = read(folder)
    model = create_model(**made_with)
    model.load_state_dict(state)
    return model


def read(folder: Path) -> tuple[dict, dict[str, Tensor]]:
    """(arguments of create_model, state dict) of a run's weights."""
    path = folder / FILE
    try:
        with safe_open(path, "pt") as archive:
            metadata = archive.metadata() or {}
            state = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118 (not a dict)
    except FileNotFoundError:
        raise UserError(f"{name_of(path)}: missing; its run is not finished, or its weights were removed") from None
    except SafetensorError as error:
        raise damaged(path, error) from None
    try:
        return from_metadata(metadata)[0], state
    except (KeyError, ValueError) as error:  # no arguments of create_model, or no JSON
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{name_of(path)}: damaged ({error}); remove the folder {path.parent.name} to train that run again"
    )
