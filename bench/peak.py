"""The fastest that this machine multiplies matrices: what a model's FLOP/s are a share of."""

import torch

from bench.timing import seconds_of

SIZES = {"cpu": (512, 1024, 2048), "cuda": (4096, 8192, 16384)}
TRIALS = 5


def matmul_peak(device, dtype):
    """FLOP/s of the best of several products of square matrices."""
    return max(_rate(size, device, dtype) for size in SIZES[device])


def _rate(size, device, dtype):
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / min(seconds_of(lambda: a @ b) for _ in range(TRIALS))
