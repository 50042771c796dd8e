"""Folders of published weights as Hugging Face writes them: one file, or several with an index of what lies in which."""

import json
from pathlib import Path

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.file import few

WHOLE = ("model.safetensors", "pytorch_model.bin")
INDEX = ".index.json"  # appended to the name of the whole file


def is_published(folder):
    """Does the folder hold such weights?"""
    return any((folder / f"{name}{end}").is_file() for name in WHOLE for end in ("", INDEX))


def read_folder(folder, read):
    """What `read` gives of the one file of a folder, or of all that its index names, as of one file."""
    for name in WHOLE:
        if (folder / name).is_file():
            return read(folder / name)
        if (folder / f"{name}{INDEX}").is_file():
            return read_shards(folder / f"{name}{INDEX}", read)
    raise UserError(f"{name_of(folder)}: a folder without {' or '.join(WHOLE)}; expected these or the path of a file")


def read_shards(index, read):
    """The tensors that an index names, each from the file in which it says that it lies."""
    files = listed(index)
    shards = {file: read(shard_of(index, file))[0] for file in dict.fromkeys(files.values())}
    if missing := [name for name, file in files.items() if name not in shards[file]]:
        raise UserError(f"{name_of(index)}: {few(missing)} should lie in {files[missing[0]]}, which has no such tensor")
    return {name: shards[file][name] for name, file in files.items()}, {}, []


def listed(index):
    """{name of a tensor: name of its file}."""
    try:
        files = json.loads(index.read_text())["weight_map"]
        if not files or not all(isinstance(file, str) and Path(file).name == file for file in files.values()):
            raise ValueError("no names of files beside it")
        return files
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{name_of(index)}: damaged ({type(error).__name__}: {error}); expected a weight_map of tensors and files"
        ) from None


def shard_of(index, file):
    if not (index.parent / file).is_file():
        raise UserError(f"{name_of(index)}: {file}, which it names, is missing; download all files of the folder")
    return index.parent / file
