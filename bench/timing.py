"""Seconds of several steps, taken in turn: what slows the machine down for a while slows all of them down."""

import time

import torch

WARM_UP = 2  # rounds that are not counted: they compile, choose kernels and fill the allocator


def interleaved(steps, rounds):
    """`steps`: name -> function. Seconds of each, a value a round; each round starts with another contender."""
    names, seconds = list(steps), {name: [] for name in steps}
    for number in range(-WARM_UP, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            elapsed = seconds_of(steps[name])
            if number >= 0:
                seconds[name].append(elapsed)
    return seconds


def seconds_of(step):
    wait_for_device()
    start = time.perf_counter()
    step()
    wait_for_device()
    return time.perf_counter() - start


def wait_for_device():
    """A GPU runs behind the program that feeds it."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
