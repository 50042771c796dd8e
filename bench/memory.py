"""Peak memory of training steps, each contender in a process of its own.

On a CPU it is by how much the process grew: its largest resident size, less that before the model was built. glibc is
told to hand freed tensors back at once, as what it would keep for later differs by 5% from process to process. On a GPU
torch's allocator counts, without its cache.
"""

import multiprocessing
import os
import resource
import sys
from concurrent.futures import ProcessPoolExecutor

import torch

from bench.contenders import contenders
from bench.steps import on_device, training

STEPS = 3
HAND_BACK = ("MALLOC_MMAP_THRESHOLD_", "65536")  # bytes; smaller things than tensors are kept


def peak_memory(model, who, settings):
    """Bytes. The process is forked off one that has imported everything and computed nothing."""
    os.environ.setdefault(*HAND_BACK)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(1, mp_context=context) as fresh:
        return fresh.submit(_measure, model, who, settings).result()


def _measure(model, who, settings):
    torch.set_num_threads(settings.threads)
    before = _largest_so_far()
    step = training(on_device(contenders(model, settings.image_size)[who](), settings), settings)
    for _ in range(STEPS):
        step()
    return torch.cuda.max_memory_allocated() if settings.device == "cuda" else _largest_so_far() - before


def _largest_so_far():
    """Largest resident size of this process in bytes; Linux counts it in KiB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
