"""The authors' training steps in plain numpy, float64, written from a statement of their conventions, not from ours.

Nothing of vit/ is imported. Parameters and gradients are flat dicts of arrays; steps are counted from 0. B batch, C classes.
"""

import numpy as np

from reference.gradients import softmax, vit


def rate(step, *, base, total, warmup, decay, end=0.0):
    """Both code bases: the warm-up multiplies, the decay runs over what is left."""
    progress = np.clip((step - warmup) / (total - warmup), 0, 1)
    falling = {
        "cosine": base * 0.5 * (1 + np.cos(np.pi * progress)),
        "linear": end + (base - end) * (1 - progress),
    }[decay]
    return falling * (min(1.0, step / warmup) if warmup else 1.0)


def one_hot(labels, classes, smoothing=0.0):
    return np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes


def softmax_xent(z, y):
    """The loss and its gradient by z (B, C)."""
    shifted = z - z.max(1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return -(y * logs).sum(1).mean(), (softmax(z) - y) / len(z)


def sigmoid_xent(z, y):
    """Summed over classes, mean over the batch."""
    log_sigmoid, log_not = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    return -(y * log_sigmoid + (1 - y) * log_not).sum(1).mean(), (1 / (1 + np.exp(-z)) - y) / len(z)


def global_norm(grads):
    return np.sqrt(sum((g**2).sum() for g in grads.values()))


def clip(grads, limit):
    norm = global_norm(grads)
    return grads if norm < limit else {name: g / norm * limit for name, g in grads.items()}


def bfloat16(x):
    """Rounded to the nearest bfloat16, ties to even: the upper half of a float32."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32).astype(np.float64)


class Momentum:
    """t = g + beta t; theta - lr t, or with decay theta - sched (lr t + wd theta) on kernels. Buffers are rounded to bfloat16 on demand."""

    def __init__(self, beta, *, rounded, wd_over_lr=0.0, kernels=()):
        self.beta = float(bfloat16(beta)) if rounded else beta
        self.rounded, self.decay, self.kernels, self.buffers = rounded, wd_over_lr, kernels, {}

    def update(self, params, grads, lr):
        for name, g in grads.items():
            t = g + self.beta * self.buffers.get(name, 0.0)
            self.buffers[name] = bfloat16(t) if self.rounded else t
            decay = self.decay * params[name] if name in self.kernels else 0.0
            params[name] = params[name] - lr * t - lr * decay


class Adam:
    """theta - sched (lr u + wd theta), u = m_hat / (sqrt(v_hat) + 1e-8), wd on kernels; `wd_over_lr` is wd / lr."""

    def __init__(self, beta1, beta2, *, wd_over_lr, kernels):
        self.beta1, self.beta2, self.decay, self.kernels = beta1, beta2, wd_over_lr, kernels
        self.m, self.v, self.count = {}, {}, 0

    def update(self, params, grads, lr):
        self.count += 1
        for name, g in grads.items():
            self.m[name] = self.beta1 * self.m.get(name, 0.0) + (1 - self.beta1) * g
            self.v[name] = self.beta2 * self.v.get(name, 0.0) + (1 - self.beta2) * g**2
            m_hat, v_hat = self.m[name] / (1 - self.beta1**self.count), self.v[name] / (1 - self.beta2**self.count)
            decay = self.decay * params[name] if name in self.kernels else 0.0
            params[name] = params[name] - lr * (m_hat / (np.sqrt(v_hat) + 1e-8) + decay)


class Lion:
    """Algorithm 2 of Chen et al. 2023: the sign of one average, the decay beside it, and another average kept."""

    def __init__(self, beta1, beta2, *, decay, kernels):
        self.beta1, self.beta2, self.decay, self.kernels, self.m = beta1, beta2, decay, kernels, {}

    def update(self, params, grads, lr):
        for name, g in grads.items():
            m = self.m.get(name, np.zeros_like(g))
            direction = np.sign(self.beta1 * m + (1 - self.beta1) * g)
            decay = self.decay * params[name] if name in self.kernels else 0.0
            params[name] = params[name] - lr * (direction + decay)
            self.m[name] = self.beta2 * m + (1 - self.beta2) * g


class Lamb(Adam):
    """Algorithm 2 of You et al. 2020: Adam's step and the decay, made as long as the parameter; phi is the identity."""

    def update(self, params, grads, lr):
        self.count += 1
        for name, g in grads.items():
            self.m[name] = self.beta1 * self.m.get(name, 0.0) + (1 - self.beta1) * g
            self.v[name] = self.beta2 * self.v.get(name, 0.0) + (1 - self.beta2) * g**2
            m_hat, v_hat = self.m[name] / (1 - self.beta1**self.count), self.v[name] / (1 - self.beta2**self.count)
            step = m_hat / (np.sqrt(v_hat) + 1e-6)
            if name in self.kernels:
                step = step + self.decay * params[name]
            size, length = np.sqrt((params[name] ** 2).sum()), np.sqrt((step**2).sum())
            params[name] = params[name] - lr * (size / length if size > 0 and length > 0 else 1.0) * step


def train(params, batches, optimizer, *, loss, classes, limit, schedule, sizes, smoothing=0.0):
    """(parameters, losses, norms before clipping, rates), an update a batch (images, labels); limit None does not clip."""
    params, losses, norms, rates = dict(params), [], [], []
    for step, (images, labels) in enumerate(batches):
        logits, gradient = vit(params, images, **sizes)
        value, dlogits = loss(logits, one_hot(labels, classes, smoothing))
        grads = gradient(dlogits)
        losses.append(value)
        norms.append(global_norm(grads))
        rates.append(rate(step, **schedule))
        optimizer.update(params, grads if limit is None else clip(grads, limit), rates[-1])
    return params, np.array(losses), np.array(norms), np.array(rates)
