"""The task of masked patch prediction: its loss against plain numpy, what it trains, its runs and what starts from them."""

import csv
import math
import sys

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from tests.reference import official
from tests.tiny_runs import FINETUNE, MODEL
from vit.checkpoints import Checkpoints
from vit.cli import PaperCLI
from vit.errors import UserError
from vit.masked_patches import training_draws
from vit.plan.resolve import load_scale, values_for
from vit.plan.schema import TASKS
from vit.progress import result
from vit.run_folder import fit
from vit.tasks import Finetune, MaskedPatch
from vit.weights import restore, save, save_weights

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
    """Eight of sixteen patches: six masked, one replaced, one kept, then 512 colours of each by cross-entropy."""
    module, given, uniform = awake(task()).double(), images().double(), numbers()
    save_weights(module.model, tmp_path / "model.npz", format="official")
    params = dict(np.load(tmp_path / "model.npz"))
    pixels = given.permute(0, 2, 3, 1).numpy()
    tokens = official.convolution(params["embedding/kernel"], pixels, 8, ((0, 0), (0, 0))) + params["embedding/bias"]
    tokens = tokens.reshape(3, 16, 16)
    corrupted, chosen, u = tokens.copy(), [], uniform.numpy()
    for image in range(3):
        order = np.argsort(u[image, :16])
        corrupted[image, order[:6]] = module.mask.detach().numpy()
        other = [place for place in range(16) if place != order[6]][int(u[image, 16 + order[6]] * 15)]
        corrupted[image, order[6]] = tokens[image, other]
        chosen.append(np.sort(order[:8]))
    z = encoded_by_numpy(params, corrupted)
    losses, right = [], []
    for image, places in enumerate(chosen):
        for place in places:
            logits = module.head.weight.detach().numpy() @ z[image, place] + module.head.bias.detach().numpy()
            row, column = divmod(place, 4)
            patch = pixels[image, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            color = np.floor((patch * 127.5 + 127.5).mean((0, 1)) / 32).astype(int) @ [64, 8, 1]
            losses.append(np.log(np.exp(logits).sum()) - logits[color])
            right.append(logits.argmax() == color)
    measured, count = module.measure(given, uniform)
    assert count == len(losses) == 24
    assert measured["loss"].item() == pytest.approx(np.mean(losses), rel=1e-9)
    assert measured["accuracy"].item() == pytest.approx(np.mean(right))


def test_before_any_step_all_colours_are_equally_likely_and_all_pixels_are_grey():
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


def config(folder, **changes):
    data = {
        "categories": 10,
        "instances": 8,
        "fractal_seed": 0,
        "image_size": 32,
        "batch_size": 16,
        "augment": ["flip"],
        "evaluation": "resize",
        "resize": "once",
    }
    data |= {"train_on": "train", "held_out": 0.1, "split_seed": 0, "seed": 0, **changes}
    learnt = RECIPE | {"lr": 0.003, "warmup_steps": 5, "dropout": 0.1}
    return {
        "seed_everything": 0,
        "trainer": {"max_steps": 30, "accumulate_grad_batches": 2},
        "model": {
            "class_path": "vit.tasks.MaskedPatch",
            "init_args": {"model": "ViT-B/16", "options": SMALL, **learnt},
        },
        "data": {"class_path": "data.Fractals", "init_args": data},
    }


class EveryTenth(Checkpoints):
    """Saves by the number of updates, not by the clock."""

    def is_due(self, trainer):
        return trainer.global_step % 10 == 0


class Break(Callback):
    """Stands for a kill: six updates after the last checkpoint, in the middle of an epoch."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 26:
            raise RuntimeError("broken off")


def trained(folder, *callbacks, **changes):
    """The CLI after `fit` in this folder, from a checkpoint if there is one."""
    words, sys.argv = sys.argv, sys.argv[:1]  # LightningCLI would read pytest's
    try:
        cli = PaperCLI(
            args=config(folder, **changes), run=False, folder=folder, callbacks=[EveryTenth(folder), *callbacks],
            save_config_callback=None,
        )  # fmt: skip
    finally:
        sys.argv = words
    fit(cli.trainer, cli.model, cli.datamodule, folder, print)
    return cli


def held_out(cli):
    cli.trainer.limit_val_batches = 1.0
    return dict(cli.trainer.validate(cli.model, cli.datamodule, verbose=False)[0])


def curve(folder):
    """Rows of metrics.csv."""
    with open(folder / "metrics.csv") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of runs with one that has been trained without a break."""
    runs = tmp_path_factory.mktemp("runs")
    return runs, trained(runs / "pretrain-masked")


def test_broken_off_and_resumed_is_bit_for_bit_the_unbroken_run(finished, tmp_path):
    runs, whole = finished
    with pytest.raises(RuntimeError, match="broken off"):
        trained(tmp_path, Break())
    resumed = trained(tmp_path)
    for (name, one), other in zip(whole.model.state_dict().items(), resumed.model.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    rows = curve(runs / "pretrain-masked")
    assert [int(row["step"]) for row in rows] == list(range(30)) and {"train_loss", "train_accuracy"} <= set(rows[0])
    assert curve(tmp_path) == rows
    assert held_out(resumed) == held_out(whole)


def test_training_lowers_the_loss_and_reaches_the_mask(finished):
    runs, cli = finished
    losses = [float(row["train_loss"]) for row in curve(runs / "pretrain-masked") if row["train_loss"]]
    assert losses[0] == pytest.approx(math.log(512), rel=1e-6) and np.mean(losses[-5:]) < 5
    assert cli.model.mask.abs().sum() > 0
    assert cli.model.model.head.weight.abs().sum() == 0


def test_held_out_images_are_measured_alike_each_time_and_in_any_batches(finished):
    _, cli = finished
    once = held_out(cli)
    assert set(once) == {"held_out_loss", "held_out_accuracy"} and once == held_out(cli)
    cli.datamodule.eval_batch_size = 7
    assert held_out(cli) == pytest.approx(once, rel=1e-5)


def test_fine_tuning_starts_from_its_run(finished):
    runs, cli = finished
    save(cli.model, runs / "pretrain-masked")
    assert not {"mask", "head.0.weight"} & set(restore(runs / "pretrain-masked").state_dict())
    start = {"options": SMALL, "num_classes": 7, "image_size": 48, "init": "pretrain-masked", "runs": str(runs)}
    tuned = Finetune(**MODEL | FINETUNE | start)
    tuned.setup("fit")
    before, after = cli.model.model.state_dict(), tuned.model.state_dict()
    for name, tensor in after.items():
        if not name.startswith(("head", "position")):
            assert torch.equal(tensor, before[name]), name
    assert after["head.weight"].shape == (7, 16) and not after["head.weight"].any()


def test_the_recipe_has_the_paper_s_numbers():
    paper = {"batch_size": 4096, "steps": 1_000_000, "lr": 2e-4, "warmup_steps": 10_000, "decay": "cosine"}
    paper |= {"corrupted": 0.5, "masked": 0.8, "random_patch": 0.1, "kept": 0.1, "target": "mean_color"}
    assert {name: VALUES[name] for name in paper} == paper


def test_a_finished_run_without_an_accuracy_is_reported_by_its_loss():
    assert result({"held_out_loss": 0.25421}) == "held out loss 0.2542"
    assert result({"held_out_loss": 0.25421, "held_out_accuracy": 0.5}) == "held out accuracy 50.0%"


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
