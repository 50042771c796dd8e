"""What no shape shows is read from a config.json beside a file or reported as assumed; a contradiction is refused."""

import json

import pytest
import timm
import torch
from reference import archives
from reference.state_dicts import hugging_face
from safetensors.torch import save_file
from timm.layers import StdConv2d, StdConv2dSame
from timm.models._hub import save_config_for_hf
from torch import nn
from weight_kinds import KINDS, SIZES, loaded

from vit.errors import UserError
from vit.models import create_model
from vit.models.vit import ViT
from vit.weights import load_weights, save_weights
from vit.weights.timm_config import HEADS, PLAIN

VIT_CONFIG = dict(  # what transformers writes for a model of these sizes
    architectures=["ViTForImageClassification"], model_type="vit", hidden_size=32, num_hidden_layers=2,
    num_attention_heads=4, intermediate_size=48, hidden_act="gelu", layer_norm_eps=1e-12, image_size=32, patch_size=8,
    num_channels=3, qkv_bias=True, pooler_act="tanh", pooler_output_size=32,
)  # fmt: skip
NUMERICS = dict(gelu="erf", norm_eps=1e-12)


def vit(*, image_size=32, **options):
    return create_model("ViT-B/16", image_size=image_size, patch=8, num_classes=7, **SIZES | options)


def hub_folder(folder, *, grid=(4, 4), processor=None, **config):
    """A folder as save_pretrained leaves it; returns the file of weights."""
    save_file(hugging_face(archives.vit(grid=grid, patch=8, classes=7, **SIZES)), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(VIT_CONFIG | config))
    if processor:
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder / "model.safetensors"


def timm_model(**options):
    sizes = dict(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=4, mlp_ratio=1.5, num_classes=7)
    model = timm.create_model("vit_base_patch16_224", **sizes | options).eval()
    nn.init.normal_(model.head.weight)
    return model


def timm_folder(folder, model, *, data=None, **more):
    """A folder as timm pushes it to the Hub."""
    save_file(model.state_dict(), folder / "model.safetensors")
    save_config_for_hf(model, folder / "config.json", data_config=data)
    if more:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | more))
    return folder / "model.safetensors"


def test_what_no_file_states_is_in_the_report(tmp_path):
    """Heads of another number fit the same shapes, as those of MoCo v3's ViT-S do."""
    save_file(timm_model(num_heads=2).state_dict(), tmp_path / "alone")
    report = load_weights(vit(), tmp_path / "alone")
    images = "images in [-1, 1] (mean and std 0.5)"
    assert report.assumed == [
        "heads=4",
        "gelu='erf'",
        "norm_eps=1e-06",
        "pool='token'",
        "positions on a grid of 4 x 4",
        images,
    ]
    assert "assumed (not stated by the file): heads=4, gelu='erf', norm_eps=1e-06" in str(report)


def test_files_of_ours_assume_nothing_and_without_metadata_everything(tmp_path):
    save_weights(vit(), tmp_path / "stated")
    assert not load_weights(vit(), tmp_path / "stated").assumed
    save_file(vit().state_dict(), tmp_path / "bare")
    assert load_weights(vit(), tmp_path / "bare").assumed[:3] == ["heads=4", "gelu='tanh'", "norm_eps=1e-06"]


def test_a_model_without_a_name_is_compared_too(tmp_path):
    save_weights(vit(), tmp_path / "weights")
    direct = ViT(image_size=32, num_classes=7, patch=8, gelu="erf", **SIZES)
    assert load_weights(direct, tmp_path / "weights").notes[0] == "made for gelu='tanh', the model has 'erf'"
    with pytest.raises(UserError, match="has heads=4, expected 2"):
        load_weights(ViT(image_size=32, num_classes=7, patch=8, **SIZES | {"heads": 2}), tmp_path / "weights")


@pytest.mark.parametrize(
    ("kind", "theirs"), [("hybrid", "vit_small_r26_s32_224"), ("BiT", "resnetv2_50x1_bit")], ids=["hybrid", "BiT"]
)
def test_timms_resnets_standardise_kernels_by_another_epsilon(kind, theirs, tmp_path):
    save_weights(KINDS[kind][1](), tmp_path / "w.pth", format="timm")
    report = loaded(kind, tmp_path / "w.pth")[1]
    with torch.device("meta"):
        convolutions = [m for m in timm.create_model(theirs).modules() if isinstance(m, (StdConv2d, StdConv2dSame))]
    assert {convolution.eps for convolution in convolutions} == {1e-8}
    assert "made for kernel_eps='1e-08 on the variance', the model has '1e-" in str(report)
    assert ("made for group_norm_eps=1e-05, the model has 1e-06" in str(report)) == (kind == "hybrid")


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (
            dict(num_attention_heads=8),
            "its config.json says heads=8, the model has heads=4; make the model with heads=8",
        ),
        (
            dict(hidden_act="gelu_new"),
            "config.json says gelu='tanh', the model has gelu='erf'; make the model with gelu",
        ),
        (dict(layer_norm_eps=1e-5), "its config.json says norm_eps=1e-05, the model has norm_eps=1e-12; make"),
        (dict(hidden_act="relu"), "says activation 'relu', .* GELU; use another"),
        (dict(hidden_act="quick_gelu"), "says activation 'quick_gelu', .* GELU"),
        (dict(patch_size=16), "its config.json says patch=16, the model has patch=8"),
        (dict(qkv_bias=False), "its config.json says qkv_bias false, but models of this project have biases"),
        (dict(pooler_act="relu"), "its config.json says pooler_act 'relu', but models of this project have tanh"),
        (
            dict(image_size=64),
            "says images of 64 x 64, which are 8 x 8 patches, but embeddings.position_embeddings has 16",
        ),
        (dict(image_size=4), "its config.json says images of 4 x 4 .*holds no patch"),
        (
            dict(num_attention_heads="many"),
            "its config.json says num_attention_heads 'many', expected a number above 0",
        ),
        (dict(image_size=[32]), r"its config.json says image_size \[32\], expected one or two sizes in pixels"),
    ],
)
def test_a_config_that_contradicts_the_model_is_refused_in_one_line(config, line, tmp_path):
    path, model = hub_folder(tmp_path, **config), vit(**NUMERICS)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(UserError, match=f"a Hugging Face ViT state dict; .*{line}") as error:
        load_weights(model, path)
    assert "\n" not in str(error.value)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(("text", "line"), [("{", "config.json beside it is damaged"), ("[]", "holds no object")])
def test_a_damaged_config_is_named(text, line, tmp_path):
    path = hub_folder(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError, match=f"{line}.*; get it again or remove it"):
        load_weights(vit(**NUMERICS), path)


@pytest.mark.parametrize(
    "damage", [dict(model_args=3), dict(pretrained_cfg=dict(input_size=7)), dict(pretrained_cfg=[1])]
)
def test_a_timm_config_of_nonsense_is_named(damage, tmp_path):
    path = timm_folder(tmp_path, timm_model(), **damage)
    with pytest.raises(UserError, match=r"a timm ViT state dict; .*config\.json (beside it is damaged|says)"):
        load_weights(vit(gelu="erf"), path)


def test_what_a_config_states_is_not_assumed(tmp_path):
    half = dict(image_mean=[0.5] * 3, image_std=[0.5] * 3)
    report = load_weights(vit(**NUMERICS), hub_folder(tmp_path, processor=half), head="keep")
    assert not report.assumed and not report.notes


def test_the_grid_of_positions_is_that_of_the_stated_images(tmp_path):
    """Nine rows are a class token's and those of 4 x 2 patches, never 3 x 3; sixteen may be 2 x 8."""
    model = vit(image_size=(32, 16), **NUMERICS)
    path = hub_folder(tmp_path, grid=(4, 2), image_size=[32, 16])
    assert not load_weights(model, path).resized
    other = vit(image_size=24, **NUMERICS)
    assert load_weights(other, path).resized == ["embeddings.position_embeddings from 4 x 2 to 3 x 3"]
    expected = model.resize_to(24).state_dict()["position.tables.0.table"]
    torch.testing.assert_close(other.state_dict()["position.tables.0.table"], expected, rtol=0, atol=1e-6)
    path = hub_folder(tmp_path, grid=(2, 8), image_size=[16, 64])
    assert load_weights(vit(**NUMERICS), path).resized == ["embeddings.position_embeddings from 2 x 8 to 4 x 4"]


def test_hugging_faces_tables_have_a_class_row_without_a_config_too(tmp_path):
    path = hub_folder(tmp_path, grid=(4, 2))
    (tmp_path / "config.json").unlink()
    with pytest.raises(UserError, match="has 8 rows of patches, expected a square or 3 x 3"):
        load_weights(vit(image_size=24, **NUMERICS), path)


def test_timms_config_is_read(tmp_path):
    """timm writes its own arguments beside the weights; outputs agree, and other heads are refused."""
    model = timm_model()
    path, ours = timm_folder(tmp_path, model), vit(gelu="erf")
    report = load_weights(ours, path, head="keep")
    assert not report.notes and not {"heads=4", "positions on a grid of 4 x 4"} & set(report.assumed)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    torch.testing.assert_close(ours.eval()(images), model(images), rtol=0, atol=1e-5)
    with pytest.raises(UserError, match=r"its config.json says heads=4, the model has heads=2; make the model with"):
        load_weights(vit(gelu="erf", heads=2), path)


def test_timms_quick_gelu_is_refused_and_an_unknown_architecture_is_named(tmp_path):
    path = timm_folder(tmp_path, timm_model(), architecture="vit_base_patch16_clip_quickgelu_224")
    with pytest.raises(UserError, match="says activation 'quick_gelu'"):
        load_weights(vit(gelu="erf"), path)
    path = timm_folder(tmp_path, timm_model(), architecture="vit_base_patch16_siglip_224")
    notes = load_weights(vit(gelu="erf"), path).notes
    assert "beside it names 'vit_base_patch16_siglip_224', whose code may compute" in notes[0]


def test_the_root_padding_of_a_bit_is_named_as_its_option(tmp_path):
    save_weights(KINDS["BiT"][1](), tmp_path / "w.pth", format="timm")
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnetv2_50x1_bit"}))
    report = loaded("BiT", tmp_path / "w.pth")[1]
    assert report.assumed[0] == "root_padding='zero'"
    assert not [note for note in report.notes if "root_padding" in note or "config.json" in note]
    padded = create_model("ResNet50x1", units=(2, 1), width_factor=0.5, num_classes=7, root_padding="inf")
    assert "made for root_padding='zero', the model has 'inf'" in load_weights(padded, tmp_path / "w.pth").notes


def test_another_pool_is_in_the_report(tmp_path):
    """timm averages the patches of a sequence that has a class token; no shape shows it."""
    path = timm_folder(tmp_path, timm_model(global_pool="avg", fc_norm=False))
    assert "made for pool='gap', the model has 'token'" in load_weights(vit(gelu="erf"), path).notes


def test_a_timm_table_without_a_class_row_is_what_its_config_says(tmp_path):
    """Nine rows on a 3 x 3 grid would be a class row and 4 x 2 for a model of that grid."""
    path = timm_folder(tmp_path, timm_model(img_size=24, no_embed_class=True))
    report = load_weights(vit(gelu="erf", image_size=(32, 16)), path)
    assert report.resized == ["pos_embed from 3 x 3 to 4 x 2"]


def test_images_of_another_mean_give_the_same_outputs(tmp_path):
    """DeiT's images are normalised by ImageNet's mean and deviation, ours lie in [-1, 1]."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    model, ours = timm_model(), vit(gelu="erf")
    report = load_weights(ours, timm_folder(tmp_path, model, data=dict(mean=mean, std=std)), head="keep")
    images = torch.rand(2, 3, 32, 32)
    theirs = (images - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    torch.testing.assert_close(ours.eval()(2 * images - 1), model(theirs), rtol=0, atol=1e-5)
    assert "made for images normalised by mean (0.485, 0.456, 0.406)" in report.notes[0]


def test_hugging_faces_images_may_be_rescaled_to_another_range_first(tmp_path):
    """1 / 127.5 of a byte minus 1 is what 1 / 255 of it, normalised by 0.5, is too."""
    processor = dict(rescale_factor=1 / 127.5, image_mean=[1.0] * 3, image_std=[1.0] * 3)
    assert not load_weights(vit(**NUMERICS), hub_folder(tmp_path, processor=processor)).notes
    unscaled = dict(do_rescale=False, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    notes = load_weights(vit(**NUMERICS), hub_folder(tmp_path, processor=unscaled)).notes
    assert "the embedding is rewritten for images in [-1, 1]" in notes[0]


def test_a_config_of_another_project_is_said_to_be_unread(tmp_path):
    path = hub_folder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model": "mine"}))
    report = load_weights(vit(**NUMERICS), path)
    assert "the config.json beside it is not one of Hugging Face: not read" in report.notes
    assert "heads=4" in report.assumed


def test_the_heads_of_plain_architectures_are_timms():
    for name in ("vit_tiny_patch16_224", "vit_small_patch32_384", "deit_base_patch16_224", "vit_large_r50_s32_224"):
        with torch.device("meta"):
            model = timm.create_model(name)
        assert model.blocks[0].attn.num_heads == HEADS[PLAIN.fullmatch(name)[2]]
    for name in ("vit_base_patch16_clip_224", "vit_base_patch16_gap_224", "deit3_base_patch16_224"):
        assert not PLAIN.fullmatch(name)  # other epsilons, heads or positions
