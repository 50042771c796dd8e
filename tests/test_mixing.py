"""Mixup and CutMix: torchvision's images, labels and boxes; draws that are functions of the update; in real trainings."""

from collections import Counter

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny_runs import FINETUNE, MODEL, PRETRAIN, STEPS, Course, given, loader, trained
from torchvision.transforms import v2

from vit.objectives import cutmix, mixup
from vit.objectives.losses import LOSSES, targets
from vit.objectives.mixing import Mixing
from vit.tasks import Finetune, Pretrain

HEIGHT, WIDTH, CLASSES = 6, 10, 5
SIZE = dict(height=HEIGHT, width=WIDTH)
IMAGES = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (4, 3, HEIGHT, WIDTH)))
LABELS, ROLLED = (
    torch.tensor([0, 4, 2, 2]),
    torch.arange(4).roll(1),
)  # torchvision mixes an image with the one before it


def torchvisions(kind, **drawn):
    """(images, labels (B, C)) of v2.MixUp or v2.CutMix with these draws."""
    transform = kind(num_classes=CLASSES)
    drawn |= {"labels": LABELS, "batch_size": len(LABELS)}
    return transform.transform(IMAGES, drawn), transform.transform(LABELS, drawn).double()


def test_mixed_images_are_torchvisions():
    expected, _ = torchvisions(v2.MixUp, lam=0.3)
    torch.testing.assert_close(mixup.mixed(IMAGES, 0.3, ROLLED), expected, rtol=0, atol=1e-15)


def test_cut_images_are_torchvisions():
    expected, _ = torchvisions(v2.CutMix, box=(2, 1, 7, 6), lam_adjusted=0.5)
    before = IMAGES.clone()
    assert torch.equal(cutmix.cut(IMAGES, (2, 1, 7, 6), ROLLED), expected)
    assert torch.equal(IMAGES, before) and not torch.equal(IMAGES, expected)


def test_boxes_and_shares_are_torchvisions():
    """Its make_params, and ours from the numbers that it draws."""
    beta, transform = torch.distributions.Beta(torch.tensor([1.0]), torch.tensor([1.0])), v2.CutMix(num_classes=CLASSES)
    for seed in range(200):
        torch.manual_seed(seed)
        expected = transform.make_params([IMAGES])
        torch.manual_seed(seed)
        lam, x, y = float(beta.sample(())), int(torch.randint(WIDTH, (1,))), int(torch.randint(HEIGHT, (1,)))
        box = cutmix.box_around(x, y, lam, **SIZE)
        assert box == expected["box"]
        assert cutmix.own_share(box, **SIZE) == pytest.approx(expected["lam_adjusted"], abs=1e-12)


def sigmoid_loss(logits, y):
    return F.binary_cross_entropy_with_logits(logits, y, reduction="sum") / len(y)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(("loss", "theirs"), [("softmax", F.cross_entropy), ("sigmoid", sigmoid_loss)])
def test_the_loss_is_that_of_torchvisions_mixed_labels(loss, theirs, smoothing):
    logits = torch.from_numpy(np.random.default_rng(1).normal(scale=3, size=(4, CLASSES)))
    _, labels = torchvisions(v2.MixUp, lam=0.3)
    expected = theirs(logits, labels * (1 - smoothing) + smoothing / CLASSES)

    def ours(y):
        return LOSSES[loss](logits, targets(y, CLASSES, smoothing, torch.float64))

    assert mixup.mixed_loss(ours, LABELS, 0.3, ROLLED).item() == pytest.approx(expected.item(), abs=1e-6)


def test_the_centre_of_a_box_is_any_pixel_and_decided_by_the_update():
    drawn = [cutmix.centre(**SIZE, seed=7, step=step) for step in range(6000)]
    assert drawn[3] == cutmix.centre(**SIZE, seed=7, step=3) and drawn[:9] != [
        cutmix.centre(**SIZE, seed=8, step=step) for step in range(9)
    ]
    counts = Counter(drawn)
    assert set(counts) == {(x, y) for x in range(WIDTH) for y in range(HEIGHT)}
    assert max(abs(count - 100) for count in counts.values()) < 50  # five standard deviations


def test_with_both_on_each_is_taken_in_half_of_the_updates_and_alone_in_all():
    both = [Mixing(0.2, 1.0).cuts(seed=7, step=step) for step in range(2000)]
    assert np.mean(both) == pytest.approx(0.5, abs=0.05)
    assert both[:9] == [Mixing(0.2, 1.0).cuts(seed=7, step=step) for step in range(9)]
    assert all(Mixing(0.0, 1.0).cuts(seed=7, step=step) for step in range(9))
    assert not any(Mixing(0.2, 0.0).cuts(seed=7, step=step) for step in range(9))
    assert not Mixing(0.0, 0.0).is_on


CASES = {
    "pre-training, both": (Pretrain, PRETRAIN | dict(mixup=0.5, cutmix=1.0, label_smoothing=0.1)),
    "pre-training, sigmoid": (Pretrain, PRETRAIN | dict(mixup=0.5, cutmix=1.0, loss="sigmoid")),
    "fine-tuning, mixup": (Finetune, FINETUNE | dict(mixup=0.5)),
    "fine-tuning, CutMix": (Finetune, FINETUNE | dict(cutmix=1.0, label_smoothing=0.1)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_learns_from_mixed_images_and_labels(case):
    """The loss of each of two micro-batches of each update, from its weights, its images and the draws of (seed, update)."""
    kind, values = CASES[case]
    task, path, mixing = kind(**MODEL, **values), Course(), Mixing(values.get("mixup", 0.0), values.get("cutmix", 0.0))
    given(task, zero_head=False)
    record, seen = trained(task, "64-true", path, pieces=2), set()
    for index, (images, labels) in enumerate(loader(2, torch.float64)):
        step = index // 2
        if step == 0:
            continue
        update = dict(seed=task.seed, step=step)
        order = mixup.partners(len(images))
        cuts = mixing.cuts(**update)
        lam = mixup.share(mixing.cutmix if cuts else mixing.mixup, **update)
        mask = torch.ones(8, 8).double() * (1 - lam)
        if cuts:
            x, y = cutmix.centre(8, 8, **update)
            half = int(0.5 * np.sqrt(1 - lam) * 8)
            mask = torch.zeros(8, 8).double()
            mask[max(y - half, 0) : y + half, max(x - half, 0) : x + half] = 1
        share = mask.mean()
        torch.nn.utils.vector_to_parameters(torch.from_numpy(path.after[2 * step - 1]), task.model.parameters())
        logits = task.model(images * (1 - mask) + images[order] * mask)
        classes, smoothing = torch.eye(5).double()[labels], values.get("label_smoothing", 0.0)
        soft = ((1 - share) * classes + share * classes[order]) * (1 - smoothing) + smoothing / 5
        expected = (sigmoid_loss if task.loss == "sigmoid" else F.cross_entropy)(logits, soft)
        assert record.losses[index] == pytest.approx(expected.item() / 2, abs=1e-12)  # Lightning halves it
        seen.add(cuts)
    assert len(record.losses) == 2 * STEPS
    assert seen == {kind for kind, alpha in ((False, mixing.mixup), (True, mixing.cutmix)) if alpha}
