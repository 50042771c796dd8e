"""A file that does not fit gets one line: what it is, what was expected. The model stays as it was."""

import json
import pickle
import zipfile

import numpy as np
import pytest
import torch
from reference.state_dicts import hugging_face
from safetensors.torch import save_file
from weight_kinds import KINDS, SIZES, loaded, write

from vit.errors import UserError
from vit.models import create_model
from vit.weights import load_weights, save_weights

ARCHIVE, MODEL = KINDS["ViT"]


def changed(**values):
    """The archive with some arrays replaced, or without those that are None; '__' stands for '/'."""
    archive = ARCHIVE | {name.replace("__", "/"): value for name, value in values.items()}
    return {name: value for name, value in archive.items() if value is not None}


def npz(archive):
    return lambda path: write(archive, path)


def half(write_whole):
    def write_half(path):
        write_whole(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return write_half


def one_byte(path):
    """A changed byte in the middle, which the sums in the zip file notice."""
    write(ARCHIVE, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def zip_of_text(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "weights")


def with_metadata(text):
    return lambda path: save_file(MODEL().state_dict(), path, metadata={"create_model": text})


STATE = hugging_face(ARCHIVE)
DEEPER = {name.replace("block_1", "block_2"): value for name, value in ARCHIVE.items() if "block_1" in name}
FILES = {
    "a missing file": (lambda path: None, ["no such file", "expected .npz, safetensors or a torch file"]),
    "a folder": (lambda path: path.mkdir(), ["a folder without model.safetensors or pytorch_model.bin; expected"]),
    "an empty file": (lambda path: path.touch(), ["empty", "expected .npz, safetensors or a torch file"]),
    "a text": (lambda path: path.write_text("version https://git-lfs"), ["begins with 'version h'", "expected .npz"]),
    "other bytes": (lambda path: path.write_bytes(b"\x00\xff" * 20), ["unknown format", "expected .npz"]),
    "half an .npz": (half(npz(ARCHIVE)), ["damaged or cut off", "not a zip file"]),
    "a changed byte": (one_byte, ["damaged or cut off", "CRC"]),
    "half a safetensors file": (half(lambda path: save_file(STATE, path)), ["damaged or cut off"]),
    "half a torch file": (half(lambda path: torch.save(STATE, path)), ["damaged or cut off"]),
    "half an old torch file": (
        half(lambda path: torch.save(STATE, path, _use_new_zipfile_serialization=False)),
        ["damaged or cut off"],
    ),
    "a zip file of texts": (zip_of_text, ["a zip file, but not of arrays"]),
    "a pickle of code": (
        lambda path: path.write_bytes(pickle.dumps(print, protocol=2)),
        ["a pickle with other objects than tensors is not opened"],
    ),
    "a pickled model": (lambda path: torch.save(MODEL(), path), ["a pickle with other objects than tensors"]),
    "a torch file of a list": (lambda path: torch.save([torch.ones(2)], path), ["expected a state dict"]),
    "an .npz of objects": (npz({"cls": np.array([{}], dtype=object)}), ["damaged or cut off", "allow_pickle"]),
    "an .npz of words": (npz(changed(cls=np.array(["a"]))), ["damaged or cut off"]),
    "NaN": (npz(changed(cls=np.full((1, 1, 32), np.nan))), ["the authors' ViT archive", "cls holds NaN or infinity"]),
    "infinity": (npz(changed(head__bias=np.full(7, -np.inf))), ["head/bias holds NaN or infinity"]),
    "whole numbers": (npz(changed(cls=np.ones((1, 1, 32), int))), ["cls is int64, expected floating-point numbers"]),
    "unknown names": (npz({"a": np.ones(2), "b": np.ones(2)}), ["names such as a, b", "expected one of: big_vision's"]),
    "no names": (npz({}), ["a zip file, but not of arrays"]),
    "an unknown name": (npz(changed(extra=np.ones(2))), ["does not fit ViT-B/16, which has no extra"]),
    "a name missing": (npz(changed(cls=None)), ["does not fit ViT-B/16: cls is missing"]),
    "positions missing": (npz(changed(Transformer__posembed_input__pos_embedding=None)), ["pos_embedding is missing"]),
    "no square of positions": (
        npz(changed(Transformer__posembed_input__pos_embedding=np.ones((1, 12, 32)))),
        ["has 11 rows of patches, expected a square or 4 x 4"],
    ),
    "positions of another width": (
        npz(changed(Transformer__posembed_input__pos_embedding=np.ones((1, 17, 16)))),
        ["pos_embedding is 1 x 17 x 16, expected 1 x 17 x 32"],
    ),
    "positions of another rank": (
        npz(changed(Transformer__posembed_input__pos_embedding=np.ones((17, 32, 1)))),
        ["pos_embedding is 17 x 32 x 1, expected 1 x 17 x 32"],
    ),
    "another patch": (
        npz(changed(embedding__kernel=np.ones((16, 16, 3, 32)))),
        ["embedding/kernel is 16 x 16 x 3 x 32, expected 8 x 8 x 3 x 32"],
    ),
    "a transposed kernel": (
        npz(changed(Transformer__encoderblock_0__MlpBlock_3__Dense_0__kernel=np.ones((48, 32)))),
        ["Dense_0/kernel is 48 x 32, expected 32 x 48"],
    ),
    "a head without biases": (npz(changed(head__bias=None)), ["the file's head has no bias"]),
    "more blocks": (npz(ARCHIVE | DEEPER), ["does not fit ViT-B/16, which has no Transformer/encoderblock_2", "more"]),
    "fewer blocks": (
        npz({name: value for name, value in ARCHIVE.items() if "block_1" not in name}),
        ["Transformer/encoderblock_1/LayerNorm_0/scale", "and 13 more are missing"],
    ),
    "two spellings at once": (
        npz(ARCHIVE | {"Transformer/encoderblock_0/LayerNorm_1/scale": np.ones(32)}),
        ["duplicate parameters"],
    ),
    "a BiT": (npz(KINDS["BiT"][0]), ["big_transfer's BiT archive; expected weights of ViT-B/16, a ViT"]),
    "a hybrid": (npz(KINDS["hybrid"][0]), ["the authors' ViT archive", "embedding/kernel is 1 x 1 x 512 x 32"]),
    "an attention pool": (npz(KINDS["map"][0]), ["does not fit ViT-B/16: cls is missing"]),
    "metadata of nonsense": (with_metadata("{"), ["weights of this project; its metadata is damaged"]),
    "metadata of a list": (with_metadata("[1]"), ["its metadata states no arguments of create_model"]),
    "metadata of another model": (
        with_metadata(
            json.dumps({"name": "ViT-B/16", "image_size": 64, "num_classes": 7, "heads": 4, "width": 16, "depth": 1})
        ),
        ["do not fit its own metadata"],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_one_line_says_what_it_is_and_what_was_expected(case, tmp_path):
    write_it, words = FILES[case]
    path, model = tmp_path / "weights.npz", MODEL()
    write_it(path)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(UserError) as error:
        load_weights(model, path, head="keep")
    line = str(error.value)
    assert line.startswith(f"{path}: ") and "\n" not in line and len(line) < 600
    assert not [word for word in words if word not in line], line
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_vit_is_no_bit(tmp_path):
    write(ARCHIVE, tmp_path / "weights.npz")
    with pytest.raises(UserError, match="the authors' ViT archive; expected weights of ResNet50x1, a BiT ResNet"):
        loaded("BiT", tmp_path / "weights.npz")


def test_big_visions_first_resnet_is_no_bit(tmp_path):
    """bit.py has a norm on the shortcut; ours is bit_paper.py."""
    write(
        {"root_block/conv_root/kernel": np.ones((7, 7, 3, 32)), "block1/unit01/gn_proj/scale": np.ones(4)},
        tmp_path / "w",
    )
    with pytest.raises(UserError, match="big_vision's BiT archive; does not fit ResNet50x1"):
        loaded("BiT", tmp_path / "w")


@pytest.mark.parametrize("options", [dict(position="none"), dict(position_at="shared"), dict(position="relative")])
def test_positions_that_other_formats_do_not_know(options, tmp_path):
    model = create_model("ViT-B/16", image_size=32, patch=8, num_classes=7, **SIZES, **options)
    write(ARCHIVE, tmp_path / "weights.npz")
    with pytest.raises(UserError, match=r"the position embedding of .* exists only in weights of this project"):
        load_weights(model, tmp_path / "weights.npz")
    for format in ("timm", "official"):
        with pytest.raises(UserError, match=f"format '{format}' cannot store .*; save it as 'ours'"):
            save_weights(model, tmp_path / "saved", format=format)
    assert not (tmp_path / "saved").exists()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (dict(registers=2), "registers"),
        (dict(layer_scale=0.5), r"blocks\.0\.scale1, blocks\.0\.scale2, blocks\.1\.scale1 and 1 more"),
        (dict(qk_norm=True), r"blocks\.0\.attention\.query_norm\.weight"),
    ],
)
def test_parts_that_other_formats_do_not_name(options, name, tmp_path):
    model = create_model("ViT-B/16", image_size=32, patch=8, num_classes=7, **SIZES, **options)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    write(ARCHIVE, tmp_path / "weights.npz")
    with pytest.raises(UserError, match=f"it has no name for {name}.* of ViT-B/16; load weights of this project"):
        load_weights(model, tmp_path / "weights.npz")
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_a_norm_after_the_mean_starts_from_a_file_with_the_norm_before_and_the_report_says_so(tmp_path):
    sizes = dict(image_size=32, patch=8, num_classes=7, pool="gap", **SIZES)
    write(ARCHIVE, tmp_path / "weights.npz")
    save_weights(create_model("ViT-B/16", **sizes), tmp_path / "ours.safetensors")
    for file in ("weights.npz", "ours.safetensors"):
        report = load_weights(create_model("ViT-B/16", **sizes, pool_norm="after"), tmp_path / file)
        assert "made for pool_norm='before', the model has 'after'" in report.notes
        assert not any(
            "pool_norm" in note for note in load_weights(create_model("ViT-B/16", **sizes), tmp_path / file).notes
        )


def test_a_file_of_ours_without_registers_fits_no_model_with_them(tmp_path):
    sizes = dict(image_size=32, patch=8, num_classes=7, **SIZES)
    save_weights(create_model("ViT-B/16", **sizes), tmp_path / "weights.safetensors")
    with pytest.raises(UserError, match="registers is missing"):
        load_weights(create_model("ViT-B/16", **sizes, registers=2), tmp_path / "weights.safetensors")
