"""The config.json and preprocessor_config.json of a Hugging Face ViT."""

from collections.abc import Mapping
from pathlib import Path

from vit.weights.config import CONFIG, PREPROCESSOR, activation, channels, number, read_json, renamed, sizes


def of_hugging_face(config: Mapping, folder: Path) -> tuple[dict, list[str]]:
    """(what a ViTConfig and its image processor state, notes); nothing if another project wrote it."""
    if "hidden_size" not in config:
        return {}, ["is not one of Hugging Face: not read"]
    if config.get("qkv_bias") is False:
        raise ValueError(f"its {CONFIG} says qkv_bias false, but models of this project have biases; use another file")
    if config.get("pooler_act", "tanh") != "tanh":
        raise ValueError(
            f"its {CONFIG} says pooler_act {config['pooler_act']!r}, but models of this project have tanh; use another file"
        )
    stated = {
        **renamed(config, num_attention_heads="heads", layer_norm_eps="norm_eps"),
        **activation(config.get("hidden_act")),
        **sizes(config, "image_size", "patch_size"),
        **normalisation(read_json(folder / PREPROCESSOR) or {}),
    }
    return stated, []


def normalisation(images: dict) -> dict:
    """Mean and standard deviation for images in [0, 1]; the image processor may rescale by another factor first."""
    if images.get("do_normalize") is False:
        images = images | {"image_mean": [0.0] * 3, "image_std": [1.0] * 3}
    stated = channels("mean", images.get("image_mean")) | channels("std", images.get("image_std"))
    factor = number("rescale_factor", images.get("rescale_factor", 1 / 255)) if images.get("do_rescale", True) else 1
    return {name: tuple(value / (255 * factor) for value in values) for name, values in stated.items()}
