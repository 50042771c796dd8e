"""What load_weights does where file and model differ on purpose: heads, grids, class tokens. The report says each."""

import numpy as np
import pytest
import torch
from reference import archives, official
from tiny_runs import FINETUNE, MODEL
from weight_kinds import KINDS, SIZES, loaded, write

from vit.errors import UserError
from vit.models import create_model
from vit.tasks import Finetune
from vit.weights import load_weights, save_weights

TABLE = "Transformer/posembed_input/pos_embedding"


def vit(*, image_size=32, num_classes=7, **options):
    return create_model("ViT-B/16", image_size=image_size, patch=8, num_classes=num_classes, **SIZES, **options)


def archive(*, grid=(4, 4), **options):
    return archives.vit(grid=grid, patch=8, **{"classes": 7, **options}, **SIZES)


def load(model, content, folder, **arguments):
    write(content, folder / "weights.npz")
    return load_weights(model, folder / "weights.npz", **arguments)


HEADS = [  # the file's head, the model's, the choice, what becomes of it
    (dict(), dict(), "auto", "kept"),
    (dict(), dict(), "keep", "kept"),
    (dict(), dict(), "zero", "zeroed"),
    (dict(classes=9), dict(), "auto", "zeroed"),
    (dict(classes=9), dict(), "keep", "refused: the file's head has 9 classes, the model 7"),
    (dict(hidden=16), dict(head_hidden=16), "auto", "kept"),
    (dict(hidden=16), dict(head_hidden=16), "zero", "zeroed"),
    (dict(hidden=16), dict(), "auto", "zeroed"),
    (dict(hidden=16), dict(), "keep", "refused: the file's head has a hidden layer, unlike the model's"),
    (dict(), dict(head_hidden=16), "auto", "zeroed"),
    (dict(), dict(head_hidden=16), "keep", "refused: the file's head has no hidden layer, unlike the model's"),
    (dict(hidden=16), dict(head_hidden=24), "auto", "zeroed"),
    (dict(hidden=16), dict(head_hidden=24), "keep", "refused: the file's head has layers of another width"),
]


@pytest.mark.parametrize(("in_file", "in_model", "choice", "outcome"), HEADS)
def test_heads(in_file, in_model, choice, outcome, tmp_path):
    content, model = archive(**in_file), vit(**in_model)
    if outcome.startswith("refused"):
        with pytest.raises(UserError, match=outcome.removeprefix("refused: ")):
            load(model, content, tmp_path, head=choice)
        return
    report = load(model, content, tmp_path, head=choice)
    state = model.state_dict()
    assert model.head.out_features == 7
    if outcome == "kept":
        torch.testing.assert_close(state["head.weight"], torch.tensor(content["head/kernel"].T).float())
        assert not report.zeroed and not report.dropped and len(report.loaded) == len(state)
    else:
        assert not state["head.weight"].any() and not state["head.bias"].any() and "hidden.0.weight" not in state
        assert report.zeroed == ["head.weight", "head.bias"]
        dropped = {name for name in content if name.startswith(("head", "pre_logits"))}
        assert set(report.dropped) == dropped and "zeroed head.weight, head.bias" in str(report)


def test_an_unknown_choice_is_named():
    with pytest.raises(ValueError, match="unknown head 'kept', did you mean 'keep'"):
        load_weights(vit(), "anything", head="kept")


@pytest.mark.parametrize(
    ("pool", "old", "new"), [("token", 4, (48, 48)), ("token", 6, (32, 32)), ("gap", 4, (24, 40)), ("map", 3, (72, 16))]
)
def test_positions_of_another_grid_are_resized_as_the_authors_do(pool, old, new, tmp_path):
    content, model = archive(grid=(old, old), pool=pool), vit(image_size=new, pool=pool)
    report = load(model, content, tmp_path)
    grid = (new[0] // 8, new[1] // 8)
    expected = official.resize_positions(content[TABLE], (old, old), grid)
    np.testing.assert_allclose(model.state_dict()["position.tables.0.table"].numpy(), expected, rtol=0, atol=1e-6)
    assert report.resized == [f"{TABLE} from {old} x {old} to {grid[0]} x {grid[1]}"]
    assert report.resized[0] in str(report)


def test_hybrids_are_resized_by_the_grid_of_their_feature_map(tmp_path):
    write(KINDS["hybrid"][0], tmp_path / "weights")
    model = KINDS["hybrid"][1]().resize_to(80)
    report = load_weights(model, tmp_path / "weights", head="keep")
    assert report.resized == [f"{TABLE} from 2 x 2 to 5 x 5"]


def test_a_class_token_is_dropped_where_the_model_averages(tmp_path):
    content, model = archive(), vit(pool="gap")
    report = load(model, content, tmp_path)
    np.testing.assert_allclose(
        model.state_dict()["position.tables.0.table"].numpy(), content[TABLE][:, 1:].astype(np.float32)
    )
    assert report.dropped == ["cls", f"the class row of {TABLE}"]


def test_stored_sines_are_recognised_and_learned_tables_are_not_lost_in_silence(tmp_path):
    model = vit(position="sincos2d", gelu="erf")
    save_weights(model, tmp_path / "timm.pth", format="timm")
    state = torch.load(tmp_path / "timm.pth", weights_only=True)
    state["pos_embed"][:, 0] = 0.5  # what is added to the class token there is part of that token here
    torch.save(state, tmp_path / "timm.pth")
    report = load_weights(vit(image_size=48, position="sincos2d", gelu="erf"), tmp_path / "timm.pth")
    assert report.dropped == ["pos_embed, sines that the model computes itself"]
    load_weights(model, tmp_path / "timm.pth")
    assert (model.state_dict()["class_token"] == 0.5).all()
    with pytest.raises(UserError, match="a learned table, expected none or the sines of position='sincos2d'"):
        load(model, archive(), tmp_path)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ViT-B/16", dict(patch=8, position="2d", **SIZES)),
        ("ViT-B/16", dict(patch=8, position="relative", **SIZES)),
        ("ViT-B/16", dict(patch=8, position_at="every", **SIZES)),
        ("ViT-B/16", dict(patch=8, position="relative", registers=2, layer_scale=0.5, qk_norm=True, **SIZES)),
        ("Axial-ViT-B/16", dict(patch=8, **SIZES)),
        ("AxialResNet50", dict(units=(1, 1), width_factor=0.5)),
    ],
)
def test_our_own_files_are_resized_by_the_model_they_state(name, options, tmp_path):
    """Oblong grids and every kind of position: the file says for which images it was made."""
    small = create_model(name, image_size=(32, 48), num_classes=7, **options)
    save_weights(small, tmp_path / "weights")
    large = create_model(name, image_size=(48, 64), num_classes=7, **options)
    report = load_weights(large, tmp_path / "weights", head="keep")
    expected = small.resize_to((48, 64)).state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in large.state_dict().items())
    assert report.resized and "from images of [32, 48] to images of (48, 64)" in report.resized[0]


def test_what_shapes_do_not_show_is_compared(tmp_path):
    save_weights(vit(), tmp_path / "weights")
    assert "made for gelu='tanh', the model has 'erf'" in load_weights(vit(gelu="erf"), tmp_path / "weights").notes
    other = create_model("ViT-B/16", image_size=32, patch=8, num_classes=7, **SIZES | {"heads": 2})
    with pytest.raises(UserError, match="has heads=4, expected 2"):
        load_weights(other, tmp_path / "weights")


def test_fine_tuning_starts_from_any_file_of_weights(tmp_path):
    """Its head becomes zeros, its positions fit the new size (Section 3.2)."""
    write(KINDS["ViT with a hidden layer"][0], tmp_path / "official")
    task = Finetune(
        **MODEL | dict(options=dict(patch=8, **SIZES), num_classes=7, image_size=48, dropout=0.1),
        **FINETUNE | dict(init=str(tmp_path / "official")), runs=str(tmp_path),
    )  # fmt: skip
    task.setup("fit")
    expected = vit(image_size=48)
    load_weights(expected, tmp_path / "official", head="zero")
    state = task.model.state_dict()
    assert all(torch.equal(value, expected.state_dict()[name]) for name, value in state.items())
    assert state["position.tables.0.table"].shape == (1, 37, 32) and not state["head.weight"].any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_model_keeps_its_own_type(dtype, tmp_path):
    model = vit().to(dtype)
    load(model, archive(), tmp_path, head="zero")
    assert {value.dtype for value in model.state_dict().values()} == {dtype}


def test_a_report_reads_as_a_sentence(tmp_path):
    write(KINDS["ViT"][0], tmp_path / "weights.npz")
    _, report = loaded("ViT", tmp_path / "weights.npz", head="zero")
    assert str(report) == (
        "weights.npz (the authors' ViT archive): loaded 30 parameters; dropped head/kernel, head/bias; "
        "zeroed head.weight, head.bias; assumed (not stated by the file): gelu='tanh', norm_eps=1e-06, "
        "positions on a grid of 4 x 4, images in [-1, 1] (mean and std 0.5)"
    )
