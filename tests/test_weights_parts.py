"""A model inside a bigger file: a prefix that its names share, another model or other things beside it."""

import argparse
import re

import numpy as np
import pytest
import torch
from lightning import Trainer
from tiny_runs import FINETUNE, MODEL, loader
from weight_kinds import KINDS, loaded, write

from vit.errors import UserError
from vit.models import create_model
from vit.tasks import Finetune
from vit.weights import load_weights, save_weights


@pytest.fixture
def timm_state(tmp_path):
    """A function that gives a ViT's tensors under timm's names; `scale` makes it another model."""

    def state(kind="ViT", scale=1.0):
        write(KINDS[kind][0], tmp_path / "plain")
        save_weights(loaded(kind, tmp_path / "plain", head="keep")[0], tmp_path / "timm.pth", format="timm")
        return {name: scale * tensor for name, tensor in torch.load(tmp_path / "timm.pth").items()}

    return state


def under(prefix, state):
    return {prefix + name: tensor for name, tensor in state.items()}


def embedding(model):
    return model.state_dict()["embedding.weight"]


PREFIXES = ["model.", "module.", "backbone.", "_orig_mod.", "module.base_encoder.", "net.model._orig_mod.", "vit."]


@pytest.mark.parametrize("kind", ["ViT", "hybrid", "BiT"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_that_all_names_share_is_left_out_and_the_report_says_so(prefix, kind, timm_state, tmp_path):
    torch.save(under(prefix, timm_state(kind)), tmp_path / "file.pth")
    model, report = loaded(kind, tmp_path / "file.pth", head="keep")
    expected = loaded(kind, tmp_path / "plain", head="keep")[0].state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.state_dict().items())
    assert len(report.loaded) == len(expected) and not report.dropped
    bare = re.sub(r"_orig_mod\.", "", prefix)
    assert not bare or f"the prefix '{bare}' of its names was removed" in str(report)


def test_wrappers_of_compiled_and_sharded_parts_are_left_out_wherever_they_are(timm_state, tmp_path):
    state = {name.replace("blocks.0.", "blocks.0._orig_mod."): tensor for name, tensor in timm_state().items()}
    torch.save(state, tmp_path / "file.pth")
    assert len(loaded("ViT", tmp_path / "file.pth", head="keep")[1].loaded) == 32


def test_our_own_lightning_checkpoints_are_weights(tmp_path):
    torch.manual_seed(0)
    task = Finetune(**MODEL, **FINETUNE | dict(polyak=0.5))
    quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer = Trainer(accelerator="cpu", max_steps=5, limit_val_batches=0, **quiet)
    trainer.fit(task, loader(1, torch.float32))
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    stated = {key: MODEL[key] for key in ("num_classes", "image_size")}
    again = create_model(MODEL["model"], **stated, **MODEL["options"])
    report = load_weights(again, tmp_path / "last.ckpt", head="keep")
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in task.model.state_dict().items())
    assert {"epoch", "optimizer_states", "state_dict.polyak"} <= set(report.dropped)
    assert "the prefix 'state_dict.model.' of its names was removed" in str(report)


def test_what_lies_beside_a_model_is_named_by_what_tells_it_from_the_model(timm_state, tmp_path):
    """A linear probe beside a frozen backbone, numbers beside tensors, the arguments of a script."""
    state = under("backbone.", timm_state()) | {"probe.weight": torch.ones(3, 32), "probe.bias": torch.ones(3)}
    content = {"model": state, "epoch": 3, "args": argparse.Namespace(lr=0.1), "optimizer": {"state": {0: {}}}}
    torch.save(content, tmp_path / "file.pth")
    _, report = loaded("ViT", tmp_path / "file.pth", head="keep")
    assert report.dropped == ["model.probe", "epoch", "args", "optimizer"]


PAIRS = {  # how a project stores two models: the one that is taken, the other
    "DINO": (lambda a, b: {"teacher": under("backbone.", a), "student": under("module.backbone.", b)}, "student"),
    "timm": (lambda a, b: {"state_dict": b, "state_dict_ema": a, "arch": "vit"}, "state_dict"),
    "DeiT": (lambda a, b: {"model": b, "model_ema": a}, "model"),
    "MoCo v3": (
        lambda a, b: {"state_dict": under("module.momentum_encoder.", b) | under("module.base_encoder.", a)},
        "momentum_encoder",
    ),
    "one dictionary": (lambda a, b: under("student.", b) | under("teacher.", a), "student"),
    "Lightning's average": (
        lambda a, b: {"state_dict": under("model.", a), "current_model_state": under("model.", b)},
        "current_model_state",
    ),
}


@pytest.mark.parametrize("project", PAIRS)
def test_of_two_models_the_one_that_its_project_evaluates_is_taken_and_the_other_can_be(project, timm_state, tmp_path):
    combined, other = PAIRS[project]
    torch.save(combined(timm_state(), timm_state(scale=2.0)), tmp_path / "file.pth")
    taken, report = loaded("ViT", tmp_path / "file.pth", head="keep")
    assert "it holds 2 models" in str(report) and "was loaded" in str(report)
    asked, _ = loaded("ViT", tmp_path / "file.pth", head="keep", entry=other)
    assert torch.equal(2 * embedding(taken), embedding(asked)) and embedding(taken).any()
    assert torch.equal(embedding(taken), embedding(loaded("ViT", tmp_path / "plain")[0]))


def test_two_models_of_no_known_pair_are_refused_with_both_names_and_the_way_to_choose(timm_state, tmp_path):
    torch.save(under("left.", timm_state()) | under("right.", timm_state(scale=2.0)), tmp_path / "file.pth")
    with pytest.raises(
        UserError, match=r"it holds 2 models, left, right; select one: load_weights\(\.\.\., entry=NAME"
    ):
        loaded("ViT", tmp_path / "file.pth")
    with pytest.raises(UserError, match="entry='up' is none of its models: left, right"):
        loaded("ViT", tmp_path / "file.pth", entry="up")
    left, right = (embedding(loaded("ViT", tmp_path / "file.pth", entry=side)[0]) for side in ("left", "right"))
    assert torch.equal(2 * left, right)


def test_a_model_inside_another_is_one_of_two(timm_state, tmp_path):
    """A model that holds its own average."""
    torch.save(timm_state() | under("average.", timm_state(scale=2.0)), tmp_path / "file.pth")
    with pytest.raises(UserError, match="it holds 2 models, outer, average; select one"):
        loaded("ViT", tmp_path / "file.pth")
    outer, inner = (loaded("ViT", tmp_path / "file.pth", head="keep", entry=name)[0] for name in ("outer", "average"))
    assert torch.equal(2 * embedding(outer), embedding(inner))


def test_parameters_with_and_without_a_wrapper_are_refused(timm_state, tmp_path):
    torch.save(timm_state() | under("_orig_mod.", timm_state(scale=2.0)), tmp_path / "file.pth")
    with pytest.raises(UserError, match=r"duplicate parameters: .* wrapper"):
        loaded("ViT", tmp_path / "file.pth")


def test_a_predictor_of_the_same_blocks_is_no_second_model(timm_state, tmp_path):
    """I-JEPA and the like: it has no patch embedding."""
    blocks = {name: tensor for name, tensor in timm_state().items() if name.startswith("blocks")}
    torch.save({"encoder": timm_state(), "predictor": blocks}, tmp_path / "file.pth")
    assert loaded("ViT", tmp_path / "file.pth", head="keep")[1].dropped == ["predictor"]


OBJECTS = {  # what lies beside the weights: the words that name it
    "a model": (lambda: torch.nn.Linear(2, 2), "it holds torch.nn.modules.linear.Linear"),
    "an array": (lambda: np.ones(2), r"it holds numpy\._core\.multiarray\._reconstruct"),
}


@pytest.mark.parametrize("old", [False, True], ids=["zip", "before zip"])
@pytest.mark.parametrize("case", OBJECTS)
def test_a_pickle_with_other_objects_names_them_and_the_way_to_save_weights_alone(case, old, timm_state, tmp_path):
    make, words = OBJECTS[case]
    content = {"state_dict": timm_state(), "best": make()}
    torch.save(content, tmp_path / "file.pth", _use_new_zipfile_serialization=not old)
    with pytest.raises(UserError, match=words) as error:
        loaded("ViT", tmp_path / "file.pth")
    assert "save the weights alone: torch.save(model.state_dict(), FILE)" in str(error.value)


def test_a_torchscript_archive_is_named_as_what_it_is(tmp_path):
    torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)).save(tmp_path / "weights.safetensors")
    with pytest.raises(UserError, match=r"a TorchScript archive.* torch.save\(torch.jit.load\(FILE\).state_dict"):
        loaded("ViT", tmp_path / "weights.safetensors")


def test_an_archive_of_an_exported_program_is_named_as_what_it_is(tmp_path):
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),)), tmp_path / "model.pt2")
    with pytest.raises(
        UserError, match=r"an archive of torch.export.* torch.save\(torch.export.load\(FILE\).state_dict"
    ):
        loaded("ViT", tmp_path / "model.pt2")
