"""open_checkpoint finds out by itself which model a checkpoint is of."""

import json

import pytest
import torch
from reference.state_dicts import hugging_face, hugging_face_bit
from safetensors.torch import save_file
from weight_kinds import KINDS, loaded, write

from vit.errors import UserError
from vit.models import create_model
from vit.weights import open_checkpoint, save_weights


def assert_same(opened, model, size=32):
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    assert opened.model.state_dict().keys() == model.state_dict().keys()
    with torch.no_grad():
        assert torch.allclose(opened.model.eval()(x), model.eval()(x), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_authors_archives_show_every_size(kind, tmp_path):
    write(KINDS[kind][0], tmp_path / "weights.npz")
    opened = open_checkpoint(str(tmp_path / "weights.npz"))
    assert_same(opened, loaded(kind, tmp_path / "weights.npz", head="keep")[0])
    assert opened.name == "weights" and opened.images is None


@pytest.mark.parametrize("kind", ["ViT", "hybrid", "map"])
def test_a_config_beside_a_file_of_timm_states_the_heads(kind, tmp_path):
    write(KINDS[kind][0], tmp_path / "weights.npz")
    model = loaded(kind, tmp_path / "weights.npz", head="keep")[0]
    save_weights(model, tmp_path / "model.safetensors", format="timm")
    config = {"architecture": "vit", "model_args": {"num_heads": 4, "act_layer": "gelu_tanh"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert_same(open_checkpoint(str(tmp_path / "model.safetensors")), model)


def test_a_folder_of_hugging_face(tmp_path):
    write(KINDS["ViT"][0], tmp_path / "weights.npz")
    save_file(hugging_face(KINDS["ViT"][0]), tmp_path / "model.safetensors")
    config = {"hidden_size": 32, "num_attention_heads": 4, "hidden_act": "gelu_new", "layer_norm_eps": 1e-6}
    (tmp_path / "config.json").write_text(json.dumps(config | {"image_size": 32, "patch_size": 8}))
    opened = open_checkpoint(str(tmp_path))
    assert_same(opened, loaded("ViT", tmp_path / "weights.npz", head="keep")[0])
    assert opened.name == tmp_path.name


def test_a_bit_of_hugging_face(tmp_path):
    write(KINDS["BiT"][0], tmp_path / "weights.npz")
    save_file(hugging_face_bit(KINDS["BiT"][0]), tmp_path / "bit.safetensors")
    opened = open_checkpoint(str(tmp_path / "bit.safetensors"))
    assert_same(opened, loaded("BiT", tmp_path / "weights.npz", head="keep")[0])


def test_sizes_of_table_1_have_their_name_and_its_heads(tmp_path):
    model = create_model("ViT-Ti/16", image_size=64, num_classes=3)
    save_weights(model, tmp_path / "tiny.pth", format="timm")
    opened = open_checkpoint(str(tmp_path / "tiny.pth"))
    assert opened.model.made_with["name"] == "ViT-Ti/16" and opened.model.made_with["image_size"] == 64
    assert "heads=3" in opened.report and "gelu='erf'" in opened.report  # as assumptions


def test_our_files_state_their_model_and_its_images(tmp_path):
    model = create_model("ViT-B/16", image_size=(16, 24), num_classes=3, patch=8, width=16, depth=1, heads=2, mlp=16)
    torch.nn.init.normal_(model.head.weight)
    save_weights(model, tmp_path / "ours.safetensors", images={"evaluation": "resize"})
    opened = open_checkpoint(str(tmp_path / "ours.safetensors"))
    assert opened.images == {"evaluation": "resize"}
    assert torch.equal(opened.model.head.weight, model.head.weight)


def test_a_run_is_found_by_its_folder_and_by_its_id(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    model = create_model("ViT-B/16", image_size=16, num_classes=3, patch=8, width=16, depth=1, heads=2, mlp=16)
    run = tmp_path / "mini" / "runs" / "finetune-x-0123456789"
    save_weights(model, run / "weights.safetensors")
    for checkpoint in (str(run), run.name):
        opened = open_checkpoint(checkpoint)
        assert opened.name == run.name
        assert torch.equal(opened.model.embedding.weight, model.embedding.weight)


def test_what_cannot_be_opened_is_told_in_a_line(tmp_path):
    sizes = dict(patch=8, width=16, depth=1, heads=2, mlp=16)
    save_weights(create_model("ViT-B/16", image_size=16, num_classes=3, **sizes), tmp_path / "timm.pth", format="timm")
    torch.save(create_model("ViT-B/16", image_size=16, num_classes=3, **sizes).state_dict(), tmp_path / "ours.pt")
    (tmp_path / "unfinished").mkdir()
    wide = create_model("ViT-B/16", image_size=(8, 16), num_classes=3, **sizes)
    save_weights(wide, tmp_path / "wide.npz", format="official")
    for checkpoint, message in {
        "timm.pth": "depth 1, width 16, mlp 16, whose number of heads is unknown; put the config.json",
        "ours.pt": "does not say which model it is of",
        "wide.npz": "2 positions of patches, no square",
        "absent": "no such checkpoint; expected a file of weights",
        "unfinished": "no run that has weights",
    }.items():
        with pytest.raises(UserError, match=message) as error:
            open_checkpoint(str(tmp_path / checkpoint))
        assert checkpoint in str(error.value) and "\n" not in str(error.value)
