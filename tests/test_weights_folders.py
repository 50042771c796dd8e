"""Folders as Hugging Face writes them: one file, or shards that an index lists."""

import json

import pytest
import torch
from reference.state_dicts import hugging_face
from safetensors.torch import save_file
from tiny_runs import FINETUNE, MODEL
from weight_kinds import KINDS, SIZES, loaded

from vit.errors import UserError
from vit.tasks import Finetune
from vit.weights import check_classes

STATE = hugging_face(KINDS["ViT"][0])
SHARDS = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
INDEX = "model.safetensors.index.json"


def sharded(folder, *, write=save_file, whole="model.safetensors", shards=SHARDS):
    """As save_pretrained writes a model that is larger than max_shard_size."""
    folder.mkdir()
    files = {name: shards[number % len(shards)] for number, name in enumerate(STATE)}
    for file in shards:
        write({name: STATE[name] for name in STATE if files[name] == file}, folder / file)
    content = {"metadata": {"total_size": 1}, "weight_map": files}
    (folder / f"{whole}.index.json").write_text(json.dumps(content))
    (folder / "config.json").write_text("{}")
    return files


def assert_whole(path, tmp_path):
    save_file(STATE, tmp_path / "alone.safetensors")
    expected = loaded("ViT", tmp_path / "alone.safetensors", head="keep")[0].state_dict()
    state = loaded("ViT", path, head="keep")[0].state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in state.items())


def test_a_sharded_folder_is_read_through_its_index(tmp_path):
    sharded(tmp_path / "vit")
    assert_whole(tmp_path / "vit", tmp_path)
    assert_whole(tmp_path / "vit" / INDEX, tmp_path)


def test_shards_of_torch_files(tmp_path):
    bins = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
    sharded(tmp_path / "vit", write=torch.save, whole="pytorch_model.bin", shards=bins)
    assert_whole(tmp_path / "vit", tmp_path)


def test_a_folder_of_one_file(tmp_path):
    (tmp_path / "vit").mkdir()
    save_file(STATE, tmp_path / "vit" / "model.safetensors")
    assert_whole(tmp_path / "vit", tmp_path)


@pytest.mark.parametrize("path", ["vit", f"vit/{INDEX}"])
def test_the_config_of_a_folder_is_that_in_it(tmp_path, path):
    sharded(tmp_path / "vit")
    (tmp_path / "vit" / "config.json").write_text(json.dumps({"hidden_size": SIZES["width"], "hidden_act": "relu"}))
    with pytest.raises(UserError, match=r"its config.json says activation 'relu'"):
        loaded("ViT", tmp_path / path)


def test_a_folder_states_no_classes_and_is_not_read_as_a_file(tmp_path):
    sharded(tmp_path / "vit")
    model, _ = loaded("ViT", tmp_path / "vit")
    check_classes(tmp_path / "vit", model, {"classes": "3 names"})


def without_a_shard(folder):
    (folder / SHARDS[1]).unlink()


def without_a_tensor(folder):
    save_file({"vit.embeddings.cls_token": torch.ones(1, 1, 32)}, folder / SHARDS[1])


def cut_shard(folder):
    (folder / SHARDS[1]).write_bytes((folder / SHARDS[1]).read_bytes()[:500])


WRONG = {  # what is wrong with a folder: the words that say it
    "a missing shard": (without_a_shard, rf"{INDEX}: {SHARDS[1]} is missing; download all files"),
    "a tensor elsewhere": (without_a_tensor, rf"{INDEX}: {SHARDS[1]} has no .*, which the index lists"),
    "a shard that is cut off": (cut_shard, rf"{SHARDS[1]}: damaged or cut off"),
    "an index of nonsense": (lambda folder: (folder / INDEX).write_text("{"), rf"{INDEX}: damaged"),
    "an index of nothing": (lambda folder: (folder / INDEX).write_text("{}"), rf"{INDEX}: damaged.*weight_map"),
    "an index that leads elsewhere": (
        lambda folder: (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "../alone.safetensors"}})),
        rf"{INDEX}: damaged",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_folder_is_said_with_the_name_of_the_file(case, tmp_path):
    change, words = WRONG[case]
    sharded(tmp_path / "vit")
    change(tmp_path / "vit")
    with pytest.raises(UserError, match=words):
        loaded("ViT", tmp_path / "vit")


def test_fine_tuning_starts_from_such_a_folder(tmp_path):
    """A folder of a run is another thing, and both are given as `init`."""
    sharded(tmp_path / "vit")
    options = dict(patch=8, gelu="erf", norm_eps=1e-12, **SIZES)
    model = MODEL | dict(options=options, num_classes=7, image_size=32)
    task = Finetune(**model, **FINETUNE | dict(init=str(tmp_path / "vit")), runs=str(tmp_path))
    task.setup("fit")
    stored = STATE["vit.embeddings.patch_embeddings.projection.weight"].flatten(1).float()
    assert torch.equal(task.model.state_dict()["embedding.weight"], stored)
