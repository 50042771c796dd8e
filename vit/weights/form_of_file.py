"""The model that a file of another project is of: sizes from the shapes of its tensors, the rest from a config.json beside it.

D width, C channels, p side of a patch, N patches, H heads.
"""

import math
from collections.abc import Iterator, Mapping

from torch import Tensor

from vit.models.hybrid import HYBRIDS
from vit.models.resnet import RESNETS
from vit.models.vit import SIZES
from vit.weights.file import File
from vit.weights.position_tables import TABLE, TOKEN

OPTIONS = ("gelu", "norm_eps")  # of a ViT, that no shape shows; each layout has a value for both
BLOCK, UNIT, STEM_UNIT = (f"{module}.norm1.weight" for module in ("blocks.{}", "stages.{}.{}", "stem.stages.{}.{}"))


def form_of_file(file: File) -> dict:
    """Arguments of create_model but for the head. UserError for what neither shapes nor a config.json tell."""
    if file.layout.kinds == ("BiT ResNet",):
        return resnet(file)
    form = vit(file)
    stem = stored(file, "stem.root.weight")
    if stem is not None:
        units = units_of(file, STEM_UNIT)
        form |= {"units": units, "stem_width": len(stem) / 64}
    channels = 3 if stem is None else len(stem) * (4 * 2 ** (len(units) - 1) if units else 1)
    stride = 1 if stem is None else 4 * 2 ** max(len(units) - 1, 0)
    form["patch"] = math.isqrt(stored(file, "embedding.weight").shape[1] // channels)
    return {**named(form, stem is not None), **image_size(file, stride * form["patch"]), **options(file)}


def resnet(file: File) -> dict:
    form = {"units": units_of(file, UNIT), "width_factor": len(stored(file, "root.weight")) / 64}
    return {**matched(form, RESNETS), "root_padding": file.layout.numerics["root_padding"]}


def vit(file: File) -> dict:
    """The encoder's sizes."""
    embedding, hidden = (stored(file, f"{name}.weight") for name in ("embedding", "blocks.0.mlp.dense1"))
    if embedding is None or hidden is None:
        raise file.error(
            "it has no patch embedding or no MLP in its first block, so the sizes of its model are unknown"
        )
    width, mlp = len(embedding), len(hidden)
    sizes = {"depth": len(list(counted(file, BLOCK))), "width": width, "mlp": mlp}
    return sizes | {"heads": heads(file, sizes)}


def heads(file: File, sizes: Mapping[str, int]) -> int:
    """H as the tensors show it or a config.json states it, else that of the model of Table 1 with these sizes."""
    query = file.tensors[file.name("blocks.0.attention.qkv.weight")]
    if "heads" in file.layout.shown and query.ndim == 3:
        return query.shape[1]  # (D, H, D / H)
    if "heads" in file.stated:
        return file.stated["heads"]
    for known in SIZES.values():
        if known.items() >= sizes.items():
            return known["heads"]
    described = ", ".join(f"{name} {size}" for name, size in sizes.items())
    raise file.error(
        f"a model of {described}, whose number of heads is unknown; put the config.json that came with it beside it"
    )


def options(file: File) -> dict:
    """Pool, positions, and the numbers that the model computes with."""
    token, probe, table = (stored(file, name) is not None for name in (TOKEN, "pool.probe", TABLE))
    pool = "token" if token else "map" if probe else "gap"
    known = {**file.layout.numerics, **file.stated}
    return {"pool": pool, "position": "1d" if table else "sincos2d", **{name: known[name] for name in OPTIONS}}


def image_size(file: File, patch_pixels: int) -> dict:
    """What a config.json states, else whole patches on the square that the position table is for."""
    table = stored(file, TABLE)
    if "image_size" in file.stated:
        height, width = file.stated["image_size"]
        return {"image_size": height if height == width else (height, width)}
    if table is None:
        raise file.error("it has no position table, so its image size is unknown; put a config.json beside it")
    rows = table.shape[1]
    square = math.isqrt(rows) ** 2 == rows
    class_row = file.stated.get("class_row", file.layout.class_row)
    rows -= stored(file, TOKEN) is not None and (not square if class_row is None else class_row)
    side = math.isqrt(rows)
    if side**2 != rows:
        raise file.error(f"{rows} positions of patches, no square: put the config.json that came with it beside it")
    return {"image_size": side * patch_pixels}


def named(form: dict, hybrid: bool) -> dict:
    vits = {f"ViT-{size}/{form['patch']}": dict(patch=form["patch"], **sizes) for size, sizes in SIZES.items()}
    return matched(form, HYBRIDS if hybrid else vits)


def matched(form: dict, names: Mapping[str, dict]) -> dict:
    """The name that stands for all of these sizes, or any name and the sizes as options."""
    known = next((name for name, sizes in names.items() if form.items() >= sizes.items()), None)
    name = known or next(iter(names))
    return {"name": name, **{size: value for size, value in form.items() if known is None or size not in names[known]}}


def units_of(file: File, pattern: str) -> tuple[int, ...]:
    """Number of units in each stage."""
    counts = []
    while count := len(list(counted(file, pattern, len(counts)))):
        counts.append(count)
    return tuple(counts)


def counted(file: File, pattern: str, *stage: int) -> Iterator[int]:
    """0, 1 ... as long as the file has the parameter of that number."""
    number = 0
    while stored(file, pattern.format(*stage, number)) is not None:
        yield number
        number += 1


def stored(file: File, ours: str) -> Tensor | None:
    """One of our parameters, from the file's tensors; None if it lacks one of them."""
    found = file.layout.lookup(ours)
    if found is None or any(name not in file.tensors for name in found.names):
        return None
    return file.layout.from_file(ours, [file.tensors[name] for name in found.names])
