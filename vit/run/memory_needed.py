"""`make memory`: what a training takes of a device's memory, told before it starts: weights, moments, activations.

An estimate for float32 weights, and for activations that autograd keeps on a CPU, where fused attention stores no N x N weights.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from tqdm import tqdm

from data.disk.room import format_bytes
from vit.errors import UserError
from vit.models import create_model
from vit.models.memory import Kept, kept_bytes
from vit.plan.variables import COUNTS
from vit.run.env import env_whole_number
from vit.run.micro_batch import PEAK_FACTOR, images_per_device

BYTES = 4  # of a float32 number
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")  # whose weights are float32
MOMENTS = {"adam": 2, "lamb": 2, "lion": 1, "sgd": 1}  # numbers a parameter
HALF = {"bfloat16": 0.5}  # a buffer of momentum, in numbers of float32
VARIABLES = {
    "VIT_DEVICES": "devices",
    "VIT_SHARD": "shard",
    "VIT_RECOMPUTE": "recompute",
    "VIT_MICRO_BATCH": "micro_batch",
}
HEAD = ("training", "image", "parameters", "batch", "devices", "weights and moments", "an image", "images", "peak")


@dataclass(frozen=True)
class Division:
    """How a training is divided: what the environment or the cluster's file asks for."""

    devices: int = 1
    shard: bool = False
    recompute: bool = False
    micro_batch: int | None = None  # images of a device at once, at most; None: all of an update

    @classmethod
    def of_environment(cls) -> "Division":
        """That of a training in this process's environment."""
        return cls().with_environment(
            {name: number for name in VARIABLES if (number := env_whole_number(name, COUNTS[name])) is not None}
        )

    def with_environment(self, variables: dict[str, int], devices: int | None = None) -> "Division":
        """With these variables set, and so many devices if the environment does not say it."""
        stated = {key: variables[name] for name, key in VARIABLES.items() if name in variables}
        flags = {key: bool(stated[key]) for key in ("shard", "recompute") if key in stated}
        return replace(self, **{**({"devices": devices} if devices else {}), **stated, **flags})

    @property
    def words(self) -> str:
        return " ".join([str(self.devices), *(name for name in ("shard", "recompute") if getattr(self, name))])


@dataclass(frozen=True)
class Counted:
    """Of a model: numbers of parameters, and what a training step keeps of an image."""

    parameters: int
    together: int  # the parameters of the largest block, and those outside of blocks: whole at the same time
    image: Kept  # of one more image
    once: Kept  # however many images there are: weights in bfloat16, standardised kernels


@dataclass(frozen=True)
class Needed:
    """Bytes on one device."""

    fixed: int  # weights, gradients, moments, average; copies of weights that a step keeps
    image: int
    images: int  # at once

    @property
    def peak(self) -> int:
        return self.fixed + round(PEAK_FACTOR * self.image * self.images)


@lru_cache
def counted(cost_key: str, dropout: float, precision: str) -> Counted:
    """cost_key: of vit.plan.cells. Nothing is computed or allocated."""
    name, options, image_size = json.loads(cost_key)[:3]
    with torch.device("meta"):
        model = create_model(
            name, image_size=image_size, **options, **({"dropout": dropout} if dropout else {})
        ).train()
    with FakeTensorMode(allow_non_fake_inputs=True):
        model.to_empty(device="cpu")  # whose operations, not those of meta, say what is kept
        with torch.autocast("cpu", torch.bfloat16, enabled=precision.endswith("-mixed")):
            one, two = (kept_bytes(model, torch.zeros(count, 3, image_size, image_size)) for count in (1, 2))
        total, *blocks = (sum(p.numel() for p in part.parameters()) for part in (model, *model.blocks_in_order()))
    image = two - one
    return Counted(total, max(blocks, default=0) + total - sum(blocks), image, one - image)


def of_run(run) -> Counted:
    values, precision = run.config["model"]["init_args"], run.config["trainer"].get("precision", PRECISIONS[0])
    if precision not in PRECISIONS:
        raise UserError(f"make memory counts trainings in {', '.join(PRECISIONS)}, not in {precision} ({run.id})")
    return counted(run.cost_key, values.get("dropout") or 0.0, precision)


def needed(run, division: Division) -> Needed:
    """Of one training run of a plan."""
    values, count = run.config["model"]["init_args"], of_run(run)
    optimizer = values.get("optimizer") or (
        "sgd" if values.get("momentum") else "adam"
    )  # configs leave out what is usual
    moments = HALF.get(values.get("momentum_dtype"), MOMENTS[optimizer])
    each = round(BYTES * (1 + 1 + moments + (1 if values.get("polyak") else 0)))  # the weight, its gradient, ...
    fixed = each * count.parameters
    if division.shard and division.devices > 1:  # what is whole has its gradient, and the next block is fetched ahead
        fixed = fixed // division.devices + 2 * 2 * BYTES * count.together
    images = images_per_device(run.config["data"]["init_args"]["batch_size"], division.devices)
    image, once = ((kept.recomputed if division.recompute else kept.usual) for kept in (count.image, count.once))
    return Needed(fixed + once, image, min(images, division.micro_batch or images))


def trainings(plan, experiment: str | None) -> Iterator:
    """One run of each kind that differs in memory: model, sizes, recipe, batch."""
    seen = set()
    for run in map(plan.runs.get, plan.runs_of(experiment) if experiment else plan.runs):
        values, data = run.config["model"]["init_args"], run.config["data"]["init_args"]
        key = (run.cost_key, run.recipe, data.get("batch_size"), values.get("dropout"), values.get("polyak"))
        if run.config["trainer"]["max_steps"] and run.keeps_weights and key not in seen:
            seen.add(key)
            yield run


def rows(runs: Iterable, division_of: Callable[[object], Division]) -> list[tuple[str, ...]]:
    """Of a table under HEAD, the largest peak first. division_of: how a run is divided."""
    found = []
    for run in tqdm(list(runs), desc="counting", unit="model", leave=False, disable=None):  # seconds for a large model
        division = division_of(run)
        found.append((needed(run, division), division, run))
    return [row(*one) for one in sorted(found, key=lambda one: -one[0].peak)]


def row(need: Needed, division: Division, run) -> tuple[str, ...]:
    data = run.config["data"]["init_args"]
    return (
        f"{run.axes['model']}, {run.recipe}",
        f"{data['image_size']} px",
        f"{of_run(run).parameters / 1e6:.1f} M",
        str(data["batch_size"]),
        division.words,
        format_bytes(need.fixed),
        format_bytes(need.image),
        str(need.images),
        format_bytes(need.peak),
    )
