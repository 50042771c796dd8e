"""Metadata of our own files: the arguments of create_model, and the transform of the images the model is evaluated on.

One JSON text under one key: safetensors writes several keys in no fixed order, and the same run must leave the same bytes.
"""

import json
from collections.abc import Mapping

KEY, IMAGES = "create_model", "images"


def to_metadata(made_with: dict | None, images: dict | None) -> dict[str, str] | None:
    """Metadata for safetensors; None for a model that create_model did not make."""
    if not made_with:
        return None
    return {KEY: json.dumps({**made_with, IMAGES: images} if images else made_with)}


def from_metadata(metadata: Mapping[str, str]) -> tuple[dict, dict | None]:
    """(arguments of create_model, images or None). KeyError or ValueError if they are not stated."""
    made_with = json.loads(metadata[KEY])
    return made_with, made_with.pop(IMAGES, None) if isinstance(made_with, dict) else None
