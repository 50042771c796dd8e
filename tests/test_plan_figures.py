"""Figures 8, 9 and 13 as runs: which sizes, how many, and what follows few-shot accuracy during a pre-training."""

import csv

import pytest
from report_runs import cell, planned_ablation

from vit.errors import UserError
from vit.paths import ROOT
from vit.plan import make_plan
from vit.plan.recipe_values import FEWSHOT_CURVE
from vit.run.costs import _count

SHAPES = """
title: "Shapes"
grid:
  reference: [{label: reference, options: {depth: 2, width: 32, heads: 4}}]
  size: [{label: deeper, line: A, options: {depth: x1.5}}, {label: wider, line: B, options: {width: x2, heads: x2}}]
  model: [ViT-B/16]
  pretrain: [none]
  transfer: [CIFAR-10]
rows: [line, size]
columns: [transfer]
"""
SPEEDS = """
title: "Speeds"
grid:
  model: [ViT-B/16, ResNet50x1]
  pretrain: [none]
  transfer: [one image]
  transfer_with: [speed]
  metric: [images_per_second]
rows: [model]
columns: [transfer]
picture: compute
"""
FAR = {"all x0.5", "all x2", "depth x4", "depth x8", "patch x2"}  # docs/fidelity.md says how far


def forward_flops(*, patch, depth, width, mlp, image, classes, **_):
    """Of a ViT with a class token and a hidden layer in its head, from the shapes of its matrix products."""
    patches = (image // patch) ** 2
    tokens = patches + 1
    layer = 4 * tokens * width**2 + 2 * tokens**2 * width + 2 * tokens * width * mlp
    return 2 * (patches * 3 * patch**2 * width + depth * layer + width**2 + width * classes)


def upstream(plan, **axes):
    """The pre-training run of the cells with these axes."""
    (run,) = {cell.upstream for cell in plan.cells if axes.items() <= cell.axes.items() and cell.upstream}
    return plan.runs[run]


@pytest.mark.parametrize(("scale", "most"), [("smoke", 6), ("mini", 16)])
def test_few_pre_trainings_are_new(scale, most):
    plan, figures = make_plan(scale), ("figure8", "figure9", "figure13")
    others = {run for name in plan.experiments if name not in figures for run in plan.runs_of(name)}
    new = {run for name in figures for run in plan.runs_of(name) if plan.runs[run].pretrains} - others
    assert 0 < len(new) <= most


def test_sizes_of_figure_8_are_multiples_of_the_papers_reference():
    plan = make_plan("paper", ["figure8"])
    reference = {"patch": 32, "depth": 8, "width": 1024, "heads": 16, "mlp": 2048}
    lines = {"All": "all", "Depth": "depth", "Patch size": "patch", "Width MLP": "MLP", "Width": "width"}
    middle = {upstream(plan, dimension=line, size=f"{word} x1").id for line, word in lines.items()}
    assert len(middle) == 1 and plan.runs[middle.pop()].options == reference
    assert upstream(plan, size="depth x8").options == reference | {"depth": 64}
    assert upstream(plan, size="patch x0.5").options == reference | {"patch": 16}
    assert upstream(plan, size="width x2").options == reference | {"width": 2048, "heads": 32}
    assert upstream(plan, size="all x0.5").options == {"patch": 32, "depth": 4, "width": 512, "heads": 8, "mlp": 1024}
    mini = make_plan("mini", ["figure8"])
    assert upstream(mini, size="patch x2").options == {"patch": 16, "depth": 4, "width": 64, "heads": 8, "mlp": 128}


def test_relative_compute_is_that_of_the_matrix_products():
    plan = make_plan("mini", ["figure8"])
    runs = {cell.axes["size"]: plan.runs[cell.upstream] for cell in plan.cells if cell.upstream}
    counted = {size: _count(run.cost_key)["flops"] for size, run in runs.items()}
    by_hand = {size: forward_flops(**run.options, image=32, classes=1000) for size, run in runs.items()}
    assert counted == by_hand and len(counted) == 14
    assert counted["depth x1"] == counted["patch x1"]


def test_sizes_of_figure_8_cost_what_its_horizontal_axis_shows():
    with open(ROOT / "results" / "paper" / "fig8_shape_scaling_digitised.csv") as file:
        printed = {(row["scaled_dimension"], int(row["point_index"])): float(row["relative_compute"]) for row in csv.DictReader(file)}  # fmt: skip
    plan = make_plan("paper", ["figure8"])
    costs = {
        (cell.axes["dimension"], cell.axes["point"], cell.axes["size"]): forward_flops(
            **plan.runs[cell.upstream].options, image=224, classes=18000
        )
        for cell in plan.cells
    }
    reference = costs["Depth", 2, "depth x1"]
    assert {key[:2] for key in costs} == set(printed)
    off = {size: cost / reference / printed[line, point] - 1 for (line, point, size), cost in costs.items()}
    assert {size for size, share in off.items() if abs(share) > 0.06} == FAR
    assert max(map(abs, off.values())) < 0.27


def test_a_multiple_of_an_option_multiplies_what_an_axis_before_it_sets(tmp_path, monkeypatch):
    plan = planned_ablation(tmp_path, monkeypatch, "mine", SHAPES)
    deeper, wider = (plan.runs[cell(plan, size=size).runs[0]] for size in ("deeper", "wider"))
    assert deeper.options | {"patch": 8, "mlp": 64} == {"patch": 8, "mlp": 64, "depth": 3, "width": 32, "heads": 4}
    assert (wider.options["width"], wider.options["heads"], wider.options["depth"]) == (64, 8, 2)
    assert cell(plan, line="B").axes["size"] == "wider"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{depth: x1.5}", "{mlp: x2}", r"mine.yaml: grid.size: options.mlp: x2 multiplies what another axis sets before it"),
        ("line: A, ", "lime: A, ", r"mine.yaml: grid: unknown axis 'lime'"),
        ("width: x2, ", "width: x1.1, ", r"mine.yaml: options: width 35 is not divisible by 8 heads"),
        ("columns: [transfer]", "columns: [transfer]\npicture: data_size", r"picture: data_size needs the axis pretrain.subset"),
        ("columns: [transfer]", "columns: [transfer]\npicture: epochs", r"picture: epochs needs the axis epochs"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path, monkeypatch, old, new, message):
    with pytest.raises(UserError, match=message):
        planned_ablation(tmp_path, monkeypatch, "mine", SHAPES.replace(old, new))


def test_compute_without_a_cell_of_accuracies_is_refused_before_anything_is_measured(tmp_path, monkeypatch):
    message = (
        r"experiments/ablations/mine\.yaml: picture: compute draws accuracies, but every cell shows images_per_second"
    )
    with pytest.raises(UserError, match=message):
        planned_ablation(tmp_path, monkeypatch, "mine", SPEEDS, scale="mini")
    dots = planned_ablation(tmp_path, monkeypatch, "mine", SPEEDS.replace("compute", "dots"), scale="mini")
    assert {cell.metric for cell in dots.cells} == {"images_per_second"}


def test_the_pre_trainings_of_figure_9_follow_few_shot_accuracy_on_held_out_images_of_the_transfer_set():
    plan = make_plan("paper", ["figure9"])
    runs = {(cell.axes["classifier"], cell.axes["pretrain.lr"]): plan.runs[cell.upstream] for cell in plan.cells}
    assert list(runs) == [("CLS-Token", 0.0008), ("GAP", 0.0008), ("GAP", 0.0003)]
    for (_, rate), run in runs.items():
        (callback,) = run.config["trainer"]["callbacks"]
        arguments = callback["init_args"]
        assert callback["class_path"] == FEWSHOT_CURVE
        assert (arguments["every"], arguments["shots"], arguments["draws"]) == (25000, [5], [0, 1, 2])
        assert arguments["data"]["class_path"] == "data.ImageNet"
        assert arguments["data"]["init_args"]["train_on"] == "train"
        assert arguments["data"]["init_args"]["evaluation"] == "squashed_crop(256)"
        assert run.config["model"]["init_args"]["lr"] == rate
    heads = [run.config["model"]["init_args"]["head_hidden"] for run in runs.values()]
    assert heads == ["width", None, None]
    rates = {
        run.config["model"]["init_args"]["lr"] for run in make_plan("mini", ["figure9"]).runs.values() if run.pretrains
    }
    assert rates == {0.002, 0.00075}  # 3/8 of the scale's rate


def test_a_curve_needs_a_few_shot_transfer(tmp_path, monkeypatch):
    figure9 = (ROOT / "experiments" / "figure9.yaml").read_text()
    kept = [
        line
        for line in figure9.splitlines()
        if not line.strip().startswith(("transfer_with", "fewshot.held", "metric"))
    ]
    text = "\n".join(kept).replace(", fewshot.held_out: [0.5]", "")
    with pytest.raises(UserError, match=r"fewshot_every needs a transfer by few-shot evaluation"):
        planned_ablation(tmp_path, monkeypatch, "mine", text.replace("ImageNet few-shot", "CIFAR-10"))


def test_axial_models_are_trained_as_their_counterparts():
    plan = make_plan("paper", ["figure13"])
    for axial, model in (
        ("Axial-ViT-B/16", "ViT-B/16"),
        ("Axial-ViT-B/32", "ViT-B/32"),
        ("AxialResNet50", "ResNet50x1"),
    ):
        one, other = (upstream(plan, model=name).config for name in (axial, model))
        assert one["model"]["init_args"] | {"model": model} == other["model"]["init_args"]
        assert one["trainer"] == other["trainer"] and one["data"] == other["data"]
        assert any("D.6 does not say" in note for note in cell(plan, model=axial, measure="5-shot accuracy").notes)
