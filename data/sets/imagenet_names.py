"""Names of ImageNet's 1,000 classes, as torchvision publishes them with its weights."""

from torchvision.models import ResNet50_Weights


def imagenet_names() -> list[str]:
    """In the order of the sorted WordNet ids, by which every published head numbers them (data.sets.numbering)."""
    return list(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])
