"""Archives of random parameters in the authors' layouts give the same features and logits in our models, through
load_weights, as in the authors' arithmetic (reference/official.py): one test of the models and of the loader."""

import numpy as np
import pytest
import torch
from reference import archives, official

from vit.models import create_model
from vit.models.position import resize_positions
from vit.weights import load_weights

SMALL = dict(depth=3, width=32, heads=4, mlp=48)
VITS = {  # options of the model; those of the archive follow
    "token": dict(image_size=32, patch=8),
    "gap": dict(image_size=32, patch=8, pool="gap"),
    "map": dict(image_size=32, patch=8, pool="map"),
    "the head of pre-training": dict(image_size=32, patch=8, head_hidden=24),
    "sincos2d": dict(image_size=32, patch=8, position="sincos2d", pool="gap"),
    "sincos2d with a class token": dict(image_size=(24, 40), patch=8, position="sincos2d"),
    "an oblong image": dict(image_size=(24, 40), patch=8, pool="map", head_hidden=24),
    "a size that leaves a rest": dict(image_size=(37, 45), patch=8),
}
HYBRIDS = {
    "root only": dict(image_size=64, units=(), patch=8),
    "stride 16": dict(image_size=64, units=(1, 2, 1)),
    "stride 32, head of pre-training": dict(image_size=64, units=(1, 1, 1, 1), head_hidden=24),
    "odd": dict(image_size=65, units=(1, 1, 2), stem_width=0.5),
    "odd feature maps": dict(image_size=(70, 92), units=(1, 2, 1), stem_width=0.5, pool="gap"),
    "oblong and odd": dict(image_size=(47, 78), units=(2, 1), stem_width=0.5),
}
RESNETS = {
    "four stages": dict(image_size=64, units=(1, 2, 1, 1), width_factor=0.5),
    "wider": dict(image_size=32, units=(2, 1), width_factor=2),
    "odd": dict(image_size=(65, 47), units=(1, 1, 2), width_factor=0.5),
    "another padding of the root": dict(image_size=(64, 47), units=(1, 1), width_factor=0.5, root_padding="inf"),
}
CASES = {
    **{f"ViT: {case}": ("ViT-B/16", SMALL | options) for case, options in VITS.items()},
    **{f"hybrid: {case}": ("R50+ViT-B/16", SMALL | dict(patch=1) | options) for case, options in HYBRIDS.items()},
    **{f"BiT: {case}": ("ResNet50x1", options) for case, options in RESNETS.items()},
}


def numpy(tensor):
    return tensor.detach().double().numpy()


def archive_for(options):
    """Random parameters for a model of these options."""
    if "width_factor" in options:
        return archives.bit(units=options["units"], width_factor=options["width_factor"], classes=7)
    height, width = np.broadcast_to(options["image_size"], 2)
    stride = 4 * 2 ** max(len(options["units"]) - 1, 0) if "units" in options else 1
    grid = tuple(-(-int(side) // stride) // options["patch"] for side in (height, width))
    same = {name: options[name] for name in (*SMALL, "patch", "pool", "units", "stem_width") if name in options}
    position = dict(table=options.get("position") != "sincos2d", hidden=options.get("head_hidden"))
    return (archives.hybrid if "units" in options else archives.vit)(grid=grid, classes=7, **same, **position)


def official_outputs(archive, images, options):
    images = numpy(images).transpose(0, 2, 3, 1)
    if "width_factor" in options:
        padding = -np.inf if options.get("root_padding") == "inf" else 0.0
        return official.bit(archive, images, pool_padding=padding)
    return official.vit(archive, images, classifier=options.get("pool", "token"))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-9)])
@pytest.mark.parametrize("case", CASES)
def test_features_and_logits_are_the_authors(case, dtype, tolerance, tmp_path):
    name, options = CASES[case]
    archive = {key: torch.from_numpy(value).to(dtype).numpy() for key, value in archive_for(options).items()}
    np.savez(tmp_path / "weights.npz", **archive)
    model = create_model(name, num_classes=7, **options).to(dtype).eval()
    load_weights(model, tmp_path / "weights.npz", head="keep")
    shape = np.broadcast_to(options["image_size"], 2)
    images = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(2), dtype=dtype) * 2 - 1
    archive = {key: value.astype(np.float64) for key, value in archive.items()}
    features, logits = official_outputs(archive, images, options)
    with torch.no_grad():
        assert np.abs(numpy(model.features(images)) - features).max() < tolerance
        assert np.abs(numpy(model(images)) - logits).max() < tolerance
    assert logits.std() > 0.1  # else the tolerance would say nothing


@pytest.mark.parametrize("class_rows", [0, 1])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((14, 14), (24, 24)),
        ((7, 7), (12, 12)),
        ((24, 24), (14, 14)),
        ((28, 28), (48, 48)),
        ((3, 5), (4, 2)),
        ((2, 3), (1, 7)),
    ],
)
def test_positions_are_resized_as_the_authors_do(old, new, class_rows):
    table = torch.randn(1, class_rows + old[0] * old[1], 6, generator=torch.Generator().manual_seed(3))
    expected = official.resize_positions(numpy(table), old, new)
    assert np.abs(numpy(resize_positions(table, old, new)) - expected).max() < 1e-6
    assert np.abs(numpy(resize_positions(table.double(), old, new)) - expected).max() < 1e-12
