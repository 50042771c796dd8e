"""Which classes the outputs of a head mean: what a file of ours states of them, or what all published heads of ImageNet assume."""

from safetensors import safe_open

from vit.errors import UserError
from vit.paths import name_of
from vit.weights.container import read_safetensors, reader
from vit.weights.metadata import KEY, parts

IMAGENET = "1,000 WordNet ids"  # sorted; data.numbering has the same words for labels that count them


def check_classes(path, model, images):
    """UserError where labels count other classes than the model's head, which is the file's, as far as both are known.

    images: how they are prepared, with `classes` where their labels have names.
    """
    here, head = images.get("classes"), classes_of(path, model)
    if here and head and here != head:
        told = f"its head is for the classes {head}, the labels of these images count {here}"
        raise UserError(f"{name_of(path)}: {told}; name the class folders as those that the head was trained on")


def classes_of(path, model):
    """As images state them; None where nothing is known."""
    if path.is_file() and reader(path) is read_safetensors:
        with safe_open(path, "pt") as archive:
            metadata = archive.metadata() or {}
        if KEY in metadata:
            return (parts(metadata)[1] or {}).get("classes")
    return IMAGENET if model.made_with["num_classes"] == 1000 else None
