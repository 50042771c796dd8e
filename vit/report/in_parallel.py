"""A function of each of several things, on all cores that this process may use, in forks of it: they share what it has read."""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_all_start_methods, get_context

_function: Callable  # of this fork


def in_parallel(function: Callable, things: Sequence) -> Iterator:
    """Yields a function() of each thing, in order, which gives the result or raises what the function raised there.

    Only the results travel between processes, so the function may be a closure and the things may be large.
    """
    cores = min(available_cores(), len(things))
    if cores < 2 or "fork" not in get_all_start_methods():
        yield from ((lambda thing=thing: function(thing)) for thing in things)
        return
    gc.freeze()  # what has been read stays: looking through it for garbage would copy it into every fork
    with get_context("fork").Pool(cores, _take, (lambda place: function(things[place]),)) as pool:
        for waiting in [pool.apply_async(_call, (place,)) for place in range(len(things))]:
            yield waiting.get


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _take(function):
    global _function
    _function = function


def _call(place):
    return _function(place)
