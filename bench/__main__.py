"""python -m bench: our models and timm's, timed in turn in one process; writes results/bench/DEVICE.md and DEVICE.csv."""

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


def argument_parser():
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=THEIRS, default=MODELS[device], metavar="NAME")
    parser.add_argument("--batch", type=int, default=BATCH[device], help="images per step")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=ROUNDS[device], help="measurements per contender (2 or more)")
    parser.add_argument("--optimizer", choices=("sgd", "adamw"), default="sgd")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=device == "cuda")
    default = "bf16-mixed" if device == "cuda" else "32-true"
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed"), default=default)
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "bench", help="output folder")
    parser.set_defaults(device=device)
    return parser


def main(arguments=None):
    options = argument_parser().parse_args(arguments)
    shared = ("device", "batch", "image_size", "optimizer", "threads", "precision")
    settings = Settings(**{name: getattr(options, name) for name in shared}, compiled=options.compile)
    torch.set_num_threads(settings.threads)
    load = os.getloadavg()[0]  # before the first measurement, which raises it
    rows, peak = [], matmul_peak(settings.device, settings.dtype)
    for model in options.models:
        for row in measure(model, settings, options.rounds, peak):
            rows.append(row)
            times = f"{1e3 * row.seconds.middle:.1f} ms, {row.ratio.middle:.2f} × timm's speed"
            print(f"{row.model}, {row.step}, {row.who}: {times}", flush=True)
    same = columns(settings, options.rounds, peak, load)
    usual = options.precision == argument_parser().get_default("precision")
    path = options.output / file_name(device_name() + ("" if usual else f" {options.precision}"))
    write_text(path.with_suffix(".md"), as_markdown(rows, lines(settings, same)))
    write_text(path.with_suffix(".csv"), as_csv(rows, same))
    print(f"{name_of(path)}.md, .csv")


if __name__ == "__main__":
    main()
