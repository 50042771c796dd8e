"""The authors' models in plain numpy, float64, written from a statement of their numeric conventions, not from ours.

Parameters are one flat dict in the layout of the authors' archives ("Transformer/encoder_norm/scale" ...), images are
(B, H, W, 3). Nothing here is fast, and nothing of vit/ is imported.
"""

import numpy as np


def within(params, prefix):
    """The part of the archive under a prefix."""
    return {key[len(prefix) + 1 :]: value for key, value in params.items() if key.startswith(prefix + "/")}


def dense(p, x):
    return x @ p["kernel"] + p["bias"]


def layer_norm(p, x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * p["scale"] + p["bias"]


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def attention(p, queries, keys):
    """Head by head, as Equations 5 to 8 say; query/key/value kernels are (D, heads, head_dim)."""
    mixed, inputs = 0, {"query": queries, "key": keys, "value": keys}
    for head in range(p["query/kernel"].shape[1]):
        q, k, v = (x @ p[f"{name}/kernel"][:, head] + p[f"{name}/bias"][head] for name, x in inputs.items())
        weights = softmax(q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]))
        mixed = mixed + weights @ v @ p["out/kernel"][head]
    return mixed + p["out/bias"]


def mlp(p, x):
    return dense(within(p, "Dense_1"), gelu(dense(within(p, "Dense_0"), x)))


def encoder_block(p, x):
    y = layer_norm(within(p, "LayerNorm_0"), x)
    x = x + attention(within(p, "MultiHeadDotProductAttention_1"), y, y)
    return x + mlp(within(p, "MlpBlock_3"), layer_norm(within(p, "LayerNorm_2"), x))


def attention_pool(p, x):
    probe = np.repeat(p["probe"], len(x), axis=0)
    x = attention(within(p, "MultiHeadDotProductAttention_0"), probe, x)
    return (x + mlp(within(p, "MlpBlock_0"), layer_norm(within(p, "LayerNorm_0"), x)))[:, 0]


def convolution(kernel, x, stride, padding):
    """Tap by tap; padding is ((top, bottom), (left, right)) of zeros, the kernel (kh, kw, in, out)."""
    x = np.pad(x, ((0, 0), *padding, (0, 0)))
    rows = (x.shape[1] - kernel.shape[0]) // stride + 1
    columns = (x.shape[2] - kernel.shape[1]) // stride + 1
    return sum(
        x[:, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride] @ kernel[i, j]
        for i in range(kernel.shape[0])
        for j in range(kernel.shape[1])
    )


def max_pool(x, padding, value):
    """3 x 3 with stride 2."""
    x = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)
    rows, columns = (x.shape[1] - 3) // 2 + 1, (x.shape[2] - 3) // 2 + 1
    taps = ((i, j) for i in range(3) for j in range(3))
    return np.max([x[:, i : i + 2 * rows - 1 : 2, j : j + 2 * columns - 1 : 2] for i, j in taps], axis=0)


def same(x, kernel, stride):
    """SAME padding of the two image axes."""
    totals = [max((int(np.ceil(n / stride)) - 1) * stride + kernel - n, 0) for n in x.shape[1:3]]
    return [(total // 2, total - total // 2) for total in totals]


def group_norm(scale, bias, x, eps):
    """32 groups of consecutive channels; statistics over space and the channels of a group."""
    groups = x.reshape(len(x), -1, 32, x.shape[-1] // 32)
    mean, variance = (f(groups, axis=(1, 3), keepdims=True) for f in (np.mean, np.var))
    return ((groups - mean) / np.sqrt(variance + eps)).reshape(x.shape) * scale.ravel() + bias.ravel()


def relu(x):
    return np.maximum(x, 0)


def hybrid_conv(kernel, x, stride=1):
    kernel = (kernel - kernel.mean((0, 1, 2))) / (kernel.std((0, 1, 2)) + 1e-5)
    return convolution(kernel, x, stride, same(x, kernel.shape[0], stride))


def hybrid_norm(p, x):
    return group_norm(p["scale"], p["bias"], x, 1e-6)


def hybrid_unit(p, x, stride):
    shortcut = x
    if "conv_proj/kernel" in p:
        shortcut = hybrid_norm(within(p, "gn_proj"), hybrid_conv(p["conv_proj/kernel"], x, stride))
    y = relu(hybrid_norm(within(p, "gn1"), hybrid_conv(p["conv1/kernel"], x)))
    y = relu(hybrid_norm(within(p, "gn2"), hybrid_conv(p["conv2/kernel"], y, stride)))
    return relu(shortcut + hybrid_norm(within(p, "gn3"), hybrid_conv(p["conv3/kernel"], y)))


def hybrid_stem(p, x):
    x = relu(hybrid_norm(within(p, "gn_root"), hybrid_conv(p["conv_root/kernel"], x, 2)))
    x = max_pool(x, same(x, 3, 2), -np.inf)
    stage = 1
    while within(p, f"block{stage}"):
        unit = 1
        while within(p, f"block{stage}/unit{unit}"):
            x = hybrid_unit(within(p, f"block{stage}/unit{unit}"), x, 2 if stage > 1 and unit == 1 else 1)
            unit += 1
        stage += 1
    return x


def sincos2d(rows, columns, width):
    omega = 10000.0 ** -(np.arange(width // 4) / (width // 4 - 1))
    y, x = np.mgrid[:rows, :columns]
    x, y = x.reshape(-1, 1) * omega, y.reshape(-1, 1) * omega
    return np.concatenate([np.sin(x), np.cos(x), np.sin(y), np.cos(y)], axis=1)


def vit(params, images, *, classifier):
    """The representation that the head sees, and the logits. Without a table of positions they are sincos2d."""
    x = hybrid_stem(params, images) if "conv_root/kernel" in params else images
    patch = params["embedding/kernel"].shape[0]
    x = convolution(params["embedding/kernel"], x, patch, ((0, 0), (0, 0))) + params["embedding/bias"]
    batch, rows, columns, width = x.shape
    x = x.reshape(batch, rows * columns, width)
    table = params.get("Transformer/posembed_input/pos_embedding")
    if table is None:
        x = x + sincos2d(rows, columns, width)
    if classifier == "token":
        x = np.concatenate([np.repeat(params["cls"], batch, axis=0), x], axis=1)
    if table is not None:
        x = x + table
    layer = 0
    while within(params, f"Transformer/encoderblock_{layer}"):
        x = encoder_block(within(params, f"Transformer/encoderblock_{layer}"), x)
        layer += 1
    x = layer_norm(within(params, "Transformer/encoder_norm"), x)
    pools = {
        "token": lambda: x[:, 0],
        "gap": lambda: x.mean(1),
        "map": lambda: attention_pool(within(params, "MAPHead_0"), x),
    }
    x = pools[classifier]()
    if "pre_logits/kernel" in params:
        x = np.tanh(dense(within(params, "pre_logits"), x))
    return x, dense(within(params, "head"), x)


def bit_conv(p, x, stride=1):
    kernel = p["standardized_conv2d/kernel"]
    kernel = (kernel - kernel.mean((0, 1, 2))) / np.sqrt(kernel.var((0, 1, 2)) + 1e-10)
    around = kernel.shape[0] // 2
    return convolution(kernel, x, stride, ((around, around), (around, around)))


def bit_norm_relu(p, x):
    return relu(group_norm(p["group_norm/gamma"], p["group_norm/beta"], x, 1e-5))


def bit_unit(p, x, stride):
    a, b, c = (within(p, part) for part in "abc")
    y = bit_norm_relu(a, x)
    shortcut = bit_conv(within(a, "proj"), y, stride) if within(a, "proj") else x
    y = bit_conv(a, y)
    y = bit_conv(b, bit_norm_relu(b, y), stride)
    return shortcut + bit_conv(c, bit_norm_relu(c, y))


def bit(params, images, *, pool_padding=0.0):
    """The averaged features and the logits; big_transfer pads the root's max-pool with 0, big_vision with -inf."""
    p = within(params, "resnet")
    x = bit_conv(within(p, "root_block"), images, 2)
    x = max_pool(x, ((1, 1), (1, 1)), pool_padding)
    for stage in range(1, 5):
        unit = 1
        while within(p, f"block{stage}/unit{unit:02d}"):
            x = bit_unit(within(p, f"block{stage}/unit{unit:02d}"), x, 2 if stage > 1 and unit == 1 else 1)
            unit += 1
    x = bit_norm_relu(p, x).mean((1, 2))
    return x, x @ p["head/conv2d/kernel"][0, 0] + p["head/conv2d/bias"]


def resize_positions(table, old, new):
    """(1, rows, D) to another grid: source coordinate i (g - 1) / (n - 1) on each axis, the class row kept."""
    first = table.shape[1] - old[0] * old[1]
    grid = table[0, first:].reshape(*old, -1)
    for axis in (0, 1):
        places = np.arange(new[axis]) * (old[axis] - 1) / max(new[axis] - 1, 1)
        low = np.minimum(places.astype(int), old[axis] - 1)
        high = np.minimum(low + 1, old[axis] - 1)
        share = np.expand_dims(places - low, tuple({0, 1, 2} - {axis}))
        grid = np.take(grid, low, axis) * (1 - share) + np.take(grid, high, axis) * share
    return np.concatenate([table[0, :first], grid.reshape(new[0] * new[1], -1)])[None]
