"""Files that we write: bit-exact when read again, with the names and shapes that the public files have."""

import json

import numpy as np
import pytest
import timm
import torch
from safetensors import safe_open
from weight_kinds import KINDS, SIZES

from vit.errors import UserError
from vit.models import create_model
from vit.weights import load_weights, save_weights
from vit.weights.save import layout_for

SMALL = dict(image_size=32, patch=8, num_classes=7, **SIZES)
MODELS = {
    "ViT": ("ViT-B/16", SMALL),
    "an oblong image": ("ViT-B/16", SMALL | dict(image_size=(24, 40))),
    "gap": ("ViT-B/16", SMALL | dict(pool="gap")),
    "map": ("ViT-B/16", SMALL | dict(pool="map")),
    "sincos2d": ("ViT-B/16", SMALL | dict(position="sincos2d")),
    "sincos2d, gap": ("ViT-B/16", SMALL | dict(position="sincos2d", pool="gap")),
    "hybrid": ("R50+ViT-B/16", SMALL | dict(patch=1, units=(2, 1), stem_width=0.5)),
    "hybrid of the root only": ("R+ViT-Ti/16", SMALL | dict(stem_width=0.5, patch=2)),
    "BiT": ("ResNet50x1", dict(num_classes=7, units=(2, 1), width_factor=0.5)),
}
HIDDEN = {"hidden layer": ("ViT-B/16", SMALL | dict(head_hidden=16))}
OURS_ONLY = {
    "2d": ("ViT-B/16", SMALL | dict(position="2d")),
    "relative": ("ViT-B/16", SMALL | dict(position="relative")),
    "none": ("ViT-B/16", SMALL | dict(position="none")),
    "at every layer": ("ViT-B/16", SMALL | dict(position_at="every")),
    "one table at every layer": ("ViT-B/16", SMALL | dict(position_at="shared")),
    "registers": ("ViT-B/16", SMALL | dict(registers=3)),
    "layer scale": ("R50+ViT-B/16", SMALL | dict(patch=1, units=(2, 1), stem_width=0.5, layer_scale=0.5)),
    "norms of queries": ("ViT-B/16", SMALL | dict(qk_norm=True, drop_path=0.1)),
    "the norm after the mean": ("ViT-B/16", SMALL | dict(pool="gap", pool_norm="after")),
    "axial ViT": ("Axial-ViT-B/16", SMALL),
    "axial ResNet": ("AxialResNet50", dict(image_size=32, num_classes=7, units=(1, 1), width_factor=0.5)),
}
FORMATS = {
    ("ours", "weights.safetensors"): MODELS | HIDDEN | OURS_ONLY,
    ("timm", "model.safetensors"): MODELS,
    ("timm", "model.pth"): MODELS,
    ("official", "weights.npz"): MODELS | HIDDEN,
}
CASES = [(*file, case, torch.float32) for file, models in FORMATS.items() for case in models]
for dtype in (torch.float64, torch.bfloat16):  # a matter of the format, not of the model: arrays of both families,
    CASES += [(*file, case, dtype) for file in FORMATS for case in ("hybrid", "sincos2d")]  # and a computed table


def random(name, options):
    torch.manual_seed(0)
    model = create_model(name, **options)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize(("format", "file", "case", "dtype"), CASES)
def test_a_round_trip_changes_no_bit(format, file, case, dtype, tmp_path):
    name, options = (MODELS | HIDDEN | OURS_ONLY)[case]
    model, copy = random(name, options).to(dtype), create_model(name, **options).to(dtype)
    save_weights(model, tmp_path / file, format=format)
    report = load_weights(copy, tmp_path / file, head="keep")
    assert list(report.loaded) == list(model.state_dict()) and not (report.resized or report.zeroed)
    assert all(torch.equal(value, copy.state_dict()[key]) for key, value in model.state_dict().items())
    save_weights(copy, tmp_path / f"copy-{file}", format=format)
    if file.endswith("safetensors"):  # zip files hold times
        assert (tmp_path / file).read_bytes() == (tmp_path / f"copy-{file}").read_bytes()


@pytest.mark.parametrize("case", ["ViT", "ViT with a hidden layer", "map", "hybrid", "BiT"])
def test_official_files_hold_the_archives_arrays(case, tmp_path):
    """Up to the leading ones of GroupNorm, which later flax leaves out as well."""
    archive, make = KINDS[case]
    np.savez(tmp_path / "before.npz", **archive)
    model = make().double()
    load_weights(model, tmp_path / "before.npz")
    save_weights(model, tmp_path / "after.npz", format="official")
    with np.load(tmp_path / "after.npz") as after:
        assert set(after) == set(archive)
        for name, value in archive.items():
            np.testing.assert_array_equal(after[name], value.squeeze() if "gn" in name else value, err_msg=name)


ARRAYS = {  # model, its options: arrays of the authors' archive, some of their shapes
    ("ViT-B/16", ()): (200, {"Transformer/posembed_input/pos_embedding": (1, 197, 768), "head/kernel": (768, 1000)}),
    ("ViT-B/16", (("head_hidden", "width"),)): (202, {"pre_logits/kernel": (768, 768)}),
    ("ViT-Ti/16", ()): (200, {"Transformer/encoderblock_11/MlpBlock_3/Dense_0/kernel": (192, 768)}),
    ("ViT-L/32", ()): (392, {"embedding/kernel": (32, 32, 3, 1024)}),
    ("ViT-H/14", ()): (
        520,
        {"Transformer/encoderblock_31/MultiHeadDotProductAttention_1/query/kernel": (1280, 16, 80)},
    ),
    ("R+ViT-Ti/16", ()): (203, {"Transformer/posembed_input/pos_embedding": (1, 50, 192)}),
    ("R26+ViT-B/32", ()): (287, {"Transformer/posembed_input/pos_embedding": (1, 50, 768)}),
    ("R50+ViT-B/16", ()): (356, {"embedding/kernel": (1, 1, 1024, 768), "block3/unit9/conv2/kernel": (3, 3, 256, 256)}),
    ("R50+ViT-L/32", ()): (551, {"block4/unit1/conv_proj/kernel": (1, 1, 1024, 2048)}),
    ("ResNet50x1", ()): (
        153,
        {"resnet/head/conv2d/kernel": (1, 1, 2048, 1000), "resnet/block4/unit03/c/group_norm/gamma": (512,)},
    ),
}


@pytest.mark.parametrize(("name", "options"), ARRAYS)
def test_numbers_of_arrays_and_shapes_of_the_released_files(name, options):
    count, shapes = ARRAYS[name, options]
    with torch.device("meta"):
        model = create_model(name, **dict(options))
    arrays = layout_for(model, "official").to_file(model.state_dict(), model)
    assert len(arrays) == count
    assert {key: tuple(arrays[key].shape) for key in shapes} == shapes


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("ViT-B/16", "vit_base_patch16_224"),
        ("R50+ViT-B/16", "vit_base_r50_s16_224"),
        ("R26+ViT-S/32", "vit_small_r26_s32_224"),
        ("R+ViT-Ti/16", "vit_tiny_r_s16_p8_224"),
        ("ResNet50x1", "resnetv2_50x1_bit"),
        ("ResNet152x2", "resnetv2_152x2_bit"),
    ],
)
def test_timms_models_of_the_papers_sizes_have_these_names_and_shapes(name, theirs):
    with torch.device("meta"):
        model = create_model(name)
        expected = timm.create_model(theirs, num_classes=1000).state_dict()
    written = layout_for(model, "timm").to_file(model.state_dict(), model)
    assert {key: value.shape for key, value in written.items()} == {key: value.shape for key, value in expected.items()}


def test_our_files_state_the_arguments_of_create_model_as_they_are_now(tmp_path):
    model = random(*HIDDEN["hidden layer"])
    model.reset_head(3).resize_to((48, 64))
    save_weights(model, tmp_path / "weights.safetensors")
    with safe_open(tmp_path / "weights.safetensors", "pt") as file:
        stated = json.loads(file.metadata()["create_model"])
    assert (stated["name"], stated["num_classes"], stated["image_size"]) == ("ViT-B/16", 3, [48, 64])
    copy = create_model(**stated)
    load_weights(copy, tmp_path / "weights.safetensors", head="keep")
    images = torch.rand(1, 3, 48, 64)
    assert torch.equal(model(images), copy(images))


def test_what_a_format_cannot_say_is_refused_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "weights"
    path.write_text("old")
    for case, words in {
        "hidden layer": "format 'timm' cannot store hidden.0.weight; save it as 'ours'",
        "registers": "format 'timm' cannot store registers; save it as 'ours'",
        "layer scale": "format 'timm' cannot store blocks.0.scale1; save it as 'ours'",
        "norms of queries": "format 'timm' cannot store blocks.0.attention.query_norm.weight; save it as 'ours'",
        "the norm after the mean": "format 'timm' cannot store a norm after the mean over tokens; save it as 'ours'",
        "axial ViT": "format 'timm' cannot store an axial ViT; save it as 'ours'",
        "one table at every layer": "format 'timm' cannot store this position embedding; save it as 'ours'",
    }.items():
        with pytest.raises(UserError, match=words):
            save_weights(random(*(HIDDEN | OURS_ONLY)[case]), path, format="timm")
    with pytest.raises(ValueError, match="unknown format 'tim', did you mean 'timm'"):
        save_weights(random(*MODELS["ViT"]), path, format="tim")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(UserError, match="a folder; expected the name of a file"):
        save_weights(random(*MODELS["ViT"]), tmp_path)
