"""Measurements of a model: peak memory of each contender, then the times of all in turn."""

from dataclasses import dataclass, replace
from statistics import median, quantiles

import torch

from bench.contenders import TIMM_FLOAT32, contenders, rival, without_zeros
from bench.memory import peak_memory
from bench.steps import STEPS, on_device
from bench.timing import interleaved
from vit.models import create_model
from vit.models.flops import forward_flops
from vit.plan.cost_file import TRAINING


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values):
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median(values), high)


@dataclass(frozen=True)
class Measured:
    """A contender's numbers for a kind of step."""

    model: str
    step: str
    who: str
    seconds: Spread
    ratio: Spread  # time of timm's model with the same GELU over this one's, round by round: above 1 is faster
    images_per_second: float
    share: float  # of the measured peak of matrix products
    memory: int | None  # bytes, of training


def measure(model, settings, rounds, peak):
    """Yield a row for every kind of step and contender."""
    builders = contenders(model, settings.image_size, settings.precision == "bf16-mixed" and settings.device == "cpu")
    each = {who: replace(settings, precision="32-true") if who == TIMM_FLOAT32 else settings for who in builders}
    memory = {who: peak_memory(model, who, each[who]) for who in builders}
    networks = {who: on_device(without_zeros(build()), settings) for who, build in builders.items()}
    flops = _flops(model, settings)
    for kind, make in STEPS.items():
        seconds = interleaved({who: make(network, each[who]) for who, network in networks.items()}, rounds)
        work = flops * (TRAINING if kind == "training" else 1)
        for who, times in seconds.items():
            reference = seconds[rival(who, seconds)]
            ratio = Spread.of([theirs / ours for theirs, ours in zip(reference, times, strict=True)])
            middle = median(times)
            speed = {"images_per_second": settings.batch / middle, "share": work / middle / peak}
            peak_bytes = memory[who] if kind == "training" else None
            yield Measured(model, kind, who, Spread.of(times), ratio, **speed, memory=peak_bytes)


def _flops(model, settings):
    """FLOPs of a forward pass of the batch."""
    # counted on our model: all contenders have the same architecture
    with torch.device("meta"):
        network = create_model(model, image_size=settings.image_size).eval()
        images = torch.empty(settings.batch, 3, settings.image_size, settings.image_size)
    return forward_flops(network, images)
