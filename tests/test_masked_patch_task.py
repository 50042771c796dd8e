"""The task of masked patch prediction: its loss against plain numpy, and what it trains."""

import math

import numpy as np
import pytest
import torch
from reference import official

from vit.errors import UserError
from vit.objectives.masked_patches import training_draws
from vit.plan.recipe_values import TASKS
from vit.plan.resolve import load_scale, values_for
from vit.tasks import MaskedPatch
from vit.weights import save_weights

SMALL = dict(patch=8, depth=2, width=16, heads=2, mlp=32)
VALUES = values_for(
    "masked_patch", {"model": "ViT-B/16", "pretrain": "JFT-300M", "transfer": "ImageNet"}, load_scale("paper"), "paper"
)
RECIPE = {name: VALUES[name] for name in TASKS["vit.tasks.MaskedPatch"]["model"]}


def task(model="ViT-B/16", options=SMALL, **changes):
    torch.manual_seed(0)
    return MaskedPatch(model=model, options=options, num_classes=5, image_size=32, **RECIPE | changes)


def awake(module):
    """The same with a head and a mask that are not zero, as after some steps."""
    for parameter in (module.head.weight, module.mask):
        torch.nn.init.normal_(parameter, std=0.1)
    return module


def images(count=3, size=32):
    levels = torch.randint(256, (count, 3, size, size), generator=torch.Generator().manual_seed(1))
    return levels.float() / 127.5 - 1


def numbers(count=3, step=0, first=0):
    return training_draws(seed=0, step=step, first=first, images=count, numbers=32)


def loss_of(module, count=3):
    return module.measure(images(count), numbers(count))[0]["loss"]


def encoded_by_numpy(params, tokens):
    """Class token, positions, encoder and last norm of the authors' model: patch embeddings to patch outputs."""
    z = np.concatenate([np.repeat(params["cls"], len(tokens), axis=0), tokens], axis=1)
    z = z + params["Transformer/posembed_input/pos_embedding"]
    for layer in range(SMALL["depth"]):
        z = official.encoder_block(official.within(params, f"Transformer/encoderblock_{layer}"), z)
    return official.layer_norm(official.within(params, "Transformer/encoder_norm"), z)[:, 1:]


def test_the_loss_is_that_of_plain_numpy(tmp_path):
    """Eight of sixteen patches: six masked, one replaced, one kept, then 512 colors of each by cross-entropy."""
    module, batch, uniform = awake(task()).double(), images().double(), numbers()
    save_weights(module.model, tmp_path / "model.npz", format="official")
    params = dict(np.load(tmp_path / "model.npz"))
    pixels = batch.permute(0, 2, 3, 1).numpy()
    tokens = official.convolution(params["embedding/kernel"], pixels, 8, ((0, 0), (0, 0))) + params["embedding/bias"]
    tokens = tokens.reshape(3, 16, 16)
    corrupted, chosen, u = tokens.copy(), [], uniform.numpy()
    for image in range(3):
        order = np.argsort(u[image, :16])
        corrupted[image, order[:6]] = module.mask.detach().numpy()
        other = [index for index in range(16) if index != order[6]][int(u[image, 16 + order[6]] * 15)]
        corrupted[image, order[6]] = tokens[image, other]
        chosen.append(np.sort(order[:8]))
    z = encoded_by_numpy(params, corrupted)
    losses, right = [], []
    for image, indices in enumerate(chosen):
        for index in indices:
            logits = module.head.weight.detach().numpy() @ z[image, index] + module.head.bias.detach().numpy()
            row, column = divmod(index, 4)
            patch = pixels[image, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            color = np.floor((patch * 127.5 + 127.5).mean((0, 1)) / 32).astype(int) @ [64, 8, 1]
            losses.append(np.log(np.exp(logits).sum()) - logits[color])
            right.append(logits.argmax() == color)
    measured, count = module.measure(batch, uniform)
    assert count == len(losses) == 24
    assert measured["loss"].item() == pytest.approx(np.mean(losses), rel=1e-9)
    assert measured["accuracy"].item() == pytest.approx(np.mean(right))


def test_before_any_step_all_colors_are_equally_likely_and_all_pixels_are_grey():
    assert loss_of(task()).item() == pytest.approx(math.log(512), rel=1e-6)
    assert loss_of(task(target="downsized")).item() == pytest.approx(math.log(512), rel=1e-6)
    everything = task(target="regression", corrupted=1.0).measure(images(), numbers())
    assert everything[0].keys() == {"loss"} and everything[1] == 48
    assert everything[0]["loss"].item() == pytest.approx(images().square().mean().item(), rel=1e-6)


def test_only_corrupted_patches_have_a_loss():
    module, outputs = awake(task()), []
    module.model.norm.register_forward_hook(lambda part, inputs, output: outputs.append(output))
    gradient = torch.autograd.grad(loss_of(module), outputs[0])[0].abs().sum(-1)  # (B, class token and N patches)
    corrupted = np.zeros((3, 17), bool)
    for image, row in enumerate(numbers().numpy()[:, :16]):
        corrupted[image, 1 + np.argsort(row)[:8]] = True
    assert ((gradient > 0).numpy() == corrupted).all()


@pytest.mark.parametrize("target", ["mean_color", "downsized", "regression"])
@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("ViT-B/16", SMALL),
        ("ViT-B/16", SMALL | {"pool": "map"}),
        ("ViT-B/16", SMALL | {"head_hidden": "width"}),
        ("R50+ViT-B/16", dict(units=(1, 1), stem_width=0.5, depth=2, width=16, heads=2, mlp=32)),
        ("Axial-ViT-B/16", SMALL),
    ],
)
def test_everything_that_waits_for_a_gradient_gets_one_and_the_model_s_own_head_does_not_wait(model, options, target):
    """Several devices would wait for a parameter that has none for ever."""
    module = awake(task(model, options, target=target))
    loss_of(module).backward()
    trained = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
    assert trained == {name for name, parameter in module.named_parameters() if parameter.grad is not None}
    rest = {name.split(".")[1] for name, _ in module.named_parameters() if name not in trained}
    assert rest == {"head", *(["pool"] if "pool" in options else []), *(["hidden"] if "head_hidden" in options else [])}
    assert module.mask.grad.abs().sum() > 0


def test_micro_batches_make_the_loss_of_the_whole_batch():
    module = awake(task())
    parts = [module.measure(images(4)[i : i + 2], numbers(2, first=i))[0]["loss"] for i in (0, 2)]
    assert sum(parts).item() / 2 == pytest.approx(loss_of(module, 4).item(), rel=1e-6)


@pytest.mark.parametrize("target", ["mean_color", "downsized", "regression"])
def test_half_precision_changes_the_arithmetic_of_the_model_and_not_the_targets(target):
    module, half = awake(task(target=target)), awake(task(target=target)).bfloat16()
    exact = loss_of(module).item()
    with torch.autocast("cpu", torch.bfloat16):
        assert loss_of(module).item() == pytest.approx(exact, rel=0.01)
    assert half.measure(images().bfloat16(), numbers())[0]["loss"].item() == pytest.approx(exact, rel=0.03)


def test_the_recipe_has_the_paper_s_numbers():
    paper = {"batch_size": 4096, "steps": 1_000_000, "lr": 2e-4, "warmup_steps": 10_000, "decay": "cosine"}
    paper |= {"corrupted": 0.5, "masked": 0.8, "random_patch": 0.1, "kept": 0.1, "target": "mean_color"}
    assert {name: VALUES[name] for name in paper} == paper


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ("ViT-B/16", {"kept": 0.2}, "0.8, 0.1 and 0.2; their sum must be 1"),
        ("ViT-B/16", {"target": "colour"}, "unknown target 'colour'"),
        ("ResNet50x1", {"options": {"units": (1,)}}, "ResNet50x1 has no patch embeddings"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(model, changes, message):
    with pytest.raises((UserError, ValueError), match=message):
        task(model, **changes)
