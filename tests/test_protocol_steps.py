"""Twenty steps of the real tasks and Trainer against the authors' arithmetic in numpy (reference/protocols.py)."""

import numpy as np
import pytest
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback
from reference import protocols
from torch.utils.data import DataLoader

from vit.optim import global_norm
from vit.tasks import Finetune, Pretrain

STEPS, WARMUP, CLASSES, BATCH = 20, 4, 5, 8
SIZES = dict(patch=4, heads=2, depth=2)
MODEL = dict(
    model="ViT-B/16", options=dict(**SIZES, width=8, mlp=12), num_classes=CLASSES, image_size=8, warmup_steps=WARMUP,
    warmup_from="zero", clip_rule="official", dropout=0.0,
)  # fmt: skip
FINETUNE = dict(
    init=None, positions="bilinear", lr=0.03, lr_from=[], momentum=0.9, momentum_dtype="float32", decay="cosine",
    drops=[], mixup=0.0, polyak=None,
)  # fmt: skip
PRETRAIN = dict(
    optimizer="adam", lr=0.003, decay="linear", linear_end=0.0, weight_decay=0.3, decay_form="decoupled",
    decay_on="kernels", beta1=0.9, beta2=0.999, momentum=None, momentum_dtype=None, loss="softmax", label_smoothing=0.0,
    head_bias=0.0, head_hidden="width",
)  # fmt: skip
SGD = dict(optimizer="sgd", beta1=None, beta2=None, momentum=0.9)
PRECISIONS = {"64-true": 1e-9, "32-true": 1e-5}


def batches(seed=0):
    random = np.random.default_rng(seed)
    for _ in range(STEPS):
        images = random.uniform(-1, 1, (BATCH, 3, 8, 8)).astype(np.float32).astype(np.float64)
        yield images, random.integers(CLASSES, size=BATCH)  # the same numbers for both precisions


def loader(pieces, dtype):
    """The same images, a micro-batch at a time."""
    parts = [
        (torch.from_numpy(i).to(dtype), torch.from_numpy(y))
        for images, labels in batches()
        for i, y in zip(np.split(images, pieces), np.split(labels, pieces), strict=True)
    ]
    return DataLoader(parts, batch_size=None)


def given(task, *, zero_head):
    """Random parameters of order one, put into the task; as float64 arrays."""
    random = np.random.default_rng(1)
    params = {}
    for name, tensor in task.model.state_dict().items():
        fan_in = tensor.shape[-1] if tensor.ndim == 2 else 4
        values = random.standard_normal(tuple(tensor.shape)) / np.sqrt(fan_in)
        values = values + ("norm" in name and name.endswith("weight"))
        values = values * 0.5 if name == "norm.weight" else values  # gradient norms on both sides of 1
        params[name] = np.zeros_like(values) if zero_head and name.startswith("head") else values
        params[name] = params[name].astype(np.float32).astype(np.float64)  # the same numbers for both precisions
    task.model.load_state_dict({name: torch.from_numpy(value) for name, value in params.items()})
    return params


class Record(Callback):
    """Losses, gradient norms before clipping and rates of every update."""

    def __init__(self):
        self.losses, self.norms, self.rates = [], [], []

    def on_before_optimizer_step(self, trainer, task, optimizer):
        self.norms.append(float(global_norm([p.grad for p in task.model.parameters()])))
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_train_batch_end(self, trainer, task, outputs, batch, batch_idx):
        self.losses.append(float(outputs["loss"]))


def trained(task, precision, *, clip_norm, pieces=1):
    record = Record()
    trainer = Trainer(
        accelerator="cpu", max_steps=STEPS, precision=precision, gradient_clip_val=clip_norm, callbacks=[record],
        accumulate_grad_batches=pieces, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(task, loader(pieces, torch.float64 if precision == "64-true" else torch.float32))
    return record


def kernels(params):
    """By their names: linear maps, without norms."""
    return [name for name in params if name.endswith("weight") and "norm" not in name]


def reference(params, task, optimizer, *, limit, smoothing=0.0):
    hp = task.hparams
    schedule = dict(base=hp.lr, total=STEPS, warmup=WARMUP, decay=hp.decay, end=hp.get("linear_end", 0.0))
    loss = protocols.sigmoid_xent if task.loss == "sigmoid" else protocols.softmax_xent
    common = dict(loss=loss, classes=CLASSES, limit=limit, schedule=schedule, sizes=SIZES, smoothing=smoothing)
    return protocols.train(params, batches(), optimizer, **common)


def agree(task, record, expected, tolerance, but=()):
    params, losses, norms, rates = expected
    pieces = len(record.losses) // len(losses)
    ours = np.reshape(record.losses, (-1, pieces)).sum(1)  # Lightning has divided each by their number
    np.testing.assert_allclose(ours, losses, rtol=0, atol=tolerance)
    np.testing.assert_allclose(record.norms, norms, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(record.rates, rates, rtol=0, atol=1e-12)
    for name, tensor in task.model.state_dict().items():
        there, here = params[name].copy(), tensor.double().numpy().copy()
        if name in but:
            there[but[name]] = here[but[name]] = 0
        np.testing.assert_allclose(here, there, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("buffer", ["float32", "bfloat16"])
def test_fine_tuning_steps(precision, buffer):
    """A new zero head, warm-up from 0, cosine, global norm clipped to 1, momentum 0.9."""
    task = Finetune(**MODEL, **FINETUNE | dict(momentum_dtype=buffer))
    params = given(task, zero_head=True)
    record = trained(task, precision, clip_norm=1.0)
    expected = reference(params, task, protocols.Momentum(0.9, rounded=buffer == "bfloat16"), limit=1.0)
    assert expected[1][0] == pytest.approx(np.log(CLASSES), abs=1e-12)
    assert (expected[2] < 1).any() and (expected[2] > 1).any()  # both sides of the rule
    agree(task, record, expected, PRECISIONS[precision])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("pieces", [2, 8])
def test_a_batch_in_pieces_is_the_same_batch(precision, pieces):
    """Losses and gradients are means over the micro-batches, and the clipping sees the whole."""
    task = Finetune(**MODEL, **FINETUNE)
    params = given(task, zero_head=True)
    record = trained(task, precision, clip_norm=1.0, pieces=pieces)
    agree(
        task, record, reference(params, task, protocols.Momentum(0.9, rounded=False), limit=1.0), PRECISIONS[precision]
    )


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    "values",
    [
        dict(loss="softmax", decay="linear"),
        dict(loss="sigmoid", decay="linear", linear_end=0.001, weight_decay=0.03),
        dict(loss="softmax", decay="cosine", label_smoothing=0.1),
        dict(loss="sigmoid", decay="cosine", label_smoothing=0.1, head_hidden=None),
    ],
    ids=lambda values: "-".join(map(str, values.values())),
)
def test_pre_training_steps(precision, values):
    """Adam with decoupled decay on kernels, its rate and the decay scaled by the schedule, global norm clipped to 1."""
    task = Pretrain(**MODEL, **PRETRAIN | values)
    params = given(task, zero_head=False)
    record = trained(task, precision, clip_norm=1.0)
    optimizer = protocols.Adam(0.9, 0.999, wd_over_lr=task.hparams.weight_decay, kernels=kernels(params))
    expected = reference(params, task, optimizer, limit=1.0, smoothing=task.label_smoothing)
    # the gradient of key biases is zero but for rounding, of which Adam makes small random steps that change no output
    keys = {f"blocks.{layer}.attention.qkv.bias": slice(8, 16) for layer in range(2)}
    agree(task, record, expected, PRECISIONS[precision], but=keys)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("buffer", ["float32", "bfloat16"])
def test_pre_training_steps_of_sgd(precision, buffer):
    """BiT's: the decay is on kernels, scaled by the schedule, and does not enter the momentum."""
    values = dict(momentum_dtype=buffer, lr=0.1, weight_decay=0.1, decay="cosine")
    task = Pretrain(**MODEL, **PRETRAIN | SGD | values)
    params = given(task, zero_head=False)
    record = trained(task, precision, clip_norm=1.0)
    optimizer = protocols.Momentum(0.9, rounded=buffer == "bfloat16", wd_over_lr=0.1, kernels=kernels(params))
    agree(task, record, reference(params, task, optimizer, limit=1.0), PRECISIONS[precision])


def test_the_numpy_gradient_is_that_of_its_loss():
    """The reference itself: its gradient along a random direction against central differences."""
    task = Pretrain(**MODEL, **PRETRAIN)
    params = given(task, zero_head=False)
    images, labels = next(batches())
    y = protocols.one_hot(labels, CLASSES, 0.1)
    random = np.random.default_rng(2)
    direction = {name: random.standard_normal(value.shape) for name, value in params.items()}

    def loss(distance):
        moved = {name: value + distance * direction[name] for name, value in params.items()}
        return protocols.softmax_xent(protocols.vit(moved, images, **SIZES)[0], y)[0]

    logits, gradient = protocols.vit(params, images, **SIZES)
    grads = gradient(protocols.softmax_xent(logits, y)[1])
    slope = sum((grads[name] * direction[name]).sum() for name in params)
    assert (loss(1e-6) - loss(-1e-6)) / 2e-6 == pytest.approx(slope, rel=1e-6)
