"""Few-shot linear evaluation against numpy: draws, standardisation, both forms of the solution."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from reference import least_squares

from vit.objectives import least_squares as fewshot

CLASSES = 7


def blobs(images, features, *, seed, spread=1.0):
    """Features (N, D) around one centre a class, float32 as a model gives them, with scales that differ; labels (N,)."""
    generator = np.random.default_rng(99)
    centres, scale = generator.normal(size=(CLASSES, features)), generator.uniform(0.01, 30, features)
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, CLASSES, images)
    noise = spread * generator.normal(size=(images, features))
    return ((centres[labels] + noise) * scale + 5).astype(np.float32), labels


def accuracy(scores, labels):
    return (scores.argmax(1).numpy() == labels).mean()


def test_a_draw_is_numpys_permutation_of_each_class_in_turn():
    labels = np.array([2, 0, 1, 0, 2, 2, 0, 1, 0, 2, 0])
    for seed in (0, 1, 2):
        expected = least_squares.drawn(labels, 2, seed, 3)
        assert fewshot.draw(labels, 2, seed).tolist() == expected.tolist()
        assert fewshot.draw(torch.tensor(labels), 2, seed).tolist() == expected.tolist()
    assert labels[fewshot.draw(labels, 2, 0)].tolist() == [0, 0, 1, 1, 2, 2]


def test_a_draw_never_changes():
    assert fewshot.draw(np.repeat([0, 1, 2], 10), 2, seed=0).tolist() == [4, 6, 12, 19, 25, 24]


def test_draws_of_one_seed_are_nested_and_those_of_two_differ():
    labels = np.random.default_rng(5).integers(0, 10, 1000)
    shots = (1, 5, 10, 25)
    draws = [fewshot.draw(labels, count, 0) for count in shots]
    assert [len(drawn) for drawn in draws] == [10 * count for count in shots]
    for small, large in pairwise(draws):
        assert set(small) < set(large)
    assert set(draws[1]) != set(fewshot.draw(labels, 5, 1))


def test_a_class_with_fewer_images_gives_all_it_has():
    labels = np.array([0] * 3 + [1] * 30 + [3] * 30)  # and class 2 has none
    drawn = fewshot.draw(labels, 10, 0)
    assert sorted(drawn[:3]) == [0, 1, 2]
    assert np.bincount(labels[drawn]).tolist() == [3, 10, 0, 10]


def test_features_are_standardised_by_the_drawn_images_with_the_biased_deviation():
    images = np.array([[1.0], [3.0], [8.0]])
    train, test = (fewshot.standardised(x, *fewshot.moments(images)) for x in (images, np.array([[4.0], [5.0]])))
    deviation = np.sqrt((9 + 1 + 16) / 3) + 1e-5  # around 4, over N, not N - 1
    np.testing.assert_allclose(train[:, 0], np.array([-3, -1, 4]) / deviation, rtol=1e-14)
    np.testing.assert_allclose(test[:, 0], np.array([0, 1]) / deviation, rtol=1e-14)


def test_a_feature_that_is_the_same_in_all_drawn_images_counts_nothing():
    train, labels = blobs(40, 5, seed=1)
    test, _ = blobs(20, 5, seed=2)
    train[:, 2] = 7.0
    readout = fewshot.fit(train, labels, CLASSES)
    assert torch.equal(readout.weights[2], torch.zeros(CLASSES).double())
    moved = test.copy()
    moved[:, 2] += 1.0
    torch.testing.assert_close(readout.scores(test), readout.scores(moved), rtol=0, atol=0)


def test_two_images_and_one_feature_by_hand():
    """Z = [[1, c], [-1, c]], T = [[1, -1], [-1, 1]]: Z'Z is diagonal (2, 2 c^2), Z'T = [[2, -2], [0, 0]]."""
    weights = fewshot.solve(np.array([[1.0], [-1.0]]), np.array([0, 1]), 2, l2=3.0, constant=10.0)
    np.testing.assert_allclose(weights, [[2 / 5, -2 / 5], [0, 0]], atol=1e-15)
    np.testing.assert_allclose(fewshot.scores(np.array([[0.5]]), weights, 10.0), [[0.2, -0.2]], atol=1e-15)


def test_the_constant_is_a_feature_of_its_own_and_is_regularised():
    """One class, no other feature that varies: w = 100 N / (100^2 N + l2), and the score is 100 w."""
    weights = fewshot.solve(np.zeros((3, 1)), np.zeros(3, int), 1)
    np.testing.assert_allclose(weights, [[0], [300 / (30000 + 1024)]], rtol=1e-13)
    np.testing.assert_allclose(fewshot.scores(np.zeros((1, 1)), weights), [[100 * 300 / 31024]], rtol=1e-13)


@pytest.mark.parametrize("images", [12, 40, 41, 300], ids=["N < D", "N = D", "N = D + 1", "N > D"])
@pytest.mark.parametrize("inverse", [least_squares.eigenvalues, least_squares.inversion])
@pytest.mark.parametrize("l2", [1024.0, 1.0])
def test_scores_are_those_of_the_normal_equations(images, inverse, l2):
    (train, labels), (test, _) = blobs(images, 40, seed=1), blobs(50, 40, seed=2)
    expected = least_squares.scores(train, labels, test, CLASSES, l2=l2, inverse=inverse)
    z, z_test = least_squares.standardised(train, test)
    weights = fewshot.solve(z, labels, CLASSES, l2=l2)
    assert weights.dtype == torch.float64 and weights.shape == (41, CLASSES)
    np.testing.assert_allclose(fewshot.scores(z_test, weights), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(fewshot.fit(train, labels, CLASSES, l2=l2).scores(test), expected, rtol=0, atol=1e-9)


def test_targets_0_and_1_give_other_scores_and_the_same_predictions():
    (train, labels), (test, _) = blobs(60, 40, seed=1, spread=3.0), blobs(500, 40, seed=2, spread=3.0)
    other = least_squares.scores(train, labels, test, CLASSES, targets=(0.0, 1.0))
    ours = fewshot.fit(train, labels, CLASSES).scores(test).numpy()
    assert np.abs(ours - other).max() > 0.1
    assert (ours.argmax(1) == other.argmax(1)).all()


def test_float32_is_there_to_compare_and_float64_is_better():
    (train, labels), (test, _) = blobs(300, 40, seed=1), blobs(50, 40, seed=2)
    exact = least_squares.scores(train, labels, test, CLASSES)
    error = {
        dtype: np.abs(fewshot.fit(train, labels, CLASSES, dtype=dtype).scores(test).numpy() - exact).max()
        for dtype in ("float32", "float64")
    }
    assert error["float64"] < 1e-11 < 1e-7 < error["float32"] < 1e-2


def test_accuracy_rises_with_the_shots():
    (train, labels), (test, test_labels) = blobs(2000, 30, seed=1, spread=2.5), blobs(1000, 30, seed=2, spread=2.5)
    readouts = fewshot.fit_draws(
        lambda drawn: torch.from_numpy(train[drawn]), labels, CLASSES, shots=[1, 5, 25], draws=[0, 1, 2]
    )
    means = [
        np.mean([accuracy(readouts[count, seed].scores(test), test_labels) for seed in (0, 1, 2)])
        for count in (1, 5, 25)
    ]
    assert 1 / CLASSES < means[0] < means[1] - 0.05 and means[1] < means[2] - 0.05, means


def test_what_is_not_drawn_is_not_represented():
    train, labels = blobs(500, 8, seed=1)
    asked = []

    def represent(drawn):
        asked.append(drawn)
        return torch.from_numpy(train[drawn])

    readouts = fewshot.fit_draws(represent, labels, CLASSES, shots=[1, 5], draws=[0, 3])
    assert [len(drawn) for drawn in asked] == [5 * CLASSES] * 2
    for (count, seed), readout in readouts.items():
        chosen = least_squares.drawn(labels, count, seed, CLASSES)
        expected = least_squares.scores(train[chosen], labels[chosen], train, CLASSES)
        np.testing.assert_allclose(readout.scores(train), expected, rtol=0, atol=1e-9)


def test_a_thousand_classes_are_solved_in_the_smaller_of_the_two_forms():
    """5 shots of 1,000 classes: 5,000 images against D + 1 = 65, then one shot of them against 1,281."""
    for shots, features in ((5, 64), (1, 1280)):
        labels = np.tile(np.arange(1000), shots)
        train = np.random.default_rng(0).normal(size=(len(labels), features)).astype(np.float32)
        train[:, :64] += np.random.default_rng(1).normal(size=(1000, 64))[labels] * 10
        readout = fewshot.fit(train, labels, 1000)
        assert readout.weights.shape == (features + 1, 1000)
        assert accuracy(readout.scores(train), labels) > 0.9


@pytest.mark.parametrize(
    ("features", "l2", "words"),
    [(np.ones((3, 2)), 0.0, "l2 is 0.0"), (np.array([[1.0], [np.nan], [0.0]]), 1.0, "NaN or infinity")],
)
def test_what_has_no_solution_is_one_line(features, l2, words):
    with pytest.raises(ValueError, match=words):
        fewshot.solve(features, np.array([0, 1, 1]), 2, l2=l2)
