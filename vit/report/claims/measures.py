"""What a claim computes from the values of cells. All arrays end with a dimension of D draws; D is 1 for the values themselves."""

from collections.abc import Callable, Mapping

import numpy as np

from vit.report.claims.claim import Claim
from vit.report.claims.operands import Operands
from vit.report.results import Result

Values = Mapping[int, np.ndarray]  # id of a result -> its values (D,)
Position = Callable[[Result], float]  # a result -> its place on the horizontal axis of a slope


def quantity(claim: Claim, pair: Operands, values: Values, position: Position) -> np.ndarray | None:
    """Of one transfer set (D,), the mean over the groups; None where it is not defined."""
    if claim.measure == "equal_compute":
        return above_the_line(pair, values, position)
    if claim.measure == "ranks":
        return rank_correlation(claim, pair, values)
    reduce = REDUCE[claim.measure]
    differences = [
        sum(reduce(groups[key], values, position) for groups in pair.plus)
        - claim.factor * sum(reduce(groups[key], values, position) for groups in pair.minus)
        for key in pair.keys
    ]
    return np.mean(differences, axis=0)


def stacked(results: list[Result], values: Values) -> np.ndarray:
    """(results, D)."""
    return np.stack([values[id(result)] for result in results])


def slope(results: list[Result], values: Values, position: Position) -> np.ndarray:
    """Of the least-squares line through the results (D,); 0 for results at a single position."""
    x = np.array([position(result) for result in results])
    x = x - x.mean()
    return (x @ stacked(results, values)) / max(x @ x, np.finfo(float).tiny)


REDUCE = {
    "mean": lambda results, values, _: stacked(results, values).mean(axis=0),
    "best": lambda results, values, _: stacked(results, values).max(axis=0),
    "range": lambda results, values, _: np.ptp(stacked(results, values), axis=0),
    "slope_data": slope,
    "slope_compute": slope,
}


def above_the_line(pair: Operands, values: Values, position: Position) -> np.ndarray | None:
    """Mean height of the cells of plus above straight lines between neighbours of minus, where those span their position."""
    upper = [result for groups in pair.plus for group in groups.values() for result in group]
    line = sorted((r for groups in pair.minus for group in groups.values() for r in group), key=position)
    x, y = np.array([position(result) for result in line]), stacked(line, values)
    inside = [result for result in upper if x[0] <= position(result) <= x[-1]]
    if not inside:
        return None
    heights = [values[id(result)] - between(position(result), x, y) for result in inside]
    return np.mean(heights, axis=0)


def between(at: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Linear interpolation at a position within x, which rises; y (points, D)."""
    right = min(max(int(np.searchsorted(x, at)), 1), len(x) - 1)
    share = (at - x[right - 1]) / max(x[right] - x[right - 1], np.finfo(float).tiny)
    return (1 - share) * y[right - 1] + share * y[right]


def rank_correlation(claim: Claim, pair: Operands, values: Values) -> np.ndarray | None:
    """Spearman's, over what plus and minus have in common along `over`; None for fewer than three."""
    upper, lower = (by_name(claim, operands) for operands in (pair.plus, pair.minus))
    names = [name for name in upper if name in lower]
    if len(names) < 3:
        return None
    ranks = [ranked(np.stack([stacked(side[name], values).mean(axis=0) for name in names])) for side in (upper, lower)]
    centred = [rank - rank.mean(axis=0) for rank in ranks]
    norms = np.sqrt([(part**2).sum(axis=0) for part in centred])
    return (centred[0] * centred[1]).sum(axis=0) / np.maximum(norms[0] * norms[1], np.finfo(float).tiny)


def by_name(claim: Claim, operands: tuple) -> dict[tuple, list[Result]]:
    names = {}
    for result in (r for groups in operands for group in groups.values() for r in group):
        names.setdefault(result.cell.key(claim.over), []).append(result)
    return names


def ranked(rows: np.ndarray) -> np.ndarray:
    """Ranks along the first axis, those of ties averaged (rows, D)."""
    return (rows[:, None] > rows[None]).sum(axis=1) + 0.5 * (rows[:, None] == rows[None]).sum(axis=1)
