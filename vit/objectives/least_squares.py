"""Few-shot linear evaluation in closed form: regularised least squares from frozen features to {-1, 1}^C (Section 4.1).

The paper says no more; draws, standardisation, constant feature and strength are those of the authors' evaluator
(big_vision, fewshot_lsr). Functions take numpy arrays or tensors and compute on the CPU:

    drawn = draw(labels, shots=5, seed=0)
    readout = fit(features[drawn], labels[drawn], num_classes)
    predictions = readout.scores(test_features).argmax(1)

N drawn images, D features, C classes, B images to classify. Memory of a fit: two copies of the drawn features, a matrix of
min(N, D + 1)^2 and two of N x C: in float64 1 GB for 25 shots of 1,000 classes at D = 1280, 5 GB at D = 6144.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Array = np.ndarray | Tensor
# The authors' values. CONSTANT makes an eigenvalue of Z'Z about N * 10^4, which is ill-conditioned in float32 for small l2.
EPSILON, L2, CONSTANT = 1e-5, 1024.0, 100.0
DTYPES = {"float64": torch.float64, "float32": torch.float32}  # the authors use float32; see CONSTANT


def draw(labels: Array, shots: int, seed: int) -> np.ndarray:
    """Indices of `shots` images of each class, class by class; all images of a class that has fewer."""
    labels = np.asarray(labels)
    # The generator permutes class after class and the first `shots` of each are taken: draws of a seed are nested, and
    # numpy's stream is the same on every machine.
    generator = np.random.default_rng(seed)
    order = np.argsort(labels, kind="stable")
    classes = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return np.concatenate([generator.permutation(members)[:shots] for members in classes])


def moments(train: Array, epsilon: float = EPSILON, dtype: str = "float64") -> tuple[Tensor, Tensor]:
    """Mean, and biased standard deviation + epsilon, of each feature; both (D,) for features (N, D)."""
    train = torch.as_tensor(train).to(DTYPES[dtype])
    return train.mean(0), train.std(0, correction=0) + epsilon


def standardised(features: Array, mean: Tensor, deviation: Tensor) -> Tensor:
    """(features - mean) / deviation."""
    # a single copy, changed in place: features may take gigabytes
    return torch.as_tensor(features).to(mean.dtype, copy=True).sub_(mean).div_(deviation)


def solve(
    features: Array, labels: Array, num_classes: int, l2: float = L2, constant: float = CONSTANT, dtype: str = "float64"
) -> Tensor:
    """W (D + 1, C) that minimises |Z W - T|^2 + l2 |W|^2, for standardised features (N, D) and labels (N,) below C.

    Z is the features with a last column `constant`, regularised like the others; T (N, C) is 1 for an image's class and
    -1 for the others. Raises ValueError for l2 <= 0 and for features that are not finite.
    """
    features, labels = torch.as_tensor(features), torch.as_tensor(labels)
    if not l2 > 0:
        raise ValueError(f"l2 is {l2}: least squares with more features than images need it above 0")
    if not features.isfinite().all():
        raise ValueError("features hold NaN or infinity: the weights of the model, or its precision, are broken")
    z = F.pad(features.to(DTYPES[dtype]), (0, 1), value=constant)
    targets = z.new_full((len(z), num_classes), -1.0)
    targets[torch.arange(len(z)), labels.long()] = 1.0
    # (Z'Z + l2 I)^-1 Z'T = Z'(ZZ' + l2 I)^-1 T: the smaller of the two matrices is factorised
    if len(z) < z.shape[1]:
        return z.T @ solve_regularised(z @ z.T, targets, l2)
    return solve_regularised(z.T @ z, z.T @ targets, l2)


def solve_regularised(gram: Tensor, right: Tensor, l2: float) -> Tensor:
    """(gram + l2 I)^-1 right."""
    gram.diagonal().add_(l2)
    return torch.cholesky_solve(right, torch.linalg.cholesky(gram))  # a Gram matrix plus l2 I is positive definite


def scores(features: Array, weights: Tensor, constant: float = CONSTANT) -> Tensor:
    """(B, C) for standardised features (B, D) and weights (D + 1, C), whose last row belongs to the constant."""
    return torch.as_tensor(features).to(weights.dtype) @ weights[:-1] + constant * weights[-1]


@dataclass(frozen=True)
class Readout:
    """A linear classifier of unstandardised features."""

    mean: Tensor
    deviation: Tensor
    weights: Tensor
    constant: float

    def scores(self, features: Array) -> Tensor:
        """(B, D) to (B, C)."""
        return scores(standardised(features, self.mean, self.deviation), self.weights, self.constant)


def fit(
    features: Array,
    labels: Array,
    num_classes: int,
    *,
    l2: float = L2,
    constant: float = CONSTANT,
    epsilon: float = EPSILON,
    dtype: str = "float64",
) -> Readout:
    """The Readout of drawn features (N, D) with labels (N,)."""
    mean, deviation = moments(features, epsilon, dtype)
    weights = solve(standardised(features, mean, deviation), labels, num_classes, l2, constant, dtype)
    return Readout(mean, deviation, weights, constant)


def fit_draws(
    represent: Callable[[np.ndarray], Tensor],
    labels: Array,
    num_classes: int,
    *,
    shots: Sequence[int],
    draws: Sequence[int],
    **options,
) -> dict[tuple[int, int], Readout]:
    """{(shots, seed): Readout} for every number of shots and every seed in `draws`.

    represent: maps indices (n,) into the labels to features (n, D); called once per seed. options: arguments of `fit`.
    """
    labels, readouts = np.asarray(labels), {}
    for seed in draws:
        drawn = draw(labels, max(shots), seed)
        features, classes = represent(drawn), labels[drawn]
        for count in shots:
            chosen = np.isin(drawn, draw(labels, count, seed))  # draws of a seed are nested
            readouts[count, seed] = fit(features[torch.from_numpy(chosen)], classes[chosen], num_classes, **options)
    return readouts
