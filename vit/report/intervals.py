"""The difference of two means over seeds and its 95% interval: Student's t, paired by seed, or Welch's for unequal seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, pi, sqrt, tan
from statistics import fmean, stdev, variance

import numpy as np

LEVEL = 0.95
PAIRED, WELCH, NO_INTERVAL = "paired t", "Welch's t", "no interval"


@dataclass(frozen=True)
class Difference:
    """Of two means, in the unit of the values."""

    mean: float
    half: float | None  # the interval is mean ± half; None for NO_INTERVAL
    method: str  # PAIRED, WELCH or NO_INTERVAL

    @property
    def interval(self) -> tuple[float, float] | None:
        return None if self.half is None else (self.mean - self.half, self.mean + self.half)


def difference(ours: Mapping[int, float], base: Mapping[int, float]) -> Difference:
    """Ours minus base, both seed -> value. A single seed on either side shows no spread, so there is no interval."""
    mean = fmean(ours.values()) - fmean(base.values())
    if min(len(ours), len(base)) < 2:
        return Difference(mean, None, NO_INTERVAL)
    if ours.keys() == base.keys():
        error, freedom, method = *paired([ours[seed] - base[seed] for seed in ours]), PAIRED
    else:
        error, freedom, method = *welch(list(ours.values()), list(base.values())), WELCH
    return Difference(mean, t_quantile((1 + LEVEL) / 2, freedom) * error, method)


def paired(differences: Sequence[float]) -> tuple[float, float]:
    """(standard error of their mean, degrees of freedom): s / sqrt(n) and n - 1."""
    return stdev(differences) / sqrt(len(differences)), len(differences) - 1


def welch(ours: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """(standard error of the difference of means, Welch and Satterthwaite's degrees of freedom); the variances may differ."""
    parts = [(variance(values) / len(values), len(values) - 1) for values in (ours, base)]
    squared = sum(part for part, _ in parts)
    if squared == 0:
        return 0.0, sum(freedom for _, freedom in parts)
    return sqrt(squared), squared**2 / sum(part**2 / freedom for part, freedom in parts)


@lru_cache
def t_quantile(probability: float, freedom: float) -> float:
    """The t with P(T <= t) = probability of Student's distribution. probability: 0.5 to below 1; freedom: 1 or more."""
    low, high = 0.0, pi / 2  # of the angle atan(t / sqrt(freedom))
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if 0.5 + half_mass(middle, freedom) > probability else (middle, high)
    return sqrt(freedom) * tan(low)


def half_mass(angle: float, freedom: float) -> float:
    """P(0 < T < sqrt(freedom) tan(angle)): in the angle, the density of T is proportional to cos(angle) ** (freedom - 1)."""
    nodes, weights = quadrature()
    angles = angle / 2 * (1 + nodes)
    mass = angle / 2 * float(weights @ np.cos(angles) ** (freedom - 1))
    # Over 0 to pi / 2 the integral is sqrt(pi) / 2 * gamma(freedom / 2) / gamma((freedom + 1) / 2).
    return mass / sqrt(pi) * exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2))


@lru_cache
def quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss and Legendre on -1 to 1."""
    return np.polynomial.legendre.leggauss(100)
