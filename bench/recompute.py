"""python -m bench.recompute: a training step with VIT_RECOMPUTE against one without, time and peak memory side by side.

Few layers of a large model, so that it runs anywhere: memory grows with layers by what a layer adds, which two depths tell.
"""

import argparse
from functools import partial
from statistics import median

import torch

from bench.memory import in_a_fresh_process
from bench.steps import Settings, on_device, training
from bench.timing import interleaved
from vit.models import create_model
from vit.run.recompute import recompute

WAYS = {"kept": False, "computed again": True}


def step_of(model: str, again: bool, depth: int, settings: Settings):
    """A training step of the model with so many layers."""
    network = on_device(create_model(model, image_size=settings.image_size, depth=depth), settings)
    if again:
        recompute(network)
    return training(network, settings)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.recompute", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="ViT-H/14")
    parser.add_argument(
        "--depths", type=int, nargs=2, default=(2, 4), help="layers; the whole model's memory follows from both"
    )
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shared = {"device": device, "batch": options.batch, "optimizer": "adamw", "compiled": False}
    settings = Settings(image_size=224, threads=torch.get_num_threads(), **shared)
    whole = len(create_on_meta(options.model).blocks)
    memory = {
        way: [
            in_a_fresh_process(partial(step_of, options.model, again, depth, settings), settings)
            for depth in options.depths
        ]
        for way, again in WAYS.items()
    }
    peaks = {way: scaled(bytes_of, options.depths, whole) for way, bytes_of in memory.items()}
    steps = {way: step_of(options.model, again, options.depths[1], settings) for way, again in WAYS.items()}
    seconds = interleaved(steps, options.rounds)
    ratios = [again / kept for kept, again in zip(*seconds.values(), strict=True)]
    for way, peak in peaks.items():
        found = ", ".join(
            f"{bytes_of / 2**30:.2f} GiB with {depth} layers"
            for bytes_of, depth in zip(memory[way], options.depths, strict=True)
        )
        print(f"activations {way}: {found}, so {peak / 2**30:.1f} GiB with {whole}")
    kept, again = peaks.values()
    print(
        f"{options.model}, {options.batch} images: {again / kept:.2f} of the memory, {median(ratios):.2f} of the time"
    )


def create_on_meta(model: str):
    with torch.device("meta"):
        return create_model(model, image_size=224)


def scaled(bytes_of: list[int], depths: tuple[int, int], whole: int) -> float:
    """The line through two depths, at the depth of the whole model."""
    (low, high), (few, many) = bytes_of, depths
    return low + (high - low) / (many - few) * (whole - few)


if __name__ == "__main__":
    main()
