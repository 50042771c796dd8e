"""Weights on disk: safetensors that say which model they belong to."""

import json

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_model

from vit.atomic import whole_file
from vit.errors import UserError
from vit.models import create_model
from vit.plan.files import name_of

FILE = "weights.safetensors"


def save(network, folder, **made_with):
    """Write a run's weights with the arguments of create_model that made the model."""
    with whole_file(folder / FILE) as temporary:
        save_model(network, str(temporary), metadata={"create_model": json.dumps(made_with)})


def restore(folder, **options):
    """The model of a run with its trained weights; `options` replace those it was made with (dropout, say)."""
    path = folder / FILE
    try:
        with safe_open(path, "pt") as archive:
            made_with = json.loads(archive.metadata()["create_model"])
            state = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118 (not a dict)
    except FileNotFoundError:
        raise UserError(f"{name_of(path)}: missing; the run it belongs to is not finished, or its weights were removed") from None
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise UserError(f"{name_of(path)}: damaged ({error}); remove the folder {path.parent.name} to train that run again") from None
    network = create_model(**{**made_with, **{key: value for key, value in options.items() if value}})
    network.load_state_dict(state)
    return network
