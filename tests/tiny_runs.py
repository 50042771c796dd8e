"""A ViT of a few hundred parameters, trained for twenty steps by the real tasks and the real Trainer."""

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback
from torch.utils.data import DataLoader

from vit.optim import global_norm

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
        self.norms.append(float(global_norm([p.grad for p in task.model.parameters() if p.requires_grad])))
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_train_batch_end(self, trainer, task, outputs, batch, batch_idx):
        self.losses.append(float(outputs["loss"]))


class Course(Callback):
    """The weights after every update, as float64 arrays; and those that validation saw, with the updates before it."""

    def __init__(self):
        self.after, self.validated = [], []

    def on_train_batch_end(self, trainer, task, *_):
        self.after.append(weights(task))

    def on_validation_batch_start(self, trainer, task, *_):
        self.validated.append((trainer.global_step, weights(task)))


def weights(task):
    return np.concatenate([parameter.detach().double().numpy().ravel() for parameter in task.model.parameters()])


def trained(task, precision, *callbacks, clip_norm=1.0, pieces=1):
    record = Record()
    trainer = Trainer(
        accelerator="cpu", max_steps=STEPS, precision=precision, gradient_clip_val=clip_norm, callbacks=[record, *callbacks],
        accumulate_grad_batches=pieces, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(task, loader(pieces, torch.float64 if precision == "64-true" else torch.float32))
    return record
