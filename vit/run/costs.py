"""FLOPs, parameters and sizes of models (Tables 1 and 6), counted by torch on the meta device."""

import json
from functools import lru_cache

import torch

from vit.atomic import write_text
from vit.errors import reason
from vit.models import create_model
from vit.models.flops import forward_flops
from vit.models.sizes import sizes_as_built
from vit.plan.cost_file import TRAINING, code_digest, costs_file, planned_keys


@lru_cache
def _count(key):
    model, options, image_size = json.loads(key)[:3]
    with torch.device("meta"):
        network = create_model(model, image_size=image_size, **options).eval()
        images = torch.empty(1, 3, image_size, image_size)
    parameters = sum(p.numel() for p in network.parameters())
    return {"flops": forward_flops(network, images), "parameters": parameters, **sizes_as_built(network)}


def training_flops(run) -> int:
    """Of the forward and backward passes of all images of a run."""
    return TRAINING * _count(run.cost_key)["flops"] * run.images


def write_costs(plan) -> None:
    """Write results/SCALE/costs.json: FLOPs, parameters and sizes of every model that the plan trains or shows.

    A model that cannot be built has a line under `errors`: only who asks for it is told.
    """
    models, errors = {}, {}
    for key in planned_keys(plan):
        try:
            models[key] = _count(key)
        except Exception as error:  # a class of one's own may raise anything
            errors[key] = f"{json.loads(key)[0]}: {reason(error)}"
    content = {"code": code_digest(), "models": models, "errors": errors}
    write_text(costs_file(plan.scale_name), json.dumps(content, indent=1) + "\n")
