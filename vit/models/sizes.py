"""Table 1's sizes of a model, read off its layers: what was built, not what was asked for."""

from vit.models.encoder_block import Block
from vit.models.model import Model
from vit.models.vit import ViT


def sizes_as_built(network: Model) -> dict[str, int]:
    """Layers, hidden size D, MLP size and heads, under the names of ViT's arguments, and the parameters below the last linear layer.

    {} for a network of other layers.
    """
    if not isinstance(network, ViT) or not all(isinstance(block, Block) for block in network.blocks):
        return {}
    first = network.blocks[0]
    sizes = {"width": network.width, "mlp": first.mlp.dense1.out_features, "heads": first.attention.heads}
    classes = {id(p) for p in network.head.parameters()}
    below = sum(p.numel() for p in network.parameters() if id(p) not in classes)
    return {"depth": len(network.blocks), **sizes, "parameters_below_classes": below}
