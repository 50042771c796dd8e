"""Peak FLOP/s of matrix products on this machine, the reference for a model's share of peak."""

import torch

from bench.timing import seconds_of

SIZES = {"cpu": (512, 1024, 2048), "cuda": (4096, 8192, 16384)}
TRIALS = 5


def matmul_peak(device, dtype):
    """FLOP/s of the fastest product of square matrices, over several sizes and trials."""
    return max(_rate(size, device, dtype) for size in SIZES[device])


def _rate(size, device, dtype):
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / min(seconds_of(lambda: a @ b) for _ in range(TRIALS))
