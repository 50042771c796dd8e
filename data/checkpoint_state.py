"""What a checkpoint keeps of the data: the image format, the size of each part, and which images were skipped.

The order of the batches needs no state: it follows from the seed and the step (data.batches.order).
"""

from data.batches.batches import Batches


def state_of(parts: dict[str, Batches], image_format: dict[str, str | int]) -> dict:
    skipped = {name: part.skipped for name, part in parts.items() if part.skipped is not None}
    return {
        "prepared": image_format,
        "images": {name: len(part) for name, part in parts.items()},
        "skipped": {name: images.flags.nonzero()[:, 0] for name, images in skipped.items()},
    }


def restore(parts: dict[str, Batches], image_format: dict[str, str | int], state: dict) -> None:
    """Marks the images that the run had skipped. ValueError where the image format or the size of a part has changed."""
    for key, value in image_format.items():
        saved = state["prepared"].get(key, value)  # older checkpoints lack keys that were added since
        if saved != value:
            raise ValueError(
                f"the checkpoint is of a model for images with {key} {saved!r}, but this data has {value!r};"
                " set it back, or train anew"
            )
    for name, count in state["images"].items():
        if name in parts and len(parts[name]) != count:
            raise ValueError(
                f"the checkpoint is of a run with {count:,} images in part {name!r}, which now has {len(parts[name]):,};"
                " restore them, or train anew"
            )
    for name, indices in state["skipped"].items():
        parts[name].skipped.flags[indices] = True
