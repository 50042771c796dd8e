"""A small ViT and its gradient in plain numpy, float64, each layer's backward pass written by hand; nothing of vit/ is imported.

Parameters are one flat dict of arrays; linear maps are (outputs, inputs). A layer returns its output and a function
that takes the loss's gradient by that output, adds those by its parameters to `grads`, and returns that by its input.
B batch, N tokens, D width, H heads.
"""

import numpy as np


def dense(params, grads, name, x):
    weight = params[f"{name}.weight"]

    def back(dy):
        rows = dy.reshape(-1, dy.shape[-1])
        grads[f"{name}.weight"] += rows.T @ x.reshape(-1, x.shape[-1])
        grads[f"{name}.bias"] += rows.sum(0)
        return dy @ weight

    return x @ weight.T + params[f"{name}.bias"], back


def layer_norm(params, grads, name, x):
    centred = x - x.mean(-1, keepdims=True)
    inverse = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
    unit, scale = centred * inverse, params[f"{name}.weight"]

    def back(dy):
        grads[f"{name}.weight"] += (dy * unit).sum((0, 1))
        grads[f"{name}.bias"] += dy.sum((0, 1))
        d = dy * scale
        return inverse * (d - d.mean(-1, keepdims=True) - unit * (d * unit).mean(-1, keepdims=True))

    return unit * scale + params[f"{name}.bias"], back


def gelu(x):
    """The tanh form."""
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    slope = 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 3 * 0.044715 * x**2)
    return 0.5 * x * (1 + t), lambda dy: dy * slope


def tanh(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y**2)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attention(params, grads, name, z, heads):
    """Equations 5 to 8."""
    batch, count, width = z.shape
    scale = (width // heads) ** -0.5

    def split(x):  # (B, N, D) to (B, H, N, D / H)
        return x.reshape(batch, count, heads, -1).transpose(0, 2, 1, 3)

    def join(x):
        return x.transpose(0, 2, 1, 3).reshape(batch, count, width)

    packed, back_qkv = dense(params, grads, f"{name}.qkv", z)
    q, k, v = (split(part) for part in np.split(packed, 3, axis=-1))
    weights = softmax(scale * q @ k.swapaxes(2, 3))
    y, back_out = dense(params, grads, f"{name}.out", join(weights @ v))

    def back(dy):
        d = split(back_out(dy))
        dweights = d @ v.swapaxes(2, 3)
        dscores = scale * weights * (dweights - (dweights * weights).sum(-1, keepdims=True))
        parts = dscores @ k, dscores.swapaxes(2, 3) @ q, weights.swapaxes(2, 3) @ d
        return back_qkv(np.concatenate([join(part) for part in parts], axis=-1))

    return y, back


def block(params, grads, name, z, heads):
    """Equations 2 and 3."""
    y, back_norm1 = layer_norm(params, grads, f"{name}.norm1", z)
    y, back_attention = attention(params, grads, f"{name}.attention", y, heads)
    z = z + y
    y, back_norm2 = layer_norm(params, grads, f"{name}.norm2", z)
    y, back_dense1 = dense(params, grads, f"{name}.mlp.dense1", y)
    y, back_gelu = gelu(y)
    y, back_dense2 = dense(params, grads, f"{name}.mlp.dense2", y)

    def back(dz):
        dz = dz + back_norm2(back_dense1(back_gelu(back_dense2(dz))))
        return dz + back_norm1(back_attention(dz))

    return z + y, back


def patches(images, patch):
    """(B, 3, S, S) to (B, N, 3 * patch * patch), row by row, a patch channel by channel."""
    batch, channels, size, _ = images.shape
    cut = images.reshape(batch, channels, size // patch, patch, size // patch, patch)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * patch**2)


def vit(params, images, *, patch, heads, depth):
    """Logits (B, C), and a function from their gradient to that of every parameter."""
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    tokens, back_embedding = dense(params, grads, "embedding", patches(images, patch))
    first = np.broadcast_to(params["class_token"], (len(images), 1, tokens.shape[2]))
    z = np.concatenate([first, tokens], axis=1) + params["position.tables.0.table"]
    backs = []
    for layer in range(depth):
        z, back = block(params, grads, f"blocks.{layer}", z, heads)
        backs.append(back)
    z, back_norm = layer_norm(params, grads, "norm", z)
    y, head = z[:, 0], []
    if "hidden.0.weight" in params:  # the head of pre-training
        y, back = dense(params, grads, "hidden.0", y)
        y, back_tanh = tanh(y)
        head = [back_tanh, back]
    logits, back_head = dense(params, grads, "head", y)

    def gradient(dlogits):
        dy = back_head(dlogits)
        for back in head:
            dy = back(dy)
        dz = np.zeros_like(z)
        dz[:, 0] = dy
        dz = back_norm(dz)
        for back in reversed(backs):
            dz = back(dz)
        grads["position.tables.0.table"] += dz.sum(0, keepdims=True)
        grads["class_token"] += dz[:, :1].sum(0, keepdims=True)
        back_embedding(dz[:, 1:])
        return grads

    return logits, gradient
