"""Every public way to store the same parameters gives the same model, whatever the file is called."""

import re

import numpy as np
import pytest
import torch
from reference.state_dicts import hugging_face, hugging_face_bit
from safetensors.torch import save_file
from weight_kinds import KINDS, loaded, write

from vit.weights import save_weights


@pytest.fixture
def expected(tmp_path):
    """The state of a model of a kind from the archive as it is."""

    def state(kind):
        write(KINDS[kind][0], tmp_path / "plain")
        return loaded(kind, tmp_path / "plain", head="keep")[0].state_dict()

    return state


def assert_equal(state, other):
    assert state.keys() == other.keys()
    for name in state:
        assert torch.equal(state[name], other[name]), name


def renamed(*changes):
    """An archive with names changed by regular expressions."""

    def change(archive):
        for pattern, replacement in changes:
            archive = {re.sub(pattern, replacement, name): value for name, value in archive.items()}
        return archive

    return change


def flat_norms(archive):
    return {name: value.ravel() if "/gn" in f"/{name}" else value for name, value in archive.items()}


def stacked(archive):
    """scan=True: all blocks in one, with a leading axis."""
    names = {re.sub(r"encoderblock_\d+", "encoderblock_{}", name) for name in archive}
    depth = 1 + max(int(number) for name in archive for number in re.findall(r"encoderblock_(\d+)", name))
    return {
        name.replace("_{}", ""): np.stack([archive[name.format(block)] for block in range(depth)])
        if "{}" in name
        else archive[name]
        for name in names
    }


def with_moments(archive):
    moments = {f"opt/state/param_states/{name}/grad_ema": value for name, value in archive.items()}
    return renamed(("^", "opt/target/"))(archive) | moments


def with_text(archive):
    return renamed(("^", "params/img/"))(archive) | {"params/txt/head/kernel": np.ones(3), "params/t": np.ones(1)}


FLAX_NUMBERS = (
    (r"(encoderblock_\d+)/LayerNorm_2", r"\1/LayerNorm_1"),
    (r"(encoderblock_\d+)/MultiHeadDotProductAttention_1", r"\1/MultiHeadDotProductAttention_0"),
    (r"(encoderblock_\d+)/MlpBlock_3", r"\1/MlpBlock_0"),
)
TOP_POSITIONS = (r"Transformer/posembed_input/pos_embedding", "pos_embedding")
BIG_VISION_BIT = (
    (r"^resnet/", ""),
    (r"root_block/standardized_conv2d", "root_block/conv_root"),
    (r"a/proj/standardized_conv2d", "conv_proj"),
    *((f"/{part}/standardized_conv2d", f"/conv{i}") for i, part in enumerate("abc", 1)),
    *((f"/{part}/group_norm", f"/gn{i}") for i, part in enumerate("abc", 1)),
    (r"^group_norm", "norm-pre-head"),
    (r"head/conv2d", "head"),
    (r"gamma$", "scale"),
    (r"beta$", "bias"),
)
SPELLINGS = {
    "numbers of later flax": ("ViT", renamed(*FLAX_NUMBERS)),
    "params/": ("ViT", renamed(("^", "params/"))),
    "saved with an optimizer": ("ViT with a hidden layer", with_moments),
    "GroupNorm values without leading ones": ("hybrid", flat_norms),
    "a hybrid, later flax, params/": ("hybrid", renamed(*FLAX_NUMBERS, ("^", "params/"))),
    "big_vision, attention pool": ("map", renamed(*FLAX_NUMBERS, TOP_POSITIONS)),
    "big_vision, blocks in one": ("map", lambda archive: stacked(renamed(*FLAX_NUMBERS, TOP_POSITIONS)(archive))),
    "big_vision, beside a text tower": (
        "map",
        lambda archive: with_text(renamed(*FLAX_NUMBERS, TOP_POSITIONS)(archive)),
    ),
    "BiT with numbered scopes": ("BiT", renamed(("standardized_conv2d", "standardized_conv2d_7"))),
    "BiT of big_vision": ("BiT", renamed(*BIG_VISION_BIT)),
    "BiT of big_vision, norms with leading ones": (
        "BiT",
        lambda archive: {
            name: value[None, None, None] if "gn" in name else value
            for name, value in renamed(*BIG_VISION_BIT)(archive).items()
        },
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_the_authors_archives(spelling, expected, tmp_path):
    kind, change = SPELLINGS[spelling]
    write(change(KINDS[kind][0]), tmp_path / "weights.pth")
    model, report = loaded(kind, tmp_path / "weights.pth", head="keep")
    assert_equal(model.state_dict(), expected(kind))
    assert len(report.loaded) == len(model.state_dict()) and not (report.resized or report.zeroed)


def test_an_optimizer_and_a_text_tower_are_dropped_and_named(tmp_path):
    write(with_moments(KINDS["ViT"][0]), tmp_path / "sam.npz")
    report = loaded("ViT", tmp_path / "sam.npz")[1]
    assert "opt/state/param_states/cls/grad_ema" in report.dropped and "dropped opt/state" in str(report)
    write(with_text(KINDS["map"][0]), tmp_path / "siglip.npz")
    assert loaded("map", tmp_path / "siglip.npz")[1].dropped == ["params/txt/head/kernel", "params/t"]


def test_bfloat16_which_numpy_gives_back_as_two_bytes(expected, tmp_path):
    archive = {name: torch.tensor(value).bfloat16() for name, value in KINDS["ViT"][0].items()}
    write({name: value.view(torch.int16).numpy().view("V2") for name, value in archive.items()}, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        assert file["cls"].dtype == np.dtype("V2")
    model, _ = loaded("ViT", tmp_path / "w.npz", head="keep")
    assert_equal(model.state_dict(), {name: value.bfloat16().float() for name, value in expected("ViT").items()})


def test_positions_without_a_class_row_are_those_with_a_row_of_zeros(tmp_path):
    """big_vision's own conversion of old files: row 0 is added to cls and removed. The model is the same."""
    archive = dict(KINDS["ViT"][0])
    write(archive, tmp_path / "old.npz")
    table = archive.pop("Transformer/posembed_input/pos_embedding")
    write(archive | {"pos_embedding": table[:, 1:], "cls": archive["cls"] + table[:, :1]}, tmp_path / "new.npz")
    old, new = loaded("ViT", tmp_path / "old.npz")[0], loaded("ViT", tmp_path / "new.npz")[0]
    assert not new.state_dict()["position.tables.0.table"][:, 0].any()
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(old(images), new(images), rtol=0, atol=1e-5)


TIMM_FILES = {
    "safetensors": lambda state, path: save_file(state, path),
    "a torch file": lambda state, path: torch.save(state, path),
    "an old torch file": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "a training checkpoint": lambda state, path: torch.save({"epoch": 3, "state_dict": state}, path),
}


@pytest.mark.parametrize("container", TIMM_FILES)
@pytest.mark.parametrize("kind", ["ViT", "map", "hybrid", "BiT"])
def test_timm(kind, container, expected, tmp_path):
    model, state = KINDS[kind][1](), expected(kind)
    model.load_state_dict(state)
    save_weights(model, tmp_path / "timm.pth", format="timm")
    TIMM_FILES[container](torch.load(tmp_path / "timm.pth", weights_only=True), tmp_path / "file")
    model, report = loaded(kind, tmp_path / "file", head="keep")
    assert_equal(model.state_dict(), state)
    assert "timm" in report.source


@pytest.mark.parametrize("length", [0x80 + 0x2000, 0x4B50], ids=["like a pickle", "like a zip file"])
def test_a_safetensors_file_may_begin_like_another(length, expected, tmp_path):
    """Its first bytes are the length of its header, which is padded with spaces."""
    save_file(hugging_face(KINDS["ViT"][0]), tmp_path / "plain")
    content = (tmp_path / "plain").read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = content[8:end].ljust(length)
    (tmp_path / "padded").write_bytes(len(header).to_bytes(8, "little") + header + content[end:])
    assert_equal(loaded("ViT", tmp_path / "padded", head="keep")[0].state_dict(), expected("ViT"))


def test_timm_files_without_a_head(expected, tmp_path):
    """orig_in21k has none; a model with a hidden layer loses that too, as timm's file has nothing for it."""
    model = KINDS["ViT"][1]()
    save_weights(model, tmp_path / "timm.pth", format="timm")
    state = torch.load(tmp_path / "timm.pth", weights_only=True)
    torch.save({name: value for name, value in state.items() if not name.startswith("head")}, tmp_path / "timm.pth")
    for kind in ("ViT", "ViT with a hidden layer"):
        model, report = loaded(kind, tmp_path / "timm.pth")
        assert "the file has no head" in report.notes and report.zeroed == ["head.weight", "head.bias"]
        assert model.state_dict().keys() == expected("ViT").keys()


def test_old_timm_files_had_the_hidden_layer(expected, tmp_path):
    state = expected("ViT with a hidden layer")
    body = {name: value for name, value in state.items() if not name.startswith("hidden")}
    plain = KINDS["ViT"][1]()
    plain.load_state_dict(body)
    save_weights(plain, tmp_path / "timm.bin", format="timm")
    timm = torch.load(tmp_path / "timm.bin", weights_only=True)
    hidden = {f"pre_logits.fc.{kind}": state[f"hidden.0.{kind}"] for kind in ("weight", "bias")}
    torch.save(timm | hidden, tmp_path / "timm.bin")
    assert_equal(loaded("ViT with a hidden layer", tmp_path / "timm.bin", head="keep")[0].state_dict(), state)


@pytest.mark.parametrize("new", [False, True], ids=["stored names", "names in memory"])
@pytest.mark.parametrize("write_it", [save_file, torch.save], ids=["safetensors", "bin"])
def test_hugging_face(new, write_it, expected, tmp_path):
    state = hugging_face(KINDS["ViT"][0], new=new)
    write_it(state, tmp_path / "model")
    model, report = loaded("ViT", tmp_path / "model", head="keep")
    assert_equal(model.state_dict(), expected("ViT"))
    assert "made for gelu='erf', the model has 'tanh'; made for norm_eps=1e-12, the model has 1e-06" in str(report)


def test_hugging_faces_vit_model_has_no_prefix_a_pooler_and_no_head(expected, tmp_path):
    state = hugging_face(KINDS["ViT with a hidden layer"][0])
    state = {name.removeprefix("vit."): value for name, value in state.items() if "classifier" not in name}
    save_file(state, tmp_path / "model")
    model, report = loaded("ViT with a hidden layer", tmp_path / "model")
    wanted = expected("ViT with a hidden layer")
    zero = {name: torch.zeros_like(value) for name, value in wanted.items() if name.startswith("head.")}
    assert_equal(model.state_dict(), wanted | zero)
    assert report.zeroed == ["head.weight", "head.bias"] and "the file has no head" in str(report)
    model, report = loaded("ViT", tmp_path / "model")
    assert report.dropped == ["pooler.dense.weight", "pooler.dense.bias"]


def test_published_files_may_have_a_head_of_zeros(tmp_path):
    archive = KINDS["ViT with a hidden layer"][0]
    write(archive | {name: 0 * archive[name] for name in ("head/kernel", "head/bias")}, tmp_path / "w.npz")
    report = loaded("ViT with a hidden layer", tmp_path / "w.npz")[1]
    assert "the file's head is all zeros" in str(report)


def test_hugging_faces_bit(expected, tmp_path):
    """Names and shapes are those that transformers 5.24 wrote for its model, whose logits were these to 5e-7."""
    save_file(hugging_face_bit(KINDS["BiT"][0]), tmp_path / "model")
    model, report = loaded("BiT", tmp_path / "model", head="keep")
    assert_equal(model.state_dict(), expected("BiT"))
    assert str(report).startswith("model (a Hugging Face BiT state dict): loaded 34 parameters; assumed")


def test_hugging_faces_bit_model_has_no_prefix_and_no_head(expected, tmp_path):
    state = hugging_face_bit(KINDS["BiT"][0])
    save_file({n.removeprefix("bit."): t for n, t in state.items() if "classifier" not in n}, tmp_path / "model")
    model, report = loaded("BiT", tmp_path / "model")
    assert torch.equal(model.state_dict()["norm.bias"], expected("BiT")["norm.bias"])
    assert "the file has no head" in str(report) and report.zeroed == ["head.weight", "head.bias"]
