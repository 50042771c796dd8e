"""Models that are close to ours and compute something else: refused by the name of what they have; decoders are left out."""

import argparse

import pytest
import timm
import torch
import torchvision
from reference.state_dicts import hugging_face
from timm.models.deit import VisionTransformerDistilled
from weight_kinds import KINDS, loaded, write

from vit.errors import UserError
from vit.weights import save_weights

SIZES = dict(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=4, mlp_ratio=1.5, num_classes=7)
VIT = timm.models.VisionTransformer
STATE = hugging_face(KINDS["ViT"][0])

REFUSED = {  # a state dict: what the model has
    "DeiT": (lambda: VisionTransformerDistilled(**SIZES).state_dict(), "a distillation token"),
    "DeiT of Hugging Face": (
        lambda: STATE | {"vit.embeddings.distillation_token": torch.ones(1, 1, 32)},
        "a distillation token",
    ),
    "registers": (lambda: VIT(**SIZES, reg_tokens=4).state_dict(), "register tokens"),
    "registers of Hugging Face": (
        lambda: STATE | {"vit.embeddings.register_tokens": torch.ones(1, 4, 32)},
        "register tokens",
    ),
    "fine-tuned MAE": (lambda: VIT(**SIZES, global_pool="avg").state_dict(), "a norm after the mean over tokens"),
    "layer scale": (lambda: VIT(**SIZES, init_values=1e-5).state_dict(), "layer scale"),
    "norms of queries": (lambda: VIT(**SIZES, qk_norm=True).state_dict(), "norms of queries and keys"),
    "a norm first": (lambda: VIT(**SIZES, pre_norm=True).state_dict(), "a norm before the blocks"),
    "ConvNeXt": (lambda: timm.create_model("convnext_atto").state_dict(), "depthwise convolutions"),
    "ResNet of torchvision": (lambda: torchvision.models.resnet18().state_dict(), "batch normalisation"),
    "ResNet of timm": (lambda: timm.create_model("resnetv2_50").state_dict(), "batch normalisation"),
}


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_computes_something_else_is_refused_in_the_words_of_the_field(case, prefix, tmp_path):
    make, words = REFUSED[case]
    torch.save({prefix + name: tensor for name, tensor in make().items()}, tmp_path / "file.pth")
    with pytest.raises(
        UserError, match=f"weights of a model with {words}.*, which is not read from files of other projects"
    ):
        loaded("ViT", tmp_path / "file.pth")


@pytest.fixture
def timm_state(tmp_path):
    """A ViT's tensors under timm's names."""
    write(KINDS["ViT"][0], tmp_path / "plain")
    save_weights(loaded("ViT", tmp_path / "plain", head="keep")[0], tmp_path / "timm.pth", format="timm")
    return torch.load(tmp_path / "timm.pth")


def test_a_decoder_of_masked_images_is_left_out_and_named(timm_state, tmp_path):
    """As MAE's pre-training stores it, with the arguments of its script."""
    decoder = {
        "decoder_embed.weight": 1,
        "decoder_blocks.0.attn.qkv.weight": 2,
        "decoder_pos_embed": 3,
        "mask_token": 1,
    }
    body = {name: tensor for name, tensor in timm_state.items() if not name.startswith("head")}
    model = body | {name: torch.ones(size) for name, size in decoder.items()}
    torch.save({"model": model, "args": argparse.Namespace(lr=0.1)}, tmp_path / "mae.pth")
    _, report = loaded("ViT", tmp_path / "mae.pth")
    assert report.dropped == ["args", *decoder] and "the file has no head" in str(report)


def test_a_projection_head_with_batch_norms_is_left_out_and_named(timm_state, tmp_path):
    """As MoCo v3's base encoder has it; the encoder itself has no batch norm."""
    projection = {"head.0.weight": torch.ones(8, 32), "head.1.running_mean": torch.ones(8)}
    body = {name: tensor for name, tensor in timm_state.items() if not name.startswith("head")}
    state = {f"module.base_encoder.{name}": tensor for name, tensor in (body | projection).items()}
    torch.save({"state_dict": state, "epoch": 300}, tmp_path / "moco.pth")
    _, report = loaded("ViT", tmp_path / "moco.pth")
    assert report.dropped == ["epoch", *projection] and len(report.loaded) == 30
