"""Losses, soft targets and mixup against numpy and by hand."""

import numpy as np
import pytest
import torch
from reference import protocols

from vit.models import create_model
from vit.objectives import mixup
from vit.objectives.losses import LOSSES, sigmoid_xent, targets

LOGITS = np.random.default_rng(0).normal(scale=20, size=(6, 5))  # some far out, where sigmoids are 0 or 1
LABELS = np.array([0, 4, 2, 2, 1, 3])
REFERENCE = {"softmax": protocols.softmax_xent, "sigmoid": protocols.sigmoid_xent}


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_gradients_equal_numpys(name, smoothing):
    logits = torch.from_numpy(LOGITS).requires_grad_()
    loss = LOSSES[name](logits, targets(torch.from_numpy(LABELS), 5, smoothing, torch.float64))
    loss.backward()
    value, gradient = REFERENCE[name](LOGITS, protocols.one_hot(LABELS, 5, smoothing))
    assert loss.item() == pytest.approx(value, abs=1e-12)
    np.testing.assert_allclose(logits.grad.numpy(), gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_labels_are_the_same_as_their_one_hot_targets(name):
    logits, labels = torch.from_numpy(LOGITS), torch.from_numpy(LABELS)
    assert LOSSES[name](logits, labels).item() == pytest.approx(
        LOSSES[name](logits, targets(labels, 5, 0.0, torch.float64)).item(), abs=1e-12
    )


def test_the_sigmoid_loss_is_summed_over_classes_and_averaged_over_images():
    """At logits 0 every class costs ln 2."""
    assert sigmoid_xent(torch.zeros(3, 7), torch.tensor([0, 1, 2])).item() == pytest.approx(7 * np.log(2), rel=1e-6)


def test_the_sigmoid_loss_of_several_labels_is_torchs_over_the_classes_that_are_judged():
    logits = torch.from_numpy(LOGITS).requires_grad_()
    labels = torch.tensor(np.random.default_rng(1).integers(-1, 2, LOGITS.shape), dtype=torch.int8)
    sigmoid_xent(logits, labels).backward()
    again = torch.from_numpy(LOGITS).requires_grad_()
    judged, present = labels != -1, (labels == 1).double()
    costs = torch.nn.functional.binary_cross_entropy_with_logits(again, present, reduction="none")
    (costs[judged].sum() / len(labels)).backward()
    torch.testing.assert_close(logits.grad, again.grad, rtol=0, atol=1e-12)
    assert sigmoid_xent(logits, labels).item() == pytest.approx(costs[judged].sum().item() / len(labels), abs=1e-12)
    assert not logits.grad[~judged].any() and logits.grad[judged].any()


def test_the_sigmoid_loss_of_half_precision_logits_is_summed_in_float32():
    logits, labels = torch.full((2, 21843), -10.0, dtype=torch.bfloat16), torch.tensor([0, 1])
    expected = 10 + 21843 * np.log1p(np.exp(-10))
    assert sigmoid_xent(logits, labels).item() == pytest.approx(expected, rel=1e-5)


def test_smoothed_targets():
    assert targets(torch.tensor([1]), 4, 0.2).tolist() == [pytest.approx([0.05, 0.85, 0.05, 0.05])]


@pytest.mark.parametrize("name", ["ViT-B/16", "ResNet50x1", "R50+ViT-B/16"])
def test_a_head_bias_is_the_logit_of_every_class_at_the_start(name):
    small = dict(depth=1, width=16, heads=2, mlp=16) if "ViT" in name else {}
    units = {"units": (1, 1)} if name != "ViT-B/16" else {}
    model = create_model(name, image_size=32, num_classes=3, **small, **units)
    model.set_head_bias(-10.0)
    assert torch.equal(model(torch.zeros(2, 3, 32, 32)), torch.full((2, 3), -10.0))


def test_one_share_a_step_and_another_the_next():
    shares = [mixup.share(0.1, seed=7, step=step) for step in range(4000)]
    assert shares[3] == mixup.share(0.1, seed=7, step=3) != mixup.share(0.1, seed=8, step=3)
    assert len(set(shares)) > 3500
    # Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1)); folded to above 1/2 the mean would be 0.95
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03) and np.var(shares) == pytest.approx(1 / 4.8, abs=0.02)


def test_partners_are_each_others_and_stay_so_in_every_even_part_of_a_batch():
    order = mixup.partners(12)
    assert torch.equal(order[order], torch.arange(12)) and not (order == torch.arange(12)).any()
    for size in (2, 4, 6):
        parts = [mixup.partners(size) + first for first in range(0, 12, size)]
        assert torch.equal(torch.cat(parts), order)
    with pytest.raises(ValueError, match="3 images cannot be mixed in pairs"):
        mixup.partners(3)


def test_images_and_loss_are_mixed_alike():
    images, labels, order = torch.arange(6.0).view(3, 2), torch.tensor([0, 1, 2]), torch.tensor([2, 0, 1])
    assert mixup.mixed(images, 0.75, order).tolist() == [[1.0, 2.0], [1.5, 2.5], [3.5, 4.5]]
    logits, y = torch.from_numpy(LOGITS[:3, :3]), np.eye(3)
    expected, _ = protocols.softmax_xent(LOGITS[:3, :3], 0.75 * y + 0.25 * y[order.numpy()])
    loss = mixup.mixed_loss(lambda labels: LOSSES["softmax"](logits, labels), labels, 0.75, order)
    assert loss.item() == pytest.approx(expected, abs=1e-12)
