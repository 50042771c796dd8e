"""Slips in experiments, recipes and scales are refused by the planner: file, key and the nearest right word, nothing trained."""

import pytest

from vit.errors import UserError
from vit.models import FAMILIES, arguments_of
from vit.plan import make_plan
from vit.plan.model_options import options_of

GELU, MINI, FIGURE4, MULTILABEL = "ablations/gelu.yaml", "scales/mini.yaml", "figure4.yaml", "ablations/multilabel.yaml"
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
    "a warm-up as long as the training": (MINI, "lr: 0.002, warmup_steps: 80, augment: [], evaluation: resize, resize: once}\n  vtab",
        "lr: 0.002, warmup_steps: 1500, augment: [], evaluation: resize, resize: once}\n  vtab", ["mini.yaml", "masked_patch.warmup_steps", "1500"]),
    "momentum beside Adam": ("recipes/pretrain.yaml", "optimizer: adam ", "momentum: 0.9\noptimizer: adam ", ["pretrain", "momentum", "0.9", "adam"]),
    "drops beside a cosine": ("recipes/finetune.yaml", "decay: cosine ", "drops: [3]\ndecay: cosine ", ["finetune", "drops", "cosine"]),
    "a step of augmentation": ("recipes/finetune.yaml", "augment: [inception_crop,", "augment: [inception_crops,", ["finetune", "inception_crops"]),
    "a step as a number": ("recipes/finetune.yaml", "augment: [inception_crop,", "augment: [3,", ["finetune", "augment", "3"]),
    "a way to evaluate": ("recipes/finetune.yaml", "evaluation: resize ", "evaluation: center_crop ", ["finetune", "center_crop", "central_crop"]),
    "SGD without its momentum": ("recipes/pretrain-sgd.yaml", "momentum: 0.9 ", "# ", ["pretrain-sgd.yaml", "momentum"]),
    "SGD with Adam's constants": ("recipes/pretrain-sgd.yaml", "optimizer: sgd ", "beta1: 0.9\noptimizer: sgd ", ["pretrain-sgd", "beta1", "sgd"]),
    "an average without its factor": (GELU, "  model: [", "  pretrain.polyak: [true]\n  model: [", ["gelu.yaml", "pretrain.polyak", "True", "or null"]),
    "an average of the weights alone": (GELU, "  model: [", "  pretrain.polyak: [1]\n  model: [", ["gelu.yaml", "pretrain.polyak", "1", "below 1"]),
    "an average by another name": (GELU, "  model: [", "  pretrain.poliak: [0.99]\n  model: [", ["gelu.yaml", "pretrain", "poliak", "'polyak'"]),
    "a negative alpha": (GELU, "  model: [", "  pretrain.mixup: [-0.2]\n  model: [", ["gelu.yaml", "pretrain.mixup", "-0.2", "0 or more"]),
    "CutMix as a switch": (GELU, "  model: [", "  finetune.cutmix: [true]\n  model: [", ["gelu.yaml", "finetune.cutmix", "True", "0 or more"]),
    "CutMix by another name": (GELU, "  model: [", "  pretrain.cut_mix: [1.0]\n  model: [", ["gelu.yaml", "pretrain", "cut_mix", "'cutmix'"]),
    "mixup where there are no labels": ("self_supervision.yaml", "rows: [", "settings: [{masked_patch.mixup: 0.2}]\nrows: [",
        ["masked_patch", "mixup"]),
    "an average in coarse numbers": ("recipes/pretrain.yaml", "precision: 32-true ", "polyak: 0.9999\nprecision: bf16-true ",
        ["pretrain", "polyak", "bf16-true", "null"]),
    "a micro-batch that does not divide the batch": (GELU, "  model: [", "  pretrain.micro_batch: [24]\n  model: [",
        ["gelu.yaml", "pretrain.micro_batch", "64 images", "24", "`at`"]),
    "a micro-batch of no image": (GELU, "  model: [", "  finetune.micro_batch: [0]\n  model: [", ["gelu.yaml", "finetune.micro_batch", "above 0"]),
    "a micro-batch by its number": (GELU, "  model: [", "  pretrain.micro_batches: [4]\n  model: [", ["gelu.yaml", "micro_batches", "'micro_batch'"]),
    "a micro-batch as a multiple of none": (GELU, "  model: [", "  pretrain.micro_batch: [x0.5]\n  model: [", ["gelu.yaml", "pretrain.micro_batch", "None"]),
    "a mixed image alone in its micro-batch": (MINI, "warmup_steps: 30, lr: [", "micro_batch: 1, mixup: 0.2, warmup_steps: 30, lr: [",
        ["finetune", "mixup", "micro_batch 1"]),
    "a micro-batch of an evaluation": (FIGURE4, "pretrain.subset: [", "fewshot.micro_batch: [8]\n  pretrain.subset: [",
        ["figure4.yaml", "fewshot", "micro_batch"]),
    # pictures of what runs left
    "a panel of a picture": ("figure7.yaml", "  filters: {", "  filter: {", ["figure7.yaml", "picture", "filter", "'filters'"]),
    "an axis of a panel": ("figure7.yaml", "attention_distance: {shown:", "attention_distance: {show:",
        ["figure7.yaml", "picture.attention_distance", "show", "'shown'"]),
    "a name of a panel": ("figure7.yaml", "attention_distance: {shown: attention}", "attention_distance: {shown: atention}",
        ["figure7.yaml", "picture.attention_distance.shown", "atention", "'attention'"]),
    "a panel without its mapping": ("figure6.yaml", "{attention_maps: {}}", "{attention_maps: yes}",
        ["figure6.yaml", "picture.attention_maps", "a mapping", "True"]),
    "a picture without panels": ("figure6.yaml", "{attention_maps: {}}", "{}", ["figure6.yaml", "picture", "filters", "attention_maps"]),
    "a panel of runs that leave no arrays": (GELU, "rows: [", "picture: {filters: {}}\nrows: [",
        ["gelu.yaml", "picture", "filters", "transfer_with: [inspect]"]),
    "an accuracy of a look into a model": ("figure6.yaml", "metric: attention_distance_last_px", "metric: test_accuracy",
        ["figure6.yaml", "metric of Inspect", "test_accuracy"]),
    "the column that is averaged": ("figure11.yaml", "over: head ", "over: heads ", ["figure11.yaml", "heads", "'head'"]),
    # where a line stands
    "rows one level too deep": (GELU, "\nrows: [transfer", "\n  rows: [transfer", ["gelu.yaml", "'rows' is missing", "'grid'"]),
    "an axis beside the grid": (GELU, "rows: [", "model: [ViT-B/16]\nrows: [", ["gelu.yaml", "'model'", "under grid"]),
    "a recipe as a mapping in the grid": (GELU, "  model: [", "  finetune: {lr: [0.1]}\n  model: [", ["gelu.yaml", "grid.finetune", "'finetune.lr: [...]'"]),
    "a recipe as a mapping in a setting": (GELU, "rows:", "settings: [{model: ViT-B/16, finetune: {lr: 0.1}}]\nrows:",
        ["gelu.yaml", "settings[0]", "'finetune'", "'finetune.batch_size'"]),
    "a key of the scale in the singular": (MINI, "\nmodels:", "\nmodel:", ["mini.yaml", "'model'", "'models'"]),
    "a key whose items are commented out": (GELU, "rows:", "leave_out:\n#  - {model: ViT-B/16}\nrows:", ["gelu.yaml", "leave_out", "a list", "nothing"]),
    "no space after a colon": (GELU, "pretrain: [", "pretrain:[", ["gelu.yaml:7", "not valid YAML"]),
    "a tab": (GELU, "  model: [", "\tmodel: [", ["gelu.yaml:5", "not valid YAML", "\\t"]),
    "a key twice": (GELU, "columns:", "rows: [model]\ncolumns:", ["gelu.yaml:9", "rows", "twice"]),
    "a key twice in one line": (GELU, "{label: exact, ", "{label: exact, label: erf, ", ["gelu.yaml:4", "label", "twice"]),
    # kinds of values
    "a list where a name belongs": (GELU, "[CIFAR-10, CIFAR-100, Oxford-IIIT-Pets]", "[[CIFAR-10, CIFAR-100]]", ["gelu.yaml", "grid.transfer[0]", "a name"]),
    "null for from scratch": (GELU, "[ImageNet-21k]", "[null]", ["gelu.yaml", "grid.pretrain[0]", "None", "'none'"]),
    "a name where a list belongs": (GELU, "[ImageNet-21k]", "ImageNet-21k", ["gelu.yaml", "grid.pretrain", "a list", "ImageNet-21k"]),
    "options as a list": (GELU, "options: {gelu: erf}", "options: [gelu: erf]", ["gelu.yaml", "grid.gelu[1].options", "a mapping"]),
    "a name among mappings": (GELU, "{label: exact, options: {gelu: erf}}", "exact", ["gelu.yaml", "grid.gelu[1]", "exact", "label"]),
    "means as a list": ("table7.yaml", "  transfer: {Average:", "  - {Average:", ["table7.yaml", "means", "a mapping"]),
    "a boolean for a number": (GELU, "  model: [", "  finetune.momentum: [yes]\n  model: [", ["gelu.yaml", "finetune.momentum", "True"]),
    "a boolean for a whole number": (MINI, "warmup_steps: 30, lr: [", "warmup_steps: no, lr: [", ["mini.yaml", "finetune.warmup_steps", "False"]),
    "a negative rate": (GELU, "  model: [", "  pretrain.lr: [-0.001]\n  model: [", ["gelu.yaml", "pretrain.lr", "-0.001", "above 0"]),
    "a negative rate in a sweep": (MINI, "lr: [0.05, 0.1]", "lr: [-0.05, 0.1]", ["mini.yaml", "finetune.lr", "-0.05", "above 0"]),
    "a decimal comma": (MINI, "lr: [0.05, 0.1]", "lr: [0,05, 0,1]", ["mini.yaml", "finetune.lr", "[0, 5, 0, 1]"]),
    "a subset of nothing": (FIGURE4, "pretrain.subset: [0.03,", "pretrain.subset: [0,", ["figure4.yaml", "pretrain.subset", "share above 0"]),
    "everything held out": (MINI, "held_out: 0.1, augment: []", "held_out: 1.0, augment: []", ["mini.yaml", "finetune.held_out", "1.0", "below 1"]),
    "clipping to nothing": (GELU, "  model: [", "  finetune.clip_norm: [0.0]\n  model: [", ["gelu.yaml", "finetune.clip_norm", "0.0", "above 0"]),
    "a step without its list": (GELU, "  model: [", "  finetune.augment: [flip]\n  model: [", ["gelu.yaml", "finetune.augment", "'flip'", "list of steps"]),
    "a number that is text in the grid": (GELU, "  model: [", "  finetune.lr: [1e-3]\n  model: [", ["gelu.yaml", "grid.finetune.lr[0]", "1e-3", "0.001"]),
    "a number that is text as a key": (MINI, "epochs: {300: 100, ", 'epochs: {"300": 100, ', ["mini.yaml", "pretrain.ImageNet.epochs", "'300'"]),
    "a number of images in thousands": (MINI, "images: 4000,", "images: 4.0e+3,", ["mini.yaml", "transfer.CIFAR-10.images", "4000.0"]),
    "a name left out as a text": (MINI, "model: [ViT-Ti/4, ViT-L/32,", "pretrain: none\n  model: [ViT-Ti/4, ViT-L/32,",
        ["mini.yaml", "omit.pretrain", "a list"]),
    "a label as a list": (GELU, "label: exact", "label: [exact]", ["gelu.yaml", "grid.gelu[1].label", "['exact']"]),
    "a key that YAML reads as true": (GELU, "options: {gelu: erf}", "on: {gelu: erf}", ["gelu.yaml", "grid.gelu[1]", "True", "quotes"]),
    "recipes of a setting as a mapping": ("table7.yaml", "transfer_with: [finetune, finetune-bit]", "transfer_with: [finetune: {}]",
        ["table7.yaml", "settings[0].transfer_with", "list of names"]),
    # names that nothing has
    "a scale under at": (GELU, "rows:", "at: {minni: {model: [ViT-B/16]}}\nrows:", ["gelu.yaml", "at", "minni", "'mini'"]),
    "epochs that the recipe has not": ("table5.yaml", "JFT-300M, epochs: 14}", "JFT-300M, epochs: 15}",
        ["table5.yaml", "pretrain.yaml", "ViT-L/16", "epochs", "[7, 14]", "15"]),
    "a recipe of the transfer": (FIGURE4, "transfer_with: [fewshot]", "transfer_with: [few_shot]", ["figure4.yaml", "few_shot", "'fewshot'"]),
    "a recipe of the scale": (MINI, "\n  vtab: {", "\n  vtabs: {", ["mini.yaml", "recipes", "vtabs", "'vtab'"]),
    "a set to test on, at the paper's scale": ("objectnet.yaml", "tested_on: [ObjectNet]", "tested_on: [ObjectNets]",
        ["objectnet.yaml", "paper.yaml", "tested_on", "'ObjectNet'"]),
    "a name in a mean": ("table7.yaml", "{Average: [ImageNet, CIFAR-10,", "{Average: [ImageNet, CIFAR10,",
        ["table7.yaml", "means.transfer.Average", "CIFAR10", "'CIFAR-10'"]),
    "another metric for no set": ("table5.yaml", "  ImageNet ReaL: {transfer", "  ImageNet Real: {transfer",
        ["table5.yaml", "same_run", "ImageNet Real", "'ImageNet ReaL'"]),
    "a name left out that is set by a mapping": ("objectnet.yaml", "private:", "leave_out: [{model: ViT-L/32}]\nprivate:",
        ["objectnet.yaml", "leave_out[0].model", "ViT-L/32", "'ViT-L/16'"]),
    "an axis left out that there is not": ("table5.yaml", "{model: ViT-H/14, pretrain: ImageNet}", "{modle: ViT-H/14, pretrain: ImageNet}",
        ["table5.yaml", "leave_out[0]", "modle", "'model'"]),
    "a value without its recipe": (GELU, "  model: [", "  dropout: [0.0, 0.1]\n  model: [", ["gelu.yaml", "'dropout'", "finetune.dropout?"]),
    "an option as an axis": (GELU, "  model: [", "  pool: [gap, token]\n  model: [", ["gelu.yaml", "pool", "options: {pool: ...}"]),
    "a value that its recipe has not": (GELU, "  model: [", "  finetune.dropuot: [0.1]\n  model: [", ["gelu.yaml", "finetune", "dropuot", "'dropout'"]),
    "a value of a recipe that no cell takes": (GELU, "  model: [", "  vtab.lr: [x1, x2]\n  model: [", ["gelu.yaml", "vtab.lr", "finetune"]),
    "a key of a setting": ("table5.yaml", "JFT-300M, epochs: 14}", "JFT-300M, epoch: 14}", ["table5.yaml", "settings[0]", "epoch", "'epochs'"]),
    "a data module without its package": (MINI, "data: data.MNIST5k, images: 4000", "data: MNIST5k, images: 4000",
        ["mini.yaml", "transfer.CIFAR-10.data", "'data.MNIST5k'"]),
    "a task": ("recipes/finetune.yaml", "task: vit.tasks.Finetune", "task: vit.tasks.FineTune", ["finetune.yaml", "task", "FineTune", "'vit.tasks.Finetune'"]),
    "a task that a task of one's own is not like": ("recipes/finetune.yaml", "task: vit.tasks.Finetune", "task: own.Task\nlike: vit.task.Finetune",
        ["finetune.yaml", "like", "'vit.tasks.Finetune'"]),
    # several labels an image
    "a softmax on a multi-label set": ("recipes/finetune.yaml", "loss: sigmoid, head_bias: 0.0, ", "",
        ["finetune.loss", "'softmax'", "PASCAL VOC 2007", "mini.yaml", "sigmoid"]),
    "a sigmoid without the bias of its head": ("recipes/finetune.yaml", "head_bias: 0.0, ", "", ["finetune.yaml", "head_bias", "loss sigmoid"]),
    "a bias of the head beside a softmax": (GELU, "  model: [", "  finetune.head_bias: [-2.0]\n  model: [", ["finetune.head_bias", "-2.0", "softmax"]),
    "smoothed labels on a multi-label set": (MULTILABEL, "  model: [", "  finetune.label_smoothing: [0.1]\n  model: [",
        ["finetune.label_smoothing", "0.1", "PASCAL VOC 2007", "mini.yaml"]),
    "an accuracy of a multi-label set": (MULTILABEL, "  model: [", "  metric: [test_accuracy]\n  model: [",
        ["multilabel.yaml", "metric", "test_accuracy", "test_mean_average_precision"]),
    "a mean average precision of one label": (GELU, "  model: [", "  metric: [test_mean_average_precision]\n  model: [",
        ["gelu.yaml", "metric", "test_mean_average_precision", "one label"]),
    "a choice by accuracy on a multi-label set": ("recipes/finetune.yaml", ", select_by: mean_average_precision", "",
        ["finetune.select_by", "'accuracy'", "PASCAL VOC 2007", "mean_average_precision"]),
    "a choice by mean average precision of one label": (GELU, "  model: [", "  finetune.select_by: [mean_average_precision]\n  model: [",
        ["finetune.select_by", "mean_average_precision", "transfer.CIFAR-10", "mini.yaml"]),
    "a measure to select by": (GELU, "  model: [", "  finetune.select_by: [acuracy]\n  model: [", ["finetune.select_by", "acuracy", "class_mean_accuracy"]),
    "a measure to select by, of one rate": ("table9.yaml", "grid:\n", "grid:\n  vtab.select_by: [loss]\n",
        ["vtab.yaml", "vtab.select_by", "loss", "one learning rate"]),
    "recipes that compete by two measures": ("table7.yaml", "transfer_with: [finetune,", "finetune-bit.select_by: loss, transfer_with: [finetune,",
        ["table7.yaml", "transfer_with", "finetune.select_by accuracy", "finetune-bit.select_by loss"]),
    "few shots of a multi-label set": (MULTILABEL, "rows:", "  transfer_with: [fewshot]\nrows:", ["vit.tasks.FewShot", "PASCAL VOC 2007", "Finetune"]),
    "pre-training on a multi-label set": (
        MINI, "fractal_seed: 0}, epochs: {300: 100, 90: 100},", "fractal_seed: 0}, epochs: {300: 100, 90: 100}, multi_label: true,",
        ["mini.yaml", "pretrain.ImageNet.multi_label", "transfer"]),
    "multi_label as a word": (MINI, "multi_label: true,", "multi_label: several,", ["mini.yaml", "transfer.PASCAL VOC 2007", "multi_label", "several"]),
    "rows that are no list": ("recipes/fewshot.yaml", "  - {}  ", "  all: {}  ", ["fewshot.yaml", "rows", "a list"]),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_one_line_that_names_file_and_key(experiments, slip):
    file, text, instead, words = SLIPS[slip]
    content = (experiments / file).read_text()
    assert text in content
    (experiments / file).write_text(content.replace(text, instead, 1))
    try:
        message = "\n".join(make_plan("paper" if slip.endswith("at the paper's scale") else "mini").mistakes())
    except UserError as error:
        message = str(error)
    assert "\n" not in message and all(word in message for word in words), message


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_the_planner_knows_the_options_of_every_model(family):
    for name in FAMILIES[family]:
        assert options_of(name).keys() == arguments_of(family) - {"image_size", "num_classes"}
