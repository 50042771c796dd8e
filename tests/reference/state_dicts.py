"""An archive of the authors' ViT under the names of Hugging Face, old and new, written from a list of those names."""

import torch

BLOCK = "Transformer/encoderblock_"
NAMES = {  # in a block: (stored in files, in memory since transformers 5)
    "LayerNorm_0": ("layernorm_before", "layernorm_before"),
    "LayerNorm_2": ("layernorm_after", "layernorm_after"),
    "MultiHeadDotProductAttention_1/query": ("attention.attention.query", "attention.q_proj"),
    "MultiHeadDotProductAttention_1/key": ("attention.attention.key", "attention.k_proj"),
    "MultiHeadDotProductAttention_1/value": ("attention.attention.value", "attention.v_proj"),
    "MultiHeadDotProductAttention_1/out": ("attention.output.dense", "attention.o_proj"),
    "MlpBlock_3/Dense_0": ("intermediate.dense", "mlp.fc1"),
    "MlpBlock_3/Dense_1": ("output.dense", "mlp.fc2"),
}
LAYERS = {
    "Transformer/encoder_norm": "vit.layernorm",
    "pre_logits": "pooler.dense",
    "head": "classifier",
    "embedding": "vit.embeddings.patch_embeddings.projection",
}
TENSORS = {
    "cls": "vit.embeddings.cls_token",
    "Transformer/posembed_input/pos_embedding": "vit.embeddings.position_embeddings",
}


def hugging_face(archive, *, new=False):
    """As ViTForImageClassification holds it, with the pooler that only ViTModel has where there are pre_logits."""
    state = {}
    for key, value in archive.items():
        layer, _, kind = key.rpartition("/")
        if key.startswith(BLOCK):
            number, _, part = layer.removeprefix(BLOCK).partition("/")
            prefix = f"vit.layers.{number}" if new else f"vit.encoder.layer.{number}"
            name = f"{prefix}.{NAMES[part][new]}"
        else:
            name = TENSORS.get(key) or LAYERS[layer]
        tensor = torch.tensor(value)
        if kind == "kernel" and tensor.ndim == 4:  # the patches
            tensor = tensor.permute(3, 2, 0, 1)
        elif kind == "kernel":  # (inputs, outputs), either of them seen as heads
            outputs = archive[f"{layer}/bias"].size
            tensor = tensor.reshape(-1, outputs).T
        suffix = {"kernel": ".weight", "scale": ".weight", "bias": ".bias"}
        flat = tensor.flatten() if kind == "bias" else tensor
        state[name + ("" if key in TENSORS else suffix[kind])] = flat.contiguous()
    return state


BIT_PARTS = {  # in a unit of the authors' archive: the same for Hugging Face
    **{f"{part}/group_norm": f"norm{i}" for i, part in enumerate("abc", 1)},
    **{f"{part}/standardized_conv2d": f"conv{i}" for i, part in enumerate("abc", 1)},
    "a/proj/standardized_conv2d": "downsample.conv",
}
BIT_LAYERS = {
    "resnet/root_block/standardized_conv2d": "bit.embedder.convolution",
    "resnet/group_norm": "bit.norm",
    "resnet/head/conv2d": "classifier.1",
}


def hugging_face_bit(archive):
    """As BitForImageClassification holds it, in files and in memory."""
    state = {}
    for key, value in archive.items():
        layer, _, kind = key.rpartition("/")
        if key.startswith("resnet/block"):
            stage, unit, part = layer.removeprefix("resnet/block").split("/", 2)
            name = f"bit.encoder.stages.{int(stage) - 1}.layers.{int(unit[4:]) - 1}.{BIT_PARTS[part]}"
        else:
            name = BIT_LAYERS[layer]
        tensor = torch.tensor(value)
        if kind == "kernel":
            tensor = tensor.permute(3, 2, 0, 1)
            tensor = tensor.flatten(1) if name == "classifier.1" else tensor
        state[name + (".bias" if kind in ("bias", "beta") else ".weight")] = tensor.contiguous()
    return state
