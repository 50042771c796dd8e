"""Few-shot linear evaluation in closed form: regularised least squares from frozen features to {-1, 1}^C (Section 4.1).

The paper says no more than that; draws, standardisation, constant feature and strength are those of the authors'
evaluator (big_vision, fewshot_lsr). Functions take numpy arrays or tensors and compute on the CPU, in float64 unless told:

    drawn = draw(labels, shots=5, seed=0)
    train, test = standardise(features[drawn], test_features)
    weights = solve(train, labels[drawn], num_classes)
    accuracy(scores(test, weights), test_labels)

N drawn images, D features, C classes, B images to classify. Fitting holds the drawn features, two copies of them in
float64, one matrix of min(N, D + 1)^2 and two of N x C: 1 GB for 25 shots of 1,000 classes at D = 1280, 5 GB at D = 6144.
A Readout then holds (D + 1) x C numbers, and test features pass by in batches of any size.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

EPSILON, L2, CONSTANT = 1e-5, 1024.0, 100.0  # the authors'
DTYPES = {"float64": torch.float64, "float32": torch.float32}  # the authors' is float32, badly conditioned for small l2


def draw(labels, shots, seed):
    """Indices of `shots` images of each class, class by class; all images of a class that has fewer.

    One numpy generator permutes the indices of class 0, 1, ... in turn and the first of each stay, so that draws of one
    seed are nested, and the same wherever numpy is.
    """
    labels = np.asarray(labels)
    generator = np.random.default_rng(seed)
    order = np.argsort(labels, kind="stable")
    classes = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return np.concatenate([generator.permutation(members)[:shots] for members in classes])


def moments(train, epsilon=EPSILON, dtype="float64"):
    """(mean, biased standard deviation + epsilon) of each feature, both (D,)."""
    train = torch.as_tensor(train).to(DTYPES[dtype])
    return train.mean(0), train.std(0, correction=0) + epsilon


def standardise(train, test, epsilon=EPSILON, dtype="float64"):
    """Both sets of features, (N, D) and (B, D), minus the mean of the first, divided by its deviation + epsilon."""
    mean, deviation = moments(train, epsilon, dtype)
    return centred(train, mean, deviation), centred(test, mean, deviation)


def centred(features, mean, deviation):
    """One copy, changed in place: there may be gigabytes of features."""
    return torch.as_tensor(features).to(mean.dtype, copy=True).sub_(mean).div_(deviation)


def solve(features, labels, num_classes, l2=L2, constant=CONSTANT, dtype="float64"):
    """W (D + 1, C), the minimum of |Z W - T|^2 + l2 |W|^2: (Z'Z + l2 I)^-1 Z'T, or where N < D + 1 the equal Z'(ZZ' + l2 I)^-1 T.

    features: standardised, (N, D); Z has a last column `constant` beside them, regularised like the others. T (N, C) is
    1 for an image's class and -1 for the others; labels are whole numbers below num_classes. ValueError for an l2 that
    is not above 0, and for features that are not finite.
    """
    features, labels = torch.as_tensor(features), torch.as_tensor(labels)
    if not l2 > 0:
        raise ValueError(f"l2 is {l2}: least squares with more features than images need it above 0")
    if not features.isfinite().all():
        raise ValueError("features hold NaN or infinity: the weights of the model, or its precision, are broken")
    z = F.pad(features.to(DTYPES[dtype]), (0, 1), value=constant)
    targets = z.new_full((len(z), num_classes), -1.0)
    targets[torch.arange(len(z)), labels.long()] = 1.0
    if len(z) < z.shape[1]:
        return z.T @ solved(z @ z.T, targets, l2)
    return solved(z.T @ z, z.T @ targets, l2)


def solved(gram, right, l2):
    """(gram + l2 I)^-1 right; the sum is symmetric and positive."""
    gram.diagonal().add_(l2)
    return torch.cholesky_solve(right, torch.linalg.cholesky(gram))


def scores(features, weights, constant=CONSTANT):
    """(B, C) of standardised features (B, D): the last row of the weights belongs to the constant."""
    return torch.as_tensor(features).to(weights.dtype) @ weights[:-1] + constant * weights[-1]


def accuracy(scores, labels):
    """Fraction of images whose class has the highest score."""
    return float((scores.argmax(1) == torch.as_tensor(labels)).double().mean())


@dataclass(frozen=True)
class Readout:
    """A linear classifier of features as they come out of the model."""

    mean: torch.Tensor
    deviation: torch.Tensor
    weights: torch.Tensor
    constant: float

    def scores(self, features):
        """(B, D) to (B, C)."""
        return scores(centred(features, self.mean, self.deviation), self.weights, self.constant)


def fit(features, labels, num_classes, *, l2=L2, constant=CONSTANT, epsilon=EPSILON, dtype="float64"):
    """The Readout of drawn features (N, D) with their labels (N,)."""
    mean, deviation = moments(features, epsilon, dtype)
    weights = solve(centred(features, mean, deviation), labels, num_classes, l2, constant, dtype)
    return Readout(mean, deviation, weights, constant)


def fit_draws(represent, labels, num_classes, *, shots, draws, **how):
    """{(shots, draw): Readout} for every number of shots and every seed of `draws`.

    represent: a function from indices into labels to the features (n, D) of these images; nothing else is computed, and
    once a draw, since draws are nested. how: arguments of `fit`.
    """
    labels, readouts = np.asarray(labels), {}
    for seed in draws:
        drawn = draw(labels, max(shots), seed)
        features, classes = represent(drawn), labels[drawn]
        for count in shots:
            chosen = np.isin(drawn, draw(labels, count, seed))
            readouts[count, seed] = fit(features[torch.from_numpy(chosen)], classes[chosen], num_classes, **how)
    return readouts
