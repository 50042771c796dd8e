"""Classes of one's own, named in YAML by class path: `model: my_model.MyViT@ViT-B/16` in experiments/ablations/my_model.py.

Their source is part of a run's id, so that a changed class makes new runs. Torch-free: files are found, not imported.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from vit import paths
from vit.errors import UserError, nearest


def sizes_of(model: str) -> str:
    """The paper's model whose sizes and recipe rows a model takes: what stands behind @, or the model itself."""
    return model.rpartition("@")[2]


def class_paths(config: dict) -> Iterator[str]:
    """Class paths in a run's config, this repository's among them."""
    model = config["model"]["init_args"]["model"].partition("@")[0]
    callbacks = config["trainer"].get("callbacks", ())
    yield from (config["model"]["class_path"], config["data"]["class_path"], model)
    yield from (callback["class_path"] for callback in callbacks)
    yield from (
        callback["init_args"]["data"]["class_path"] for callback in callbacks if "data" in callback["init_args"]
    )


def is_own(path: str) -> bool:
    """Is it a class path that is not this repository's?"""
    return "." in path and path.split(".")[0] not in ("vit", "data")


def source_of(path: str) -> Path:
    """The file of a class: beside the ablations, in this folder, or in an installed package. Errors: UserError."""
    module, beside = path.rpartition(".")[0].replace(".", "/"), paths.EXPERIMENTS / "ablations"
    for folder in (beside, paths.ROOT, *map(Path, sys.path)):
        for file in (folder / f"{module}.py", folder / module / "__init__.py"):
            if file.is_file():
                return file
    hint = nearest(module, [file.stem for file in beside.glob("*.py")])
    raise UserError(
        f"{path}: no file {module}.py in experiments/ablations, in this folder or in installed packages{hint}"
    )


def check_source(path: str, where: str) -> None:
    """UserError that begins with file and key for a class of one's own without a file."""
    try:
        if is_own(path):
            source_of(path)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def sources(config: dict) -> list[list[str]]:
    """[class path, sha256 of its file] of every class of one's own in a run's config."""
    return hashed(class_paths(config))


def hashed(paths: Iterable[str]) -> list[list[str]]:
    """[class path, sha256 of its file] of each of these class paths that is not this repository's."""
    return [[path, hashlib.sha256(source_of(path).read_bytes()).hexdigest()] for path in sorted(filter(is_own, paths))]
