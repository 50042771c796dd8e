"""Folders of published weights as Hugging Face writes them: one file, or several and an index of the file of each tensor."""

import json
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.file import few

WHOLE = ("model.safetensors", "pytorch_model.bin")
INDEX = ".index.json"  # appended to the name of the whole file
Tensors = tuple[dict[str, Tensor], dict, list[str]]  # {name: tensor}, metadata, names of what is no tensor


def is_published(folder: Path) -> bool:
    """Does the folder hold such weights?"""
    return any((folder / f"{name}{end}").is_file() for name in WHOLE for end in ("", INDEX))


def read_folder(folder: Path, read: Callable[[Path], Tensors]) -> Tensors:
    """The folder's weights. read: reads one file."""
    for name in WHOLE:
        if (folder / name).is_file():
            return read(folder / name)
        if (folder / f"{name}{INDEX}").is_file():
            return read_shards(folder / f"{name}{INDEX}", read)
    raise UserError(f"{name_of(folder)}: a folder without {' or '.join(WHOLE)}; expected these or the path of a file")


def read_shards(index: Path, read: Callable[[Path], Tensors]) -> Tensors:
    """The tensors that an index lists, each from its file."""
    files = weight_map(index)
    shards = {file: read(shard_path(index, file))[0] for file in dict.fromkeys(files.values())}
    if missing := [name for name, file in files.items() if name not in shards[file]]:
        raise UserError(f"{name_of(index)}: {files[missing[0]]} has no {few(missing)}, which the index lists in it")
    return {name: shards[file][name] for name, file in files.items()}, {}, []


def weight_map(index: Path) -> dict[str, str]:
    """{name of a tensor: name of its file}. UserError unless all files are in the index's folder."""
    try:
        content = json.loads(index.read_text())
    except ValueError as error:
        raise UserError(f"{name_of(index)}: damaged ({error}); expected a weight_map of tensors and files") from None
    files = content.get("weight_map") if isinstance(content, dict) else None
    valid = isinstance(files, dict) and all(
        isinstance(name, str) and Path(name).name == name for name in files.values()
    )
    if not files or not valid:
        raise UserError(f"{name_of(index)}: damaged; expected a weight_map of tensors and files in the same folder")
    return files


def shard_path(index: Path, file: str) -> Path:
    if not (index.parent / file).is_file():
        raise UserError(f"{name_of(index)}: {file} is missing; download all files of the folder")
    return index.parent / file
