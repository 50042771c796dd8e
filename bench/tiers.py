"""python -m bench.tiers: what storage, cores and network must deliver to keep GPUs busy while pre-training; the table of docs/scaling.md.

Arithmetic on counted FLOPs and parameters; every assumption is an option.
"""

import argparse
from dataclasses import dataclass

import torch

from bench.table import as_table
from vit.models import create_model
from vit.models.flops import forward_flops

MODELS = {
    "ViT-B/16": 3,
    "ViT-H/14": 4,
}  # forward passes of a training step; a fourth where activations are computed twice
GPUS = (8, 64, 512)
PIXELS = 224
BATCH = 4096  # of all devices (Table 3)
CLASSES = 21_843
HEAD = (
    "model",
    "GPUs",
    "images/s",
    "read from storage",
    "cores that decode",
    "to each GPU",
    "computing an update",
    "exchanging its gradients",
    "first limit",
)


@dataclass(frozen=True)
class Machine:
    """Of each GPU, its share of a node."""

    flops: float  # delivered a second
    cores: float
    decoded: float  # training crops a second and core
    read: float  # bytes a second from storage, all nodes alike
    link: float  # bytes a second to other GPUs


@dataclass(frozen=True)
class Demand:
    """Of one model on so many GPUs; seconds are those of one update."""

    images: float  # a second
    cores: float
    read: float  # bytes a second
    pixels: float  # bytes a second and GPU
    computing: float
    exchanging: float


def demand(flops: float, parameters: int, gpus: int, machine: Machine, picture: float) -> Demand:
    """flops: of a training step of one image. picture: bytes of a file."""
    images = gpus * machine.flops / flops
    # each of a ring's devices sends and receives its gradients twice, less its own part
    exchanged = 2 * (gpus - 1) / gpus * 4 * parameters
    return Demand(
        images=images,
        cores=images / machine.decoded,
        read=images * picture,
        pixels=images / gpus * 3 * PIXELS**2,
        computing=BATCH / images,
        exchanging=exchanged / machine.link,
    )


def first_limit(need: Demand, gpus: int, machine: Machine) -> str:
    """What holds the GPUs up most, as a share of what it can deliver; 'none' below 100%. Gradients are exchanged during the backward pass."""
    shares = {
        "decoding": need.cores / (machine.cores * gpus),
        "storage": need.read / (machine.read * gpus),
        "gradients": need.exchanging / (need.computing * 2 / 3),
    }
    name, share = max(shares.items(), key=lambda one: one[1])
    return f"{name} ({share:.0%})" if share > 1 else f"none ({name} {share:.0%})"


def rows(machine: Machine, picture: float):
    for name, passes in MODELS.items():
        with torch.device("meta"):
            model = create_model(name, image_size=PIXELS, num_classes=CLASSES).eval()
            flops = passes * forward_flops(model, torch.empty(1, 3, PIXELS, PIXELS))
        parameters = sum(parameter.numel() for parameter in model.parameters())
        for gpus in GPUS:
            need = demand(flops, parameters, gpus, machine, picture)
            yield (
                name,
                str(gpus),
                f"{need.images:,.0f}",
                f"{need.read / 1e9:,.2f} GB/s",
                f"{need.cores:,.0f} of {machine.cores * gpus:,.0f}",
                f"{need.pixels / 1e6:,.0f} MB/s",
                f"{need.computing * 1e3:,.0f} ms",
                f"{need.exchanging * 1e3:,.0f} ms",
                first_limit(need, gpus, machine),
            )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tiers", description=__doc__)
    parser.add_argument(
        "--teraflops",
        type=float,
        default=400,
        help="delivered by a GPU; 40%% of the data sheet's 989 of an H100 or H200 in bfloat16",
    )
    parser.add_argument("--cores", type=float, default=8, help="CPU cores a GPU")
    parser.add_argument(
        "--decoded",
        type=float,
        default=590,
        help="training crops of 224 px a second and core: `make bench-data` measures it",
    )
    parser.add_argument(
        "--picture", type=float, default=92, help="kB of a file: 1.31 TB / 14.2 million of ImageNet-21k"
    )
    parser.add_argument(
        "--read", type=float, default=0.625, help="GB/s from storage for each GPU: 40 Gbit/s for a node of 8"
    )
    parser.add_argument(
        "--link", type=float, default=50, help="GB/s between GPUs of different nodes, for each: 400 Gbit/s"
    )
    chosen = parser.parse_args(arguments)
    machine = Machine(chosen.teraflops * 1e12, chosen.cores, chosen.decoded, chosen.read * 1e9, chosen.link * 1e9)
    print(as_table(HEAD, rows(machine, chosen.picture * 1e3)))


if __name__ == "__main__":
    main()
