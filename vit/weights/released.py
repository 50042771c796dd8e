"""The authors' published files by the paper's names: released("ViT-B/16", "imagenet21k") is a path on this machine.

Lists: the READMEs and notebooks of vision_transformer and big_transfer. They publish no checksums: the sha256 of the
first download is written beside the file and compared from then on.
"""

import os
from pathlib import Path

import data.fetch.download as download
from data.disk.folder import data_folder
from data.disk.lock import Busy
from vit.errors import UserError, nearest
from vit.paths import name_of

RELEASED = "released:"
HOST = "https://storage.googleapis.com"
COLLECTIONS = {  # collection: (folder in the bucket, {model: file})
    "imagenet21k": (
        "vit_models/imagenet21k",
        {
            "ViT-B/8": "ViT-B_8.npz",
            "ViT-B/16": "ViT-B_16.npz",
            "ViT-B/32": "ViT-B_32.npz",
            "ViT-L/16": "ViT-L_16.npz",
            "ViT-L/32": "ViT-L_32.npz",
            "ViT-H/14": "ViT-H_14.npz",
            "R50+ViT-B/16": "R50+ViT-B_16.npz",
            "R50+ViT-L/32": "R50+ViT-L_32.npz",
            "R26+ViT-B/32": "R26+ViT-B_32.npz",
        },
    ),
    "imagenet21k+imagenet2012": (  # for images of 384
        "vit_models/imagenet21k+imagenet2012",
        {
            "ViT-B/8": "ViT-B_8.npz",
            "ViT-B/16": "ViT-B_16.npz",
            "ViT-B/32": "ViT-B_32.npz",
            "ViT-L/16": "ViT-L_16.npz",
            "ViT-L/32": "ViT-L_32.npz",
            "R50+ViT-B/16": "R50+ViT-B_16.npz",
        },
    ),
    "imagenet21k+imagenet2012-224": (
        "vit_models/imagenet21k+imagenet2012",
        {"ViT-B/16": "ViT-B_16-224.npz", "ViT-L/16": "ViT-L_16-224.npz"},
    ),
    "augreg": (  # ImageNet-21k, the settings that its README recommends
        "vit_models/augreg",
        {
            "ViT-Ti/16": "Ti_16-i21k-300ep-lr_0.001-aug_none-wd_0.03-do_0.0-sd_0.0.npz",
            "ViT-S/32": "S_32-i21k-300ep-lr_0.001-aug_none-wd_0.1-do_0.0-sd_0.0.npz",
            "ViT-S/16": "S_16-i21k-300ep-lr_0.001-aug_light1-wd_0.03-do_0.0-sd_0.0.npz",
            "ViT-B/32": "B_32-i21k-300ep-lr_0.001-aug_light1-wd_0.1-do_0.0-sd_0.0.npz",
            "ViT-B/16": "B_16-i21k-300ep-lr_0.001-aug_medium1-wd_0.1-do_0.0-sd_0.0.npz",
            "ViT-B/8": "B_8-i21k-300ep-lr_0.001-aug_medium2-wd_0.1-do_0.0-sd_0.0.npz",
            "ViT-L/16": "L_16-i21k-300ep-lr_0.001-aug_strong1-wd_0.1-do_0.0-sd_0.0.npz",
            "R+ViT-Ti/16": "R_Ti_16-i21k-300ep-lr_0.001-aug_none-wd_0.03-do_0.0-sd_0.0.npz",
            "R26+ViT-S/32": "R26_S_32-i21k-300ep-lr_0.001-aug_light1-wd_0.1-do_0.0-sd_0.0.npz",
            "R50+ViT-L/32": "R50_L_32-i21k-300ep-lr_0.001-aug_medium1-wd_0.1-do_0.1-sd_0.1.npz",
        },
    ),
    "augreg+imagenet2012": (  # the same, fine-tuned at 384
        "vit_models/augreg",
        {
            "ViT-Ti/16": "Ti_16-i21k-300ep-lr_0.001-aug_none-wd_0.03-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.03-res_384.npz",
            "ViT-S/32": "S_32-i21k-300ep-lr_0.001-aug_none-wd_0.1-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.01-res_384.npz",
            "ViT-S/16": "S_16-i21k-300ep-lr_0.001-aug_light1-wd_0.03-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.03-res_384.npz",
            "ViT-B/32": "B_32-i21k-300ep-lr_0.001-aug_light1-wd_0.1-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.01-res_384.npz",
            "ViT-B/16": "B_16-i21k-300ep-lr_0.001-aug_medium1-wd_0.1-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.03-res_384.npz",
            "ViT-L/16": "L_16-i21k-300ep-lr_0.001-aug_strong1-wd_0.1-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.01-res_384.npz",
            "R+ViT-Ti/16": "R_Ti_16-i21k-300ep-lr_0.001-aug_none-wd_0.03-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.03-res_384.npz",
            "R26+ViT-S/32": "R26_S_32-i21k-300ep-lr_0.001-aug_light1-wd_0.1-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.01-res_384.npz",
            "R50+ViT-L/32": "R50_L_32-i21k-300ep-lr_0.001-aug_medium1-wd_0.1-do_0.1-sd_0.1--imagenet2012-steps_20k-lr_0.01-res_384.npz",
        },
    ),
    "sam": (  # ImageNet-1k from scratch with SAM
        "vit_models/sam",
        {
            "ViT-S/16": "ViT-S_16.npz",
            "ViT-B/16": "ViT-B_16.npz",
            "ViT-B/32": "ViT-B_32.npz",
            "ViT-L/16": "ViT-L_16.npz",
            "ViT-L/32": "ViT-L_32.npz",
        },
    ),
    "BiT-S": (  # ImageNet-1k
        "bit_models",
        {
            "ResNet50x1": "BiT-S-R50x1.npz",
            "ResNet50x3": "BiT-S-R50x3.npz",
            "ResNet101x1": "BiT-S-R101x1.npz",
            "ResNet101x3": "BiT-S-R101x3.npz",
            "ResNet152x2": "BiT-S-R152x2.npz",
            "ResNet152x4": "BiT-S-R152x4.npz",
        },
    ),
    "BiT-M": (  # ImageNet-21k
        "bit_models",
        {
            "ResNet50x1": "BiT-M-R50x1.npz",
            "ResNet50x3": "BiT-M-R50x3.npz",
            "ResNet101x1": "BiT-M-R101x1.npz",
            "ResNet101x3": "BiT-M-R101x3.npz",
            "ResNet152x2": "BiT-M-R152x2.npz",
            "ResNet152x4": "BiT-M-R152x4.npz",
        },
    ),
    "BiT-M+imagenet2012": (
        "bit_models",
        {
            "ResNet50x1": "BiT-M-R50x1-ILSVRC2012.npz",
            "ResNet50x3": "BiT-M-R50x3-ILSVRC2012.npz",
            "ResNet101x1": "BiT-M-R101x1-ILSVRC2012.npz",
            "ResNet101x3": "BiT-M-R101x3-ILSVRC2012.npz",
            "ResNet152x2": "BiT-M-R152x2-ILSVRC2012.npz",
            "ResNet152x4": "BiT-M-R152x4-ILSVRC2012.npz",
        },
    ),
}


def released(model: str, collection: str, host: str = HOST) -> Path:
    """The path of a published file: in $VIT_WEIGHTS if that is set, else in the data folder, downloaded if missing."""
    name = bucket_path(model, collection)
    if folder := os.environ.get("VIT_WEIGHTS"):
        return check(find_in(Path(folder), name, f"{host}/{name}"))
    path = data_folder() / "weights" / name
    if path.exists():
        return check(path)
    fetch_file(f"{host}/{name}", path)
    return path


def file_of(init: str) -> Path | str:
    """The path that an `init` names: itself, or for 'released:ViT-B/16@imagenet21k' that of the authors' file."""
    if not init.startswith(RELEASED):
        return init
    model, at, collection = init.removeprefix(RELEASED).rpartition("@")
    if not at:
        raise UserError(f"init: '{init}': write {RELEASED}MODEL@COLLECTION, such as {RELEASED}ViT-B/16@imagenet21k")
    return released(model, collection)


def bucket_path(model: str, collection: str) -> str:
    """'bucket/folder/file' of a published model. UserError with the known names for an unknown one."""
    if collection not in COLLECTIONS:
        raise UserError(
            f"unknown collection {collection!r}{nearest(collection, COLLECTIONS)} (known: {', '.join(COLLECTIONS)})"
        )
    folder, files = COLLECTIONS[collection]
    if model not in files:
        raise UserError(f"{collection} has no {model!r}{nearest(model, files)} (it has: {', '.join(files)})")
    return f"{folder}/{files[model]}"


def find_in(folder: Path, name: str, url: str) -> Path:
    """The file in a folder that mirrors the buckets, or one bucket, or is flat. In this order: file names repeat in buckets."""
    for part in (name, name.partition("/")[2], name.rpartition("/")[2]):
        if (folder / part).is_file():
            return folder / part
    raise UserError(
        f"{name_of(folder)} (VIT_WEIGHTS) has no {name}; get it from {url}, or unset VIT_WEIGHTS to download it"
    )


def fetch_file(url: str, path: Path) -> None:
    """Download with resume and checksum (data.fetch.download); its errors become UserErrors."""
    try:
        download.download([url], path)
    except Busy:
        raise UserError(f"{name_of(path)}: another process is downloading it") from None
    except download.Unreachable as error:
        raise UserError(f"{error}; or set VIT_WEIGHTS to a folder with the file") from None
    except download.Refused as error:
        raise UserError(str(error)) from None


def check(path: Path) -> Path:
    """The path itself. UserError if the file has another sha256 than the one beside it."""
    if download.checksum_file(path).exists() and download.recorded(path) != download.digests(path)["sha256"]:
        raise UserError(f"{name_of(path)}: sha256 differs from the one beside it; remove the file to download it again")
    return path
