"""A model with everything that a file has, its pre-training head included: few-shot evaluation needs the hidden layer."""

from vit.models import create_model
from vit.weights.head import HIDDEN, LINEAR, stored
from vit.weights.load import load_weights
from vit.weights.recognise import recognised


def restore_file(name, path, *, image_size, **options):
    """(the named model with the file's weights and a head of the file's sizes, Report); options as in create_model."""
    model = create_model(name, image_size=image_size, **options, **head_of(recognised(path)))
    return model, load_weights(model, path)


def head_of(file):
    """The arguments of create_model that say how large the file's head is; none where it has none."""
    sizes = {"head_hidden": HIDDEN[1], "num_classes": LINEAR[1]}  # a bias has as many numbers as its layer outputs
    return {size: file.tensors[file.name(bias)].numel() for size, bias in sizes.items() if stored(file, [bias])}
