"""Times of several steps, measured in turn, so that a temporary slow-down of the machine affects all of them."""

import time

import torch

WARM_UP = 2  # rounds that are not counted: compilation, choice of kernels, first allocations


def interleaved(steps, rounds):
    """{name: seconds per round} for steps {name: function}."""
    names, seconds = list(steps), {name: [] for name in steps}
    for number in range(-WARM_UP, rounds):
        first = number % len(names)  # another contender starts each round
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
    if torch.cuda.is_available():
        torch.cuda.synchronize()  # kernels run asynchronously
