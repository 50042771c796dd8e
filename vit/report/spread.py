"""The two spreads of a cell: between the fine-tuning seeds of one pre-training, and between pre-trainings.

The first repeats only the transfer. How much another pre-training of the same recipe would differ is in the second alone,
which needs an experiment that asks for several (`pretrain.seeds`).
"""

from collections.abc import Mapping
from math import sqrt
from statistics import fmean, stdev, variance

Values = Mapping[
    tuple[int, int], float
]  # (seed of the pre-training, 0 without one; seed of the transfer) -> measured value


def by_pretraining(values: Values) -> dict[int, list[float]]:
    """Seed of a pre-training -> values of the transfers that start from it."""
    groups = {}
    for (pretraining, _), value in sorted(values.items()):
        groups.setdefault(pretraining, []).append(value)
    return groups


def repeats(values: Values) -> dict[int, float]:
    """What a ± and an interval are over: seed -> mean of each pre-training where there are several, else seed -> value."""
    groups = by_pretraining(values)
    if len(groups) > 1:
        return {seed: fmean(members) for seed, members in groups.items()}
    return {seed: value for (_, seed), value in sorted(values.items())}


def mean(values: Values) -> float | None:
    """Of the repeats, so that each pre-training counts alike; None without values."""
    return fmean(repeats(values).values()) if values else None


def spread(values: Values) -> float | None:
    """Sample standard deviation (n - 1) of the repeats; None for fewer than two."""
    return stdev(repeats(values).values()) if len(repeats(values)) > 1 else None


def transfer_spread(values: Values) -> float | None:
    """Sample standard deviation of the transfer seeds around the mean of their own pre-training, pooled; None without any."""
    several = [members for members in by_pretraining(values).values() if len(members) > 1]
    freedom = sum(len(members) - 1 for members in several)
    return sqrt(sum((len(members) - 1) * variance(members) for members in several) / freedom) if freedom else None


def pretraining_spread(values: Values) -> float | None:
    """Sample standard deviation of the pre-trainings' means; None for a single pre-training."""
    return spread(values) if len(by_pretraining(values)) > 1 else None
