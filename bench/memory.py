"""Peak memory of training steps, measured in a separate process for each contender.

On a CPU: the largest resident size, minus that before the model was built. On a GPU: torch's allocator, without its cache.
"""

import multiprocessing
import os
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import torch

from bench.contenders import contenders
from bench.steps import on_device, training

STEPS = 3
# glibc returns allocations above this many bytes to the system when they are freed; what it keeps for reuse otherwise
# differs by 5% between processes
MMAP_THRESHOLD = ("MALLOC_MMAP_THRESHOLD_", "65536")


def peak_memory(model, who, settings):
    """Bytes, of a contender's training steps."""
    return in_a_fresh_process(partial(_contender, model, who, settings), settings)


def in_a_fresh_process(make, settings):
    """Bytes that training steps take in a process of their own. make: builds the step there."""
    os.environ.setdefault(*MMAP_THRESHOLD)
    # the fork server has imported everything and computed nothing, so every contender starts from the same state
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(1, mp_context=context) as fresh:
        return fresh.submit(_measure, make, settings).result()


def _contender(model, who, settings):
    return training(on_device(contenders(model, settings.image_size, in_float32=True)[who](), settings), settings)


def _measure(make, settings):
    torch.set_num_threads(settings.threads)
    before = _peak_resident()
    step = make()
    for _ in range(STEPS):
        step()
    return torch.cuda.max_memory_allocated() if settings.device == "cuda" else _peak_resident() - before


def _peak_resident():
    """Bytes of this process."""
    # Linux reports KiB, macOS bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
