"""One small model of each kind, and an archive of random parameters for it in the authors' layout."""

import numpy as np
from reference import archives

from vit.models import create_model
from vit.weights import load_weights

SIZES = dict(width=32, heads=4, mlp=48, depth=2)
KINDS = {  # kind: (archive, model)
    "ViT": (
        archives.vit(grid=(4, 4), patch=8, classes=7, **SIZES),
        lambda: create_model("ViT-B/16", image_size=32, patch=8, num_classes=7, **SIZES),
    ),
    "ViT with a hidden layer": (
        archives.vit(grid=(4, 4), patch=8, classes=7, hidden=32, **SIZES),
        lambda: create_model("ViT-B/16", image_size=32, patch=8, num_classes=7, head_hidden="width", **SIZES),
    ),
    "map": (
        archives.vit(grid=(4, 4), patch=8, classes=7, pool="map", **SIZES),
        lambda: create_model("ViT-B/16", image_size=32, patch=8, num_classes=7, pool="map", **SIZES),
    ),
    "hybrid": (
        archives.hybrid(grid=(2, 2), units=(1, 1, 1), stem_width=0.5, classes=7, **SIZES),
        lambda: create_model("R50+ViT-B/16", image_size=32, units=(1, 1, 1), stem_width=0.5, num_classes=7, **SIZES),
    ),
    "BiT": (
        archives.bit(units=(2, 1), width_factor=0.5, classes=7),
        lambda: create_model("ResNet50x1", units=(2, 1), width_factor=0.5, num_classes=7),
    ),
}


def write(archive, path):
    with open(path, "wb") as file:
        np.savez(file, **archive)


def loaded(kind, path, **arguments):
    model = KINDS[kind][1]()
    report = load_weights(model, path, **arguments)
    return model, report
