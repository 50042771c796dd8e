"""An experiment varies any value of a recipe at any scale: in the paper's numbers, as multiples, or stated for a scale."""

import pytest
import yaml

from vit import paths
from vit.errors import UserError
from vit.models import create_model
from vit.plan import make_plan
from vit.plan.model_options import options_of
from vit.run.progress import Progress

GRID = {"model": ["ViT-B/16"], "pretrain": ["ImageNet-21k"], "transfer": ["CIFAR-10"]}
MINI = yaml.safe_load((paths.EXPERIMENTS / "scales" / "mini.yaml").read_text())["recipes"]


@pytest.fixture
def values_of(experiments):
    """values_of(axis, values, scale): what the runs of an ablation over the axis train with, a value a cell."""

    def planned(axis, values, scale="mini", **more):
        experiment = {
            "title": "t",
            "grid": {axis: values, **GRID},
            "rows": ["transfer", axis],
            "columns": ["model"],
            **more,
        }
        (experiments / "ablations" / "tried.yaml").write_text(yaml.safe_dump(experiment))
        plan = make_plan(scale, ["tried"])
        recipe, key = axis.split(".")
        return [value_of(plan, cell.upstream if recipe == "pretrain" else cell.runs[-1], key) for cell in plan.cells]

    def value_of(plan, run, key):
        config = plan.runs[run].config
        arguments = {
            **config["model"]["init_args"],
            **config["data"]["init_args"],
            "steps": config["trainer"]["max_steps"],
            "precision": config["trainer"]["precision"],
        }
        for callback in config["trainer"].get("callbacks", ()):
            arguments |= {"micro_batch": callback["init_args"]["images"]}
        if key == "lr" and arguments.get("lr_from"):
            return [plan.runs[point].config["model"]["init_args"]["lr"] for point in arguments["lr_from"]]
        return arguments.get(key)

    return planned


@pytest.mark.parametrize(
    ("axis", "values", "expected"),
    [
        ("pretrain.lr", ["x0.5", "x1", "x3"], [0.001, 0.002, 0.006]),  # mini's 0.002
        ("pretrain.lr", [0.0005, 0.001], [0.001, 0.002]),  # Table 3 has 0.001
        ("finetune.lr", ["x0.5", "x1"], [[0.025, 0.05], [0.05, 0.1]]),  # of every rate of the sweep
        ("finetune.augment", [["flip"], []], [["flip"], []]),
        ("pretrain.augment", [["inception_crop", "flip"]], [["inception_crop", "flip"]]),
        ("pretrain.image_size", [112, 224], [16, 32]),
        ("finetune.image_size", ["x2"], [64]),
        ("finetune.steps", [5000, 10000], [150, 300]),
        ("finetune.steps", ["x0.5"], [150]),
        ("pretrain.batch_size", [2048, 4096], [32, 64]),
        ("finetune.dropout", [0.0, 0.1], [0.0, 0.1]),  # nothing stands in for it at mini
        ("pretrain.dropout", [0.0, 0.2], [0.0, 0.2]),  # mini has one value for all, of which a share is no multiple
        ("finetune.polyak", [None, 0.999], [None, 0.999]),
        ("pretrain.polyak", [None, 0.999], [None, 0.999]),
        ("pretrain.mixup", [0.0, 0.2], [None, 0.2]),  # 0 is off
        ("pretrain.cutmix", [0.0, 1.0], [None, 1.0]),
        ("finetune.cutmix", [0.0, 1.0], [None, 1.0]),
        ("pretrain.micro_batch", [None, 16], [None, 16]),
        ("finetune.micro_batch", [32], [32]),
        ("finetune.held_out", [0.05], [0.05]),
        ("finetune.split_seed", [0, 1, 2], [0, 1, 2]),  # folds: other images are held out
        ("finetune.precision", ["32-true", "bf16-mixed"], ["32-true", "bf16-mixed"]),
        ("pretrain.precision", ["bf16-mixed"], ["bf16-mixed"]),
        ("finetune.layer_decay", [1.0, 0.75], [None, 0.75]),  # 1 is off
        ("finetune.frozen", [False, True], [None, True]),
        ("finetune.label_smoothing", [0.0, 0.1], [None, 0.1]),
        ("finetune.weight_decay", [0.0, 0.1], [None, 0.1]),
        (
            "finetune.augment",
            [["flip", "rand_augment(9)", "random_erasing(0.25)"]],
            [["flip", "rand_augment(9)", "random_erasing(0.25)"]],
        ),
    ],
)
def test_any_value_is_an_axis_at_mini(values_of, axis, values, expected):
    recipe, key = axis.split(".")
    assert values_of(axis, values) == expected
    elsewhere = {"dropout", "polyak", "split_seed", "precision"}
    elsewhere |= {"mixup", "cutmix", "micro_batch", "layer_decay", "frozen", "label_smoothing", "weight_decay"}
    assert key in MINI[recipe] or key in elsewhere


@pytest.mark.parametrize(
    ("axis", "values", "updates"),
    [("pretrain.epochs", [45, 90, "x2"], [781, 1562, 3125]), ("pretrain.batch_size", [2048, 4096], [3125, 1562])],
)
def test_epochs_and_batches_decide_the_number_of_updates(values_of, axis, values, updates):
    """10,000 images, and mini's 10 epochs stand in for Table 3's 90."""
    values_of("pretrain.subset", [1.0], grid={axis: values, **GRID}, rows=["transfer", axis])
    plan = make_plan("mini", ["tried"])
    assert [plan.runs[cell.upstream].config["trainer"]["max_steps"] for cell in plan.cells] == updates


def arguments_of(plan, run):
    return plan.runs[run].config["model"]["init_args"]


def test_an_optimizer_is_one_axis_that_sets_several_values(values_of):
    none = {"finetune.momentum": None, "finetune.momentum_dtype": None}
    tried = [
        {"label": "SGD"},
        {"label": "Adam", "finetune.optimizer": "adam", "finetune.beta1": 0.9, "finetune.beta2": 0.999, **none},
    ]
    lion = {"label": "Lion", "pretrain.optimizer": "lion", "pretrain.lr": "x0.3", "pretrain.weight_decay": "x3"}
    values_of("finetune.seeds", [1], grid={"by": tried, **GRID}, rows=["by"])
    sgd, adam = (arguments_of(plan, cell.runs[0]) for plan in [make_plan("mini", ["tried"])] for cell in plan.cells)
    assert "optimizer" not in sgd and "beta1" not in sgd
    assert (adam["optimizer"], adam["beta1"], adam["beta2"]) == ("adam", 0.9, 0.999)
    assert adam["momentum"] is None and adam["momentum_dtype"] is None
    values_of("finetune.seeds", [1], grid={"by": [{"label": "Adam"}, lion], **GRID}, rows=["by"])
    adam, lion = (arguments_of(plan, cell.upstream) for plan in [make_plan("mini", ["tried"])] for cell in plan.cells)
    assert (adam["optimizer"], lion["optimizer"]) == ("adam", "lion")
    assert lion["lr"] == pytest.approx(0.3 * adam["lr"]) and lion["weight_decay"] == pytest.approx(
        3 * adam["weight_decay"]
    )


def test_folds_are_runs_of_their_own_with_a_sweep_each(values_of):
    values_of("finetune.split_seed", [0, 1])
    plan = make_plan("mini", ["tried"])
    first, second = plan.cells
    assert first.upstream == second.upstream and not set(first.runs) & set(second.runs)
    for cell, seed in ((first, 0), (second, 1)):
        needed = [plan.runs[run] for run in plan.runs[cell.runs[0]].needs if run != cell.upstream]
        assert needed and all(run.config["data"]["init_args"]["split_seed"] == seed for run in needed)


def test_more_seeds_are_more_seeds(values_of):
    values_of("finetune.seeds", [5])
    plan = make_plan("mini", ["tried"])
    assert [len(cell.runs) for cell in plan.cells] == [5]


def test_a_micro_batch_of_the_papers_batch_is_refused_where_it_does_not_fit_with_advice_that_works(values_of):
    values = [None, 1024]
    assert values_of("pretrain.micro_batch", values, scale="paper") == values
    with pytest.raises(UserError, match=r"pretrain\.micro_batch: a batch of 64 images .* 1024; .* `at`"):
        values_of("pretrain.micro_batch", values)
    at = {"mini": {"pretrain.micro_batch": [None, 16]}}
    assert values_of("pretrain.micro_batch", values, at=at) == [None, 16]
    assert values_of("pretrain.micro_batch", values, scale="paper", at=at) == values


def test_values_stated_for_a_scale_are_taken_there_and_only_there(values_of):
    at = {"mini": {"pretrain.lr": [0.01, 0.02, 0.03]}}
    assert values_of("pretrain.lr", [0.001], at=at) == [0.01, 0.02, 0.03]
    assert values_of("pretrain.lr", [0.001], at=at, scale="paper") == [0.001]
    assert values_of("pretrain.lr", ["x1"], at={"mini": {"pretrain.lr": ["x0.5"]}}) == [0.001]


def test_advice_works_when_it_is_followed_to_the_letter(values_of):
    with pytest.raises(
        UserError,
        match=r"^\S*experiments/ablations/tried\.yaml: finetune\.lr: 0\.01 where .*"
        r"mini\.yaml: recipes\.finetune\.lr has its own; .*multiples such as x0\.3.*under `at`",
    ):
        values_of("finetune.lr", [0.01])
    assert values_of("finetune.lr", ["x0.3"]) == [[0.015, 0.03]]
    assert values_of("finetune.lr", [0.01], at={"mini": {"finetune.lr": [0.01]}}) == [0.01]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ({"mimi": {"pretrain.lr": [1]}}, ["at", "mimi", "mini"]),
        ({"mini": {"pretrain.lrr": [1]}}, ["at.mini", "pretrain.lrr", "pretrain.lr"]),
        ({"mini": {"pretrain.lr": 0.1}}, ["at.mini.pretrain.lr", "list"]),
        ({"mini": [1]}, ["at.mini", "mapping"]),
        ({"mini": {"pretrain.lr": ["fast"]}}, ["pretrain.lr", "fast"]),
    ],
)
def test_slips_under_at_are_named(values_of, at, words):
    with pytest.raises(UserError) as error:
        values_of("pretrain.lr", [0.001], at=at)
    assert all(word in str(error.value) for word in words)


def test_a_multiple_of_a_word_is_refused(values_of):
    with pytest.raises(UserError, match=r"finetune\.decay.*x2 multiplies numbers.*cosine"):
        values_of("finetune.decay", ["x2"])


VARIED = {  # option of a ViT: another value than its own
    "patch": 4, "width": 32, "depth": 2, "heads": 2, "mlp": 128, "position": "2d", "position_at": "every", "pool": "map",
    "pool_norm": "after", "head_hidden": 24, "dropout": 0.1, "gelu": "erf", "norm_eps": 0.00001, "registers": 4,
    "drop_path": 0.2, "layer_scale": 0.0001, "qk_norm": True,
}  # fmt: skip


@pytest.mark.parametrize("model", ["ViT-B/16", "R50+ViT-B/16"])
def test_every_option_of_a_vit_is_an_axis_and_makes_other_runs(values_of, model):
    assert options_of("ViT-B/16").keys() == VARIED.keys()
    shapes = [{"label": "usual", "options": {}}]
    for option, value in VARIED.items():
        needed = {"pool": "gap"} if option == "pool_norm" else {}
        shapes.append({"label": option, "options": {option: value, **needed}})
    grid = {"shape": shapes, **GRID, "model": [model], "pretrain": ["JFT-300M"], "epochs": [7]}
    values_of("pretrain.subset", [1.0], grid=grid, rows=["transfer", "shape"])
    plan = make_plan("mini", ["tried"])
    assert not plan.broken and len(plan.cells) == len(shapes)
    usual, *others = ([plan.runs[run] for run in (cell.upstream, *cell.runs)] for cell in plan.cells)
    for (option, value), runs in zip(VARIED.items(), others, strict=True):
        for run, plain in zip(runs, usual, strict=True):
            assert run.options[option] == value and run.options.keys() >= plain.options.keys()
            assert run.id != plain.id
        create_model(model, image_size=32, num_classes=5, **runs[0].options)


def test_a_multiple_of_zero_is_refused(values_of):
    assert values_of("finetune.dropout", ["x1"]) == [0.0]
    with pytest.raises(UserError, match="x2 of 0 is 0 again"):
        values_of("finetune.dropout", ["x1", "x2"])


def test_the_progress_names_the_varied_value(values_of):
    values_of("pretrain.lr", ["x1", "x3"])
    plan = make_plan("mini", ["tried"])
    titles = [Progress(plan, ["tried"], 1, 0).title(run) for run in plan.runs.values()]
    assert "pretrain-ViT-B-16-fractals-10k (pretrain.lr x3)" in titles
    assert all(title.endswith(("(pretrain.lr x1)", "(pretrain.lr x3)")) for title in titles)
