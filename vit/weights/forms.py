"""The forms in which formats store layers: ours is torch's (out, in); flax stores (in, out), with axes of heads and patches.

A form maps the suffix of each tensor of a layer to its suffix in the file and its conversion.
D width, H heads, P patch, C channels; HWIO and OIHW are axes of a convolution's kernel.
"""

from vit.weights.layout import Conversion


def by_heads(tensor, model):
    """The last axis D as (H, D / H)."""
    return tensor.unflatten(-1, (model.blocks[0].attention.heads, -1))


def as_kernel(weight, model):
    """Our patch embedding, a linear layer (D, C * P * P), as the equivalent convolution (D, C, P, P)."""
    return weight.unflatten(1, (-1, model.patch, model.patch))


SAME = Conversion()
TRANSPOSED = Conversion(lambda weight, model: weight.T, lambda kernel: kernel.T)
HWIO = Conversion(lambda weight, model: weight.permute(2, 3, 1, 0), lambda kernel: kernel.permute(3, 2, 0, 1))
PATCHES_OIHW = Conversion(as_kernel, lambda kernel: kernel.flatten(1))
PATCHES_HWIO = Conversion(
    lambda weight, model: as_kernel(weight, model).permute(2, 3, 1, 0),
    lambda kernel: kernel.permute(3, 2, 0, 1).flatten(1),
)
INTO_HEADS = Conversion(lambda weight, model: by_heads(weight.T, model), lambda kernel: kernel.flatten(1).T)
HEADS_BIAS = Conversion(by_heads, lambda bias: bias.flatten())
OUT_OF_HEADS = Conversion(
    lambda weight, model: by_heads(weight, model).permute(1, 2, 0), lambda kernel: kernel.flatten(0, 1).T
)
POINTWISE_HWIO = Conversion(lambda weight, model: weight.T[None, None], lambda kernel: kernel.flatten(0, 2).T)
POINTWISE_OIHW = Conversion(lambda weight, model: weight[:, :, None, None], lambda kernel: kernel.flatten(1))

TENSOR = {"": ("", SAME)}

# flax
DENSE = {".weight": ("/kernel", TRANSPOSED), ".bias": ("/bias", SAME)}
NORM = {".weight": ("/scale", SAME), ".bias": ("/bias", SAME)}
CONV = {".weight": ("/kernel", HWIO)}
PATCHES = {".weight": ("/kernel", PATCHES_HWIO), ".bias": ("/bias", SAME)}
HEADS = {  # kernels (D, H, D / H)
    ".weight": ("/kernel", INTO_HEADS),
    ".bias": ("/bias", HEADS_BIAS),
}
OUT = {  # kernels (H, D / H, D)
    ".weight": ("/kernel", OUT_OF_HEADS),
    ".bias": ("/bias", SAME),
}

# big_transfer
GAMMA_BETA = {".weight": ("/gamma", SAME), ".bias": ("/beta", SAME)}
CONV_HEAD = {".weight": ("/kernel", POINTWISE_HWIO), ".bias": ("/bias", SAME)}

# torch
LAYER = {".weight": (".weight", SAME), ".bias": (".bias", SAME)}
TORCH_CONV = {".weight": (".weight", SAME)}
TORCH_PATCHES = {".weight": (".weight", PATCHES_OIHW), ".bias": (".bias", SAME)}
TORCH_CONV_HEAD = {".weight": (".weight", POINTWISE_OIHW), ".bias": (".bias", SAME)}
