"""Random numbers without state: a draw is a pure function of its keys, such as (seed, epoch, index, stream).

So nothing that is drawn depends on batches, workers, ranks or restarts. The hash is splitmix64 (Steele et al., 2014).
"""

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(state):
    """The splitmix64 finaliser: every output bit depends on every input bit."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def bits(*keys) -> np.ndarray:
    """64 random bits for each combination of keys: integers >= 0, or arrays of them that broadcast."""
    state = np.uint64(0)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is the point
        for key in keys:
            state = mix(mix(state ^ np.asarray(key).astype(np.uint64)) + GOLDEN)
    return np.asarray(state)


def uniform(*keys) -> np.ndarray:
    """Float64 numbers in [0, 1), one for each combination of keys."""
    return (bits(*keys) >> np.uint64(11)) * 2.0**-53


def permutation(length: int, *keys) -> np.ndarray:
    """A random order of range(length)."""
    return np.argsort(bits(*keys, np.arange(length)), kind="stable")
