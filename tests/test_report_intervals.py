"""Differences of means over seeds with 95% intervals, against printed tables, closed forms and numbers worked out by hand."""

from math import pi, sqrt, tan

import numpy as np
import pytest

from vit.report.intervals import NO_INTERVAL, PAIRED, WELCH, difference, t_quantile

TABLE = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    9: 2.262,
    30: 2.042,
    120: 1.980,
}  # 97.5%, as in any textbook


@pytest.mark.parametrize("freedom", TABLE)
def test_quantiles_of_the_printed_table(freedom):
    assert t_quantile(0.975, freedom) == pytest.approx(TABLE[freedom], abs=5e-4)


@pytest.mark.parametrize("probability", [0.6, 0.9, 0.95, 0.975, 0.995])
def test_quantiles_with_a_closed_form(probability):
    p = probability
    assert t_quantile(p, 1) == pytest.approx(tan(pi * (p - 0.5)), rel=1e-9)
    assert t_quantile(p, 2) == pytest.approx((2 * p - 1) / sqrt(2 * p * (1 - p)), rel=1e-9)


@pytest.mark.parametrize("freedom", [1.3, 1.684, 2.5, 7.9])
def test_a_quantile_of_broken_degrees_of_freedom_cuts_off_that_mass(freedom):
    """The density (1 + t^2 / f) ** (-(f + 1) / 2) integrated numerically up to the quantile; its tail beyond 1e5 is below 1e-6."""
    t = t_quantile(0.975, freedom)

    def mass(end):
        steps = np.concatenate([[0], np.geomspace(1e-6, end, 400_000)])
        density = (1 + steps**2 / freedom) ** (-(freedom + 1) / 2)
        return float(np.sum((density[1:] + density[:-1]) / 2 * np.diff(steps)))

    assert mass(t) / mass(1e5) == pytest.approx(0.95, abs=1e-5)


def test_equal_seeds_are_paired():
    """Differences 1, 2 and 3: mean 2, standard deviation 1, so 2 ± 4.3027 / sqrt(3)."""
    found = difference({0: 81, 1: 92, 2: 73}, {2: 70, 1: 90, 0: 80})
    assert found.method == PAIRED and found.mean == pytest.approx(2)
    assert found.interval == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)


def test_two_seeds_are_paired_with_one_degree_of_freedom():
    """Differences 0.5 and 0.1: mean 0.3, half of the interval 12.7062 * 0.2828 / sqrt(2) = 2.5412."""
    found = difference({0: 80.5, 1: 80.1}, {0: 80.0, 1: 80.0})
    assert found.half == pytest.approx(2.5412, abs=1e-4)


def test_unequal_seeds_are_compared_by_welch():
    """Variances 1 and 2 over 3 and 2 seeds: error sqrt(1/3 + 1), degrees (4/3)^2 / ((1/3)^2 / 2 + 1^2 / 1) = 32 / 19."""
    found = difference({0: 1, 1: 2, 2: 3}, {0: 2, 1: 4})
    assert found.method == WELCH and found.mean == pytest.approx(-1)
    assert found.half == pytest.approx(t_quantile(0.975, 32 / 19) * sqrt(4 / 3))


@pytest.mark.parametrize(("ours", "base"), [({0: 1}, {0: 3}), ({0: 1}, {0: 2, 1: 4}), ({0: 0, 1: 2}, {1: 3})])
def test_a_single_seed_has_no_interval(ours, base):
    found = difference(ours, base)
    assert found.mean == pytest.approx(-2) and found.method == NO_INTERVAL and found.interval is None


@pytest.mark.parametrize("base", [{0: 2, 1: 2}, {0: 2, 1: 2, 2: 2}])
def test_seeds_without_spread_have_an_interval_of_no_width(base):
    assert difference({0: 3, 1: 3}, base).interval == (1, 1)


@pytest.mark.parametrize("shift", [0, 5])
def test_19_of_20_intervals_hold_the_true_difference(shift):
    """5,000 repetitions with 3 seeds each: the share that holds it lies within three standard errors of 95%. shift: of the seeds."""
    normal = np.random.default_rng(0).normal(size=(5000, 2, 3))
    held = 0
    for ours, base in normal:
        low, high = difference(dict(enumerate(1 + ours)), dict(enumerate(base, start=shift))).interval
        held += low <= 1 <= high
    assert abs(held / 5000 - 0.95) < 0.01 if not shift else held / 5000 > 0.94  # Welch's is on the safe side
