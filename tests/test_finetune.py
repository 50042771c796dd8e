"""Fine-tuning's own: where it starts, a linear probe, BiT's staircase; with the real Trainer."""

from pathlib import Path

import numpy as np
import pytest
import torch
from folder_runs import Break, SavesEvery, smoke_config, trained_in
from lightning.pytorch.callbacks import Callback
from reference import archives
from tiny_runs import FINETUNE, MODEL, STEPS, given, loader, trained, weights

from vit.errors import UserError
from vit.models import create_model
from vit.models.position import resize_positions
from vit.optim import rate_factor
from vit.tasks import Finetune
from vit.weights import save_weights


def test_bits_staircase_is_the_rate_of_the_run():
    schedule = dict(decay="staircase", drops=[8, 12], warmup_steps=4)
    task = Finetune(**MODEL | FINETUNE | schedule)
    record = trained(task, "64-true", clip_norm=None)
    assert record.rates == pytest.approx([0.03 * rate_factor(step, steps=STEPS, **schedule) for step in range(STEPS)])
    assert record.rates[8] == pytest.approx(10 * record.rates[9])


class Modes(Callback):
    """Whether a part of the model was in training mode, at any update."""

    def __init__(self):
        self.training = set()

    def on_train_batch_start(self, trainer, task, *_):
        self.training |= {name for name, part in task.model.named_modules() if part.training}


def test_a_linear_probe_trains_its_head_and_nothing_else():
    """Twenty steps of logistic regression on features of an evaluation, in numpy; dropout is a model's own."""
    values = dict(MODEL, options=dict(MODEL["options"], dropout=0.5))
    task, modes = Finetune(**values, **FINETUNE | dict(frozen=True, weight_decay=0.1)), Modes()
    params = given(task, zero_head=True)
    trained(task, "64-true", modes)
    assert not modes.training
    after = {name: tensor.double().numpy() for name, tensor in task.model.state_dict().items()}
    assert all(np.array_equal(after[name], params[name]) for name in params if not name.startswith("head"))
    weight, bias = params["head.weight"], params["head.bias"]
    momenta = [np.zeros_like(weight), np.zeros_like(bias)]
    for step, (images, labels) in enumerate(loader(1, torch.float64)):
        features = task.model.features(images).detach().numpy()
        scores = features @ weight.T + bias
        likely = np.exp(scores - scores.max(1, keepdims=True))
        error = (likely / likely.sum(1, keepdims=True) - np.eye(5)[labels.numpy()]) / len(labels)
        gradients = [error.T @ features, error.sum(0)]
        norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
        momenta = [0.9 * t + g / max(norm, 1) for t, g in zip(momenta, gradients, strict=True)]
        rate = 0.03 * rate_factor(step, steps=STEPS, warmup_steps=4, decay="cosine")
        weight, bias = weight - rate * (momenta[0] + 0.1 * weight), bias - rate * momenta[1]
    np.testing.assert_allclose(after["head.weight"], weight, rtol=0, atol=1e-12)
    np.testing.assert_allclose(after["head.bias"], bias, rtol=0, atol=1e-12)
    assert np.abs(weight).max() > 0.01


def test_a_linear_probe_of_a_published_file_trains_the_new_head(tmp_path, monkeypatch):
    """Loading replaces the head; it is the one that is trained."""
    (tmp_path / "imagenet21k").mkdir()
    archive(tmp_path / "imagenet21k" / "ViT-B_16.npz")
    monkeypatch.setenv("VIT_WEIGHTS", str(tmp_path))
    task = Finetune(**SMALL, **FINETUNE | dict(init="released:ViT-B/16@imagenet21k", frozen=True))
    task.start_from(tmp_path / "no run")
    assert {name for name, p in task.model.named_parameters() if p.requires_grad} == {"head.weight", "head.bias"}


def archive(path):
    """An official file of a small ViT-B/16 for images of 64, with a 4 x 4 grid of positions and another head."""
    np.savez(path, **archives.vit(grid=(4, 4), patch=16, width=16, heads=2, mlp=24, depth=1, classes=9, hidden=16))


SMALL = dict(MODEL, image_size=96, options=dict(width=16, heads=2, mlp=24, depth=1))


@pytest.mark.parametrize("positions", ["bilinear", "bicubic"])
def test_it_starts_from_a_published_file_with_positions_resized_and_a_zero_head(tmp_path, monkeypatch, positions):
    (tmp_path / "imagenet21k").mkdir()
    archive(tmp_path / "imagenet21k" / "ViT-B_16.npz")
    monkeypatch.setenv("VIT_WEIGHTS", str(tmp_path))
    task = Finetune(**SMALL, **FINETUNE | dict(init="released:ViT-B/16@imagenet21k", positions=positions))
    task.start_from(tmp_path / "no run")
    table = torch.from_numpy(
        np.load(tmp_path / "imagenet21k" / "ViT-B_16.npz")["Transformer/posembed_input/pos_embedding"]
    )
    expected = resize_positions(table, (4, 4), (6, 6), positions).float()
    state = task.model.state_dict()
    torch.testing.assert_close(state["position.tables.0.table"], expected)
    assert not state["head.weight"].any() and not state["head.bias"].any() and "hidden.0.weight" not in state


@pytest.mark.parametrize("positions", ["bilinear", "bicubic"])
def test_it_starts_from_a_run_and_from_a_file_of_ours_likewise(tmp_path, positions):
    source = create_model("ViT-B/16", image_size=64, num_classes=9, head_hidden="width", **SMALL["options"])
    for parameter in source.parameters():
        torch.nn.init.normal_(parameter)
    (tmp_path / "run").mkdir()
    save_weights(source, tmp_path / "run" / "weights.safetensors")
    starts = []
    for init in ("run", str(tmp_path / "run" / "weights.safetensors")):
        task = Finetune(**SMALL, **FINETUNE | dict(init=init, positions=positions), runs=str(tmp_path))
        task.start_from(tmp_path / init)
        starts.append(task.model.state_dict())
    before = source.state_dict()["position.tables.0.table"]
    assert torch.equal(starts[0]["position.tables.0.table"], resize_positions(before, (4, 4), (6, 6), positions))
    assert all(torch.equal(starts[0][name], starts[1][name]) for name in starts[0])


@pytest.mark.parametrize(
    "init", ["released:ViT-B/16", "released:ViT-B/16@imagenet22k", "released:ViT-B/17@imagenet21k"]
)
def test_a_published_file_that_does_not_exist_is_one_line_that_helps(init):
    with pytest.raises(UserError, match="imagenet21k"):
        Finetune(**SMALL, **FINETUNE | dict(init=init)).start_from(Path("no run"))


def run_of_everything(folder, *callbacks):
    """A fine-tuning with averages, mixup, CutMix, dropout, a bfloat16 buffer and accumulation, trained in this folder."""
    config = smoke_config("finetune-ViT-B-16-scratch-digits")
    config["trainer"] |= {"max_steps": 40, "accumulate_grad_batches": 2}
    values = dict(polyak=0.9, mixup=0.1, cutmix=1.0, momentum_dtype="bfloat16", dropout=0.1)
    values |= dict(label_smoothing=0.1, weight_decay=0.1, layer_decay=0.75)
    config["model"]["init_args"] |= values
    return trained_in(folder, config, SavesEvery(folder, 10), *callbacks).model


def test_average_mixup_and_a_rounded_buffer_resume_bit_for_bit(tmp_path):
    whole = run_of_everything(tmp_path / "whole")
    with pytest.raises(RuntimeError, match="broken off"):
        run_of_everything(tmp_path / "broken", Break(26))
    resumed = run_of_everything(tmp_path / "broken")
    assert np.array_equal(weights(whole), weights(resumed))
    repeated = run_of_everything(
        tmp_path / "broken"
    )  # from the checkpoint of the last step, with nothing left to train
    assert np.array_equal(weights(whole), weights(repeated))
