"""Metadata of our own files: the arguments of create_model, the transform of the images, and what the outputs stand for.

One JSON text under one key: safetensors writes several keys in no fixed order, and the same run must leave the same bytes.
"""

import json
from collections.abc import Mapping

KEY, IMAGES, OUTPUTS = "create_model", "images", "outputs"


def to_metadata(made_with: dict | None, images: dict | None, outputs: dict | None) -> dict[str, str] | None:
    """Metadata for safetensors; None for a model that create_model did not make."""
    if not made_with:
        return None
    beside = {IMAGES: images, OUTPUTS: outputs}
    return {KEY: json.dumps({**made_with, **{key: value for key, value in beside.items() if value}})}


def from_metadata(metadata: Mapping[str, str]) -> tuple[dict, dict | None]:
    """(arguments of create_model, images or None). KeyError or ValueError if they are not stated."""
    made_with = json.loads(metadata[KEY])
    if not isinstance(made_with, dict):
        return made_with, None
    made_with.pop(OUTPUTS, None)
    return made_with, made_with.pop(IMAGES, None)


def outputs_in(metadata: Mapping[str, str]) -> dict:
    """loss: a key of vit.objectives.losses; class_names: in the order of the head. Without what is not stated."""
    made_with = json.loads(metadata.get(KEY, "{}"))
    return (isinstance(made_with, dict) and made_with.get(OUTPUTS)) or {}
