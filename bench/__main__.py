"""python -m bench: times our models against timm's in one process, in turn, and writes results/bench/DEVICE.md and .csv."""

import argparse
import os
from pathlib import Path

import torch

from bench.about import columns, lines
from bench.contenders import THEIRS
from bench.measure import measure
from bench.peak import matmul_peak
from bench.steps import Settings
from bench.table import as_csv, as_markdown, file_name
from vit.atomic import write_text
from vit.paths import ROOT, name_of
from vit.record import device_name

MODELS = {"cpu": ("ViT-S/16", "ViT-B/16", "R50+ViT-B/16", "ResNet50x1"), "cuda": ("ViT-B/16", "ViT-L/16")}
BATCH = {"cpu": 8, "cuda": 64}
ROUNDS = {"cpu": 15, "cuda": 50}


def parser():
    device = "cuda" if torch.cuda.is_available() else "cpu"
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--models", nargs="+", choices=THEIRS, default=MODELS[device], metavar="NAME")
    options.add_argument("--batch", type=int, default=BATCH[device], help="images a step")
    options.add_argument("--image-size", type=int, default=224)
    options.add_argument("--rounds", type=int, default=ROUNDS[device], help="times of each contender (2 or more)")
    options.add_argument("--optimizer", choices=("sgd", "adamw"), default="sgd")
    options.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU")
    options.add_argument("--compile", action=argparse.BooleanOptionalAction, default=device == "cuda")
    options.add_argument("--output", type=Path, default=ROOT / "results" / "bench", help="a folder")
    options.set_defaults(device=device)
    return options


def main(arguments=None):
    options = parser().parse_args(arguments)
    shared = ("device", "batch", "image_size", "optimizer", "threads")
    settings = Settings(**{name: getattr(options, name) for name in shared}, compiled=options.compile)
    torch.set_num_threads(settings.threads)
    load = os.getloadavg()[0]
    rows, peak = [], matmul_peak(settings.device, settings.dtype)
    for model in options.models:
        for row in measure(model, settings, options.rounds, peak):
            rows.append(row)
            times = f"{1e3 * row.seconds.middle:.1f} ms, {row.ratio.middle:.2f} × timm's speed"
            print(f"{row.model}, {row.step}, {row.who}: {times}", flush=True)
    same = columns(settings, options.rounds, peak, load)
    place = options.output / file_name(device_name())
    write_text(place.with_suffix(".md"), as_markdown(rows, lines(settings, same)))
    write_text(place.with_suffix(".csv"), as_csv(rows, same))
    print(f"{name_of(place)}.md, .csv")


if __name__ == "__main__":
    main()
