"""What a file of ours says of itself: the arguments of create_model, and how the images were prepared that it is evaluated on.

All in one text: safetensors writes several in an order of its own, and the same run must leave the same bytes.
"""

import json

KEY, IMAGES = "create_model", "images"


def written(made_with, images):
    """Metadata for safetensors; None where there is nothing to say."""
    if not made_with:
        return None
    return {KEY: json.dumps({**made_with, IMAGES: images} if images else made_with)}


def parts(metadata):
    """(arguments of create_model, images or None). KeyError or ValueError where they are not stated."""
    made_with = json.loads(metadata[KEY])
    return made_with, made_with.pop(IMAGES, None) if isinstance(made_with, dict) else None
