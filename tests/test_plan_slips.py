"""Slips in experiments, recipes and scales are refused by the planner: file, key and the nearest right word, nothing trained."""

import shutil

import pytest

from vit import paths
from vit.errors import UserError
from vit.models import FAMILIES, arguments_of
from vit.plan import make_plan
from vit.plan.model_options import options_of

GELU, MINI, FIGURE4 = "ablations/gelu.yaml", "scales/mini.yaml", "figure4.yaml"
SLIPS = {  # file, its text, what somebody writes instead, what the line must name
    "an option that the model has not": (MINI, "{patch: 16, depth", "{pach: 16, depth", ["mini.yaml", "models.ViT-B/32", "pach", "patch"]),
    "an option that is a word": (MINI, "depth: 4, width: 64", "depth: four, width: 64", ["mini.yaml", "models.ViT-B/32.depth", "four"]),
    "heads that do not divide the width": (MINI, "width: 64, heads: 4", "width: 64, heads: 5", ["mini.yaml", "ViT-B/32", "64", "5 heads"]),
    "a model that no experiment has": (MINI, "  ViT-L/16:  ", "  ViT-L/15:  ", ["mini.yaml", "models", "ViT-L/15", "ViT-L/16"]),
    "options that are no mapping": (MINI, "ViT-L/16:     {patch: 8, depth: 6, width: 96, heads: 6, mlp: 384}", "ViT-L/16: 8",
        ["mini.yaml", "models.ViT-L/16", "8"]),
    "a model under omit that no experiment has": (MINI, "ViT-H/14,", "ViT-H/15,", ["mini.yaml", "omit.model", "ViT-H/15", "ViT-H/14"]),
    "a pattern under omit that nothing matches": (MINI, "VTAB Clevr*,", "VTAB Clevr*, VTAB Clevver*,", ["mini.yaml", "omit.transfer", "Clevver"]),
    "an experiment under omit that is none": (MINI, "figure4.name:", "figure5.name:", ["mini.yaml", "omit.figure5.name"]),
    "an option of an experiment": (GELU, "{gelu: erf}", "{geluu: erf}", ["gelu.yaml", "options", "geluu", "gelu"]),
    "a value of an option": (GELU, "{gelu: erf}", "{gelu: exact}", ["gelu.yaml", "options", "gelu", "exact"]),
    "a switch as a number": (GELU, "{gelu: erf}", "{qk_norm: 1}", ["gelu.yaml", "options", "qk_norm", "true or false", "1"]),
    "a share of all": (GELU, "{gelu: erf}", "{drop_path: 1.0}", ["gelu.yaml", "options", "drop_path", "below 1", "1.0"]),
    "rows without the axis of the ablation": (GELU, "rows: [transfer, gelu]", "rows: [transfer]", ["gelu.yaml", "rows", "gelu"]),
    "an axis twice in the grid": (GELU, "model: [ViT-B/16, ViT-B/32]", "model: [ViT-B/16, ViT-B/16]", ["gelu.yaml", "twice"]),
    "a metric": (FIGURE4, "test_5shot_accuracy", "test_5shots_accuracy", ["figure4.yaml", "metric", "test_5shots_accuracy", "test_5shot_accuracy"]),
    "a metric of another task, at the paper's scale": ("table5.yaml", "metric: test_real_accuracy", "metric: test_5shot_accuracy",
        ["table5.yaml", "metric", "Finetune", "test_5shot_accuracy"]),
    "shots that the recipe has not": (FIGURE4, "test_5shot_accuracy", "test_7shot_accuracy", ["figure4.yaml", "test_7shot_accuracy"]),
    "a value column of the paper": ("table6.yaml", "CIFAR-10: ", "CIFAR-10: x", ["table6.yaml", "table6_scaling.csv", "x"]),
    "a key column of the paper": ("table5.yaml", "match: {pretrain: pretrain_dataset", "match: {pretrain: pretrain_data",
        ["table5.yaml", "table5_transfer.csv", "pretrain_data", "pretrain_dataset"]),
    "a warm-up as long as the training": (MINI, "warmup_steps: 30, lr: [", "warmup_steps: 300, lr: [", ["mini.yaml", "finetune.warmup_steps", "300"]),
    "momentum beside Adam": ("recipes/pretrain.yaml", "optimizer: adam ", "momentum: 0.9\noptimizer: adam ", ["pretrain", "momentum", "0.9", "adam"]),
    "drops beside a cosine": ("recipes/finetune.yaml", "decay: cosine ", "drops: [3]\ndecay: cosine ", ["finetune", "drops", "cosine"]),
    "a step of augmentation": ("recipes/finetune.yaml", "augment: [inception_crop,", "augment: [inception_crops,", ["finetune", "inception_crops"]),
    "a step as a number": ("recipes/finetune.yaml", "augment: [inception_crop,", "augment: [3,", ["finetune", "augment", "3"]),
    "a way to evaluate": ("recipes/finetune.yaml", "evaluation: resize ", "evaluation: center_crop ", ["finetune", "center_crop", "central_crop"]),
    "SGD without its momentum": ("recipes/pretrain-sgd.yaml", "momentum: 0.9 ", "# ", ["pretrain-sgd.yaml", "momentum"]),
    "SGD with Adam's constants": ("recipes/pretrain-sgd.yaml", "optimizer: sgd ", "beta1: 0.9\noptimizer: sgd ", ["pretrain-sgd", "beta1", "sgd"]),
}  # fmt: skip


@pytest.fixture
def experiments(tmp_path, monkeypatch):
    shutil.copytree(paths.EXPERIMENTS, tmp_path / "experiments")
    monkeypatch.setattr(paths, "EXPERIMENTS", tmp_path / "experiments")
    return tmp_path / "experiments"


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_one_line_that_names_file_and_key(experiments, slip):
    from vit.plan.resolve import load_recipe

    file, text, instead, words = SLIPS[slip]
    content = (experiments / file).read_text()
    assert text in content
    (experiments / file).write_text(content.replace(text, instead, 1))
    load_recipe.cache_clear()
    try:
        message = "; ".join(make_plan("paper" if slip.endswith("at the paper's scale") else "mini").broken.values())
    except UserError as error:
        message = str(error)
    finally:
        load_recipe.cache_clear()
    assert "\n" not in message and all(word in message for word in words), message


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_the_planner_knows_the_options_of_every_model(family):
    for name in FAMILIES[family]:
        assert options_of(name).keys() == arguments_of(family) - {"image_size", "num_classes"}
