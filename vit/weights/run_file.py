"""The weights in a run's folder: safetensors that say which model they belong to."""

from safetensors import SafetensorError, safe_open

from vit.errors import UserError
from vit.models import create_model
from vit.paths import name_of
from vit.weights.metadata import parts
from vit.weights.save import save_weights
from vit.weights.shards import is_published

FILE = "weights.safetensors"


def save(task, folder, images=None):
    """Write a task's model with the arguments of create_model that made it, and how the images it evaluates are prepared."""
    save_weights(task.model, folder / FILE, images=images)


def check_images(folder, images):
    """The run's weights are for images that are prepared in this way; another way measures something else."""
    with safe_open(folder / FILE, "pt") as archive:
        _, theirs = parts(archive.metadata())
    for name, value in (theirs or {}).items():
        if images.get(name, value) != value:  # names of classes are known where the images have been read
            told = f"its model is for images with {name} {value!r}, these have {images[name]!r}"
            raise UserError(f"{name_of(folder / FILE)}: {told}; evaluate it as it was trained")


def is_run(path):
    """A folder of a run, finished or not, is one that holds no published weights."""
    return path.is_dir() and not is_published(path)


def restore(folder):
    """The model of a run, as it was made, with its trained weights."""
    made_with, state = read(folder)
    network = create_model(**made_with)
    network.load_state_dict(state)
    return network


def read(folder):
    """(arguments of create_model, state dict) of a run's weights."""
    path = folder / FILE
    try:
        with safe_open(path, "pt") as archive:
            state = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118 (not a dict)
            return parts(archive.metadata())[0], state
    except FileNotFoundError:
        raise UserError(
            f"{name_of(path)}: missing; the run it belongs to is not finished, or its weights were removed"
        ) from None
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{name_of(path)}: damaged ({error}); remove the folder {path.parent.name} to train that run again"
        ) from None
