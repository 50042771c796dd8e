"""Schedules, decay and SGD against numbers computed by hand."""

import math

import pytest
import torch
from reference import hyper_rule

from vit.models import create_model
from vit.models.model import Model
from vit.optim import adam, kernels, make_optimizer, rate_factor, sgd, with_schedule
from vit.optim.optimizers import parameter_groups
from vit.plan.resolve import load_recipe, load_scale
from vit.tasks.training import seed_device


@pytest.mark.parametrize(
    ("decay", "step", "factor"),
    [
        ("linear", 0, 0.0),  # the first update of a warm-up has rate 0
        ("linear", 5, 0.5),
        ("linear", 10, 1.0),
        ("linear", 55, 0.5),  # half of the 90 steps after the warm-up
        ("linear", 99, 1 / 90),
        ("cosine", 5, 0.5),
        ("cosine", 10, 1.0),
        ("cosine", 40, 0.5 * (1 + math.cos(math.pi / 3))),
        ("cosine", 55, 0.5),
    ],
)
def test_warmup_from_zero_then_decay_over_what_is_left(decay, step, factor):
    assert rate_factor(step, steps=100, warmup_steps=10, decay=decay) == pytest.approx(factor, abs=1e-12)


def test_a_warmup_as_long_as_the_training_is_refused():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(ValueError, match="warmup_steps"):
        with_schedule(optimizer, steps=10, warmup_steps=10, decay="cosine")


def test_decay_reaches_kernels_and_nothing_else():
    model = create_model("ViT-B/16", image_size=32, num_classes=5, patch=8, depth=2, width=16, heads=2, mlp=32)
    decayed = {id(p) for p in kernels(model)}
    names = {name for name, p in model.named_parameters() if id(p) in decayed}
    rest = {name for name, _ in model.named_parameters()} - names
    assert len(names) == 1 + 2 * 4 + 1  # patches; qkv, out, two dense layers in each block; head
    assert all(name.endswith("weight") for name in names)
    assert any("class_token" in name for name in rest) and any("position" in name for name in rest)
    assert all("norm" in name or name.endswith("bias") or "token" in name or "position" in name for name in rest)


def test_one_adam_step_is_the_decoupled_formula():
    """theta - lr (m_hat / (sqrt(v_hat) + eps) + wd theta): with the first gradient m_hat / sqrt(v_hat) is its sign."""
    layer = torch.nn.Linear(1, 1).double()
    torch.nn.init.constant_(layer.weight, 2.0), torch.nn.init.constant_(layer.bias, 2.0)
    optimizer = adam(layer, lr=0.01, beta1=0.9, beta2=0.999, weight_decay=0.1)
    layer.weight.grad, layer.bias.grad = torch.full((1, 1), 3.0).double(), torch.full((1,), -3.0).double()
    optimizer.step()
    assert layer.weight.item() == pytest.approx(2.0 - 0.01 * (1 + 0.1 * 2.0), abs=1e-9)
    assert layer.bias.item() == pytest.approx(2.0 + 0.01, abs=1e-9)  # no decay


def test_sgd_keeps_the_rate_outside_its_buffer():
    """t = g + 0.9 t, theta = theta - lr t (the authors' code)."""
    layer = torch.nn.Linear(1, 1, bias=False).double()
    torch.nn.init.zeros_(layer.weight)
    optimizer = sgd(layer, lr=1.0, momentum=0.9)
    for rate, gradient in ((1.0, 1.0), (0.5, 2.0)):
        optimizer.param_groups[0]["lr"] = rate
        layer.weight.grad = torch.full((1, 1), gradient).double()
        optimizer.step()
    assert layer.weight.item() == pytest.approx(-1.0 - 0.5 * (2.0 + 0.9 * 1.0), abs=1e-12)


def test_linear_decay_ends_at_an_absolute_or_a_relative_rate():
    """vision_transformer: end + (base - end) (1 - p) with end = 1e-5; big_vision: end + (1 - end) (1 - p)."""
    schedule = dict(steps=100, warmup_steps=10, decay="linear")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.001)
    (factor,) = with_schedule(optimizer, linear_end=1e-5, **schedule)["lr_scheduler"]["scheduler"].lr_lambdas
    assert 0.001 * factor(55) == pytest.approx(1e-5 + 0.5 * 0.00099, abs=1e-15)
    assert 0.001 * factor(100) == pytest.approx(1e-5, abs=1e-15)
    assert 0.001 * factor(5) == pytest.approx(0.0005, abs=1e-15)
    assert rate_factor(55, end=0.2, **schedule) == pytest.approx(0.2 + 0.8 * 0.5, abs=1e-15)


def test_counting_from_one_is_the_same_schedule_one_step_earlier():
    schedule = dict(steps=100, warmup_steps=10, decay="cosine")
    assert [rate_factor(step, warmup_from="one", **schedule) for step in (0, 9, 54)] == [
        rate_factor(step, **schedule) for step in (1, 10, 55)
    ]


def test_without_warmup_the_first_update_has_the_whole_rate():
    assert rate_factor(0, steps=10, warmup_steps=0, decay="cosine") == 1.0


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        *((0, 0.0), (250, 0.0015), (499, 0.003 * 499 / 500), (500, 0.003), (3000, 0.003)),
        *((3001, 0.0003), (6000, 0.0003), (6001, 0.00003), (9000, 0.00003), (9001, 0.000003), (9999, 0.000003)),
    ],
)
def test_bit_drops_the_rate_one_step_after_each_support(step, rate):
    supports, _ = hyper_rule.supports_and_alpha(50_000)
    warmup_steps, *drops, steps = supports
    factor = rate_factor(step, steps=steps, warmup_steps=warmup_steps, decay="staircase", drops=drops)
    assert 0.003 * factor == pytest.approx(rate, abs=1e-15)
    assert hyper_rule.rate(step, supports) == pytest.approx(rate, abs=1e-15)


@pytest.mark.parametrize("examples", [1_000, 50_000, 1_281_167])
def test_the_staircase_is_the_hyper_rule_at_every_step(examples):
    supports, _ = hyper_rule.supports_and_alpha(examples)
    warmup_steps, *drops, steps = supports
    schedule = dict(steps=steps, warmup_steps=warmup_steps, decay="staircase", drops=drops)
    for step in range(steps):
        assert 0.003 * rate_factor(step, **schedule) == pytest.approx(hyper_rule.rate(step, supports), rel=1e-12)
    assert hyper_rule.rate(steps, supports) is None  # training has ended


@pytest.mark.parametrize(
    ("examples", "rule"),
    [
        (19_999, ((100, 200, 300, 400, 500), 0.0)),
        (20_000, ((500, 3000, 6000, 9000, 10_000), 0.1)),
        (499_999, ((500, 3000, 6000, 9000, 10_000), 0.1)),
        (500_000, ((500, 6000, 12_000, 18_000, 20_000), 0.1)),
    ],
)
def test_the_length_of_bits_fine_tuning_depends_on_the_number_of_examples(examples, rule):
    assert hyper_rule.supports_and_alpha(examples) == rule


def test_bits_resolution_depends_on_the_area():
    assert hyper_rule.resolution(32, 32) == hyper_rule.resolution(95, 96) == (160, 128)
    assert hyper_rule.resolution(96, 96) == hyper_rule.resolution(224, 224) == (512, 480)


def test_the_recipe_of_bits_fine_tuning_is_the_hyper_rule():
    paper, recipe = load_scale("paper"), load_recipe("finetune-bit")
    assert recipe["lr"] == [0.003]
    for row in recipe["rows"]:
        supports, alpha = hyper_rule.supports_and_alpha(paper.transfer[row["transfer"]].images)
        assert (row["warmup_steps"], *row["drops"], row["steps"]) == supports and row["mixup"] == alpha
        stored = 32 if row["transfer"].startswith("CIFAR") else 224
        assert row["image_size"] == hyper_rule.resolution(stored, stored)[1]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (dict(decay="cosine", drops=[5]), "drops"),
        (dict(decay="staircase"), "drops"),
        (dict(decay="staircase", drops=[2, 5]), "rise"),  # in the warm-up
        (dict(decay="staircase", drops=[6, 6]), "rise"),
        (dict(decay="staircase", drops=[20]), "rise"),  # after the end
        (dict(decay="cosine", linear_end=0.1), "linear_end"),
        (dict(decay="cosin"), "cosin"),
    ],
)
def test_parts_of_a_schedule_that_do_not_go_together_are_refused(schedule, words):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with pytest.raises(ValueError, match=words):
        with_schedule(optimizer, steps=10, warmup_steps=3, **schedule)


SMALL = dict(depth=2, width=16, heads=2, mlp=16)
LAYERS = {  # model -> (options, layer of what begins so; the first that fits holds, and the rest is layer 0)
    "ViT-B/16": (SMALL, {"blocks.0": 1, "blocks.1": 2, "norm": 3, "head": 3}),
    "ViT-B/8": (
        SMALL | dict(position_at="every", pool="map", head_hidden=8),
        {
            **{"blocks.0": 1, "blocks.1": 2, "position.tables.1": 2},
            **dict.fromkeys(("norm", "pool", "hidden", "head"), 3),
        },
    ),
    "ViT-S/16": (
        SMALL | dict(registers=2, layer_scale=0.1, qk_norm=True, pool="gap", pool_norm="after"),
        {"blocks.0": 1, "blocks.1": 2, "norm": 3, "head": 3},
    ),
    "R50+ViT-B/16": (SMALL | dict(units=(1, 1)), {"blocks.0": 1, "blocks.1": 2, "norm": 3, "head": 3}),
    "ResNet50x1": (dict(units=(1, 2)), {"stages.0.0": 1, "stages.1.0": 2, "stages.1.1": 3, "norm": 4, "head": 4}),
    "Axial-ViT-B/16": (SMALL, {"blocks.0": 1, "blocks.1": 2, "norm": 3, "head": 3}),
}


@pytest.mark.parametrize("name", LAYERS)
def test_rates_by_layer_fall_from_the_head_down(name):
    """lr 0.5^(L - l), L the layer of the head; the first groups are the head's, whose rate is the one that is logged."""
    options, layers = LAYERS[name]
    model = create_model(name, image_size=32, num_classes=3, **options)
    last = max(layers.values())
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = parameter_groups(model, lr=0.8, weight_decay=0.1, decay_on="kernels", layer_decay=0.5)
    found = {names[id(p)]: (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(found) == len(names)
    kernel = {names[id(p)] for p in kernels(model)}
    for parameter, (rate, decay) in found.items():
        layer = next((layer for start, layer in layers.items() if parameter.startswith(start)), 0)
        assert rate == pytest.approx(0.8 * 0.5 ** (last - layer)), parameter
        assert decay == (0.1 if parameter in kernel else 0.0)
    assert groups[0]["lr"] == 0.8


def test_the_schedule_multiplies_the_rates_of_all_layers_alike():
    model = create_model("ViT-B/16", image_size=32, num_classes=3, **SMALL)
    optimizer = sgd(model, lr=0.8, momentum=0.9, layer_decay=0.5)
    scheduler = with_schedule(optimizer, steps=10, warmup_steps=2, decay="cosine")["lr_scheduler"]["scheduler"]
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step(), scheduler.step()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for parameter in model.parameters():
        optimizer.state[parameter]["momentum_buffer"].zero_()
    optimizer.step()
    for name, rate in (("head.bias", 0.4), ("blocks.1.norm1.bias", 0.2), ("class_token", 0.05)):
        moved = before[name] - model.get_parameter(name)
        assert torch.allclose(moved, torch.full_like(moved, rate)), name


def test_one_rate_for_all_is_two_groups_as_it_was():
    model = create_model("ViT-B/16", image_size=32, num_classes=3, **SMALL)
    decayed, rest = parameter_groups(model, lr=0.8, weight_decay=0.1, decay_on="kernels")
    assert [id(p) for p in decayed["params"]] == [id(p) for p in kernels(model)]
    assert len(decayed["params"]) + len(rest["params"]) == len(list(model.parameters()))


def test_a_model_without_layers_is_named():
    class Own(Model):
        pass

    with pytest.raises(ValueError, match=r"Own.*layer_decay.*layers"):
        parameter_groups(Own(), lr=0.8, weight_decay=0.1, decay_on="kernels", layer_decay=0.5)


@pytest.mark.parametrize("name", ["lion", "lamb"])
def test_lion_and_lamb_have_no_coupled_decay(name):
    with pytest.raises(ValueError, match=rf"{name}.*decoupled.*coupled"):
        make_optimizer(
            name, torch.nn.Linear(1, 1), lr=0.1, weight_decay=0.1, decay_form="coupled", beta1=0.9, beta2=0.99
        )


def test_decay_on_all_reaches_every_parameter():
    layer = torch.nn.Linear(1, 1).double()
    torch.nn.init.constant_(layer.bias, 2.0)
    optimizer = adam(layer, lr=0.01, beta1=0.9, beta2=0.999, weight_decay=0.1, decay_on="all")
    layer.weight.grad, layer.bias.grad = torch.full((1, 1), 3.0).double(), torch.full((1,), -3.0).double()
    optimizer.step()
    assert layer.bias.item() == pytest.approx(2.0 + 0.01 * (1 - 0.1 * 2.0), abs=1e-9)


def test_coupled_decay_is_part_of_the_gradient():
    """Of Adam it then changes the sign of a first step at most; of SGD it enters the buffer."""
    layer = torch.nn.Linear(1, 1, bias=False).double()
    torch.nn.init.constant_(layer.weight, 2.0)
    optimizer = adam(layer, lr=0.01, beta1=0.9, beta2=0.999, weight_decay=0.1, decay_form="coupled")
    layer.weight.grad = torch.full((1, 1), -0.1).double()
    optimizer.step()  # -0.1 + 0.1 * 2 is positive
    assert layer.weight.item() == pytest.approx(2.0 - 0.01, abs=1e-8)

    torch.nn.init.constant_(layer.weight, 2.0)
    optimizer = sgd(layer, lr=0.5, momentum=0.9, weight_decay=0.1, decay_form="coupled")
    for _ in range(2):
        layer.weight.grad = torch.full((1, 1), 1.0).double()
        optimizer.step()
    first = 1 + 0.1 * 2.0
    theta = 2.0 - 0.5 * first
    assert layer.weight.item() == pytest.approx(theta - 0.5 * (0.9 * first + 1 + 0.1 * theta), abs=1e-12)


@pytest.mark.parametrize("change", [dict(momentum=0.9), dict(beta2=None), dict(momentum_dtype="float32")])
def test_a_value_of_the_other_optimizer_is_refused(change):
    values = dict(beta1=0.9, beta2=0.999, momentum=None, momentum_dtype=None) | change
    decay = dict(weight_decay=0.0, decay_form="decoupled", decay_on="kernels")
    with pytest.raises(ValueError, match=r"adam.*beta1 and beta2"):
        make_optimizer("adam", torch.nn.Linear(1, 1), lr=0.1, **decay, **values)


def test_seeding_a_device_gives_the_numbers_of_torchs_own_seeding():
    seed_device(7, torch.device("cpu"))
    drawn = torch.rand(5)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(5)) and torch.initial_seed() == 7
