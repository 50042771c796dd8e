"""Counted cost: Table 6's exaFLOPs from torch's counter, without products with padding, beside the paper's own numbers."""

import csv
import io
import math
import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from vit.models import create_model
from vit.models.flops import flops_on_padding, forward_flops
from vit.models.hybrid import SameConv
from vit.models.resnet import StandardConv
from vit.paths import ROOT

SLIP = ("R50+ViT-L/16", "7")  # 859 exaFLOPs are not half of 1668


def vit_cost(folder, *arguments):
    """What `python -m vit cost` prints; once the models are counted, it needs no torch for that."""
    code = "import sys; from vit.__main__ import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    command = [sys.executable, "-c", code, "cost", *arguments]
    environment = {**os.environ, "VIT_RESULTS": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def folder(paper_costs):
    return paper_costs.parent.parent


@pytest.fixture(scope="module")
def rows(folder):
    """(model, epochs) -> row of `python -m vit cost --csv`."""
    return {(row["model"], row["epochs"]): row for row in csv.DictReader(io.StringIO(vit_cost(folder, "--csv")))}


def published(name):
    """The same keys -> row of a CSV of results/paper."""
    with open(ROOT / "results" / "paper" / name, newline="") as file:
        return {(row["name"].replace("R50x1+", "R50+"), row["epochs"]): row for row in csv.DictReader(file)}


def test_every_row_of_table6_is_within_1_percent_of_figure_5_but_for_a_slip_of_the_paper(rows):
    figure5, table6 = published("fig5_scaling_digitised.csv"), published("table6_scaling.csv")
    assert rows.keys() == figure5.keys() == table6.keys() and len(rows) == 18
    for key, row in rows.items():
        difference = float(row["exaflops_counted"]) / float(figure5[key]["exaflops_x_imagenet_panel"]) - 1
        assert abs(difference) < 0.01 or key == SLIP, key
        assert float(row["difference_percent"]) == pytest.approx(100 * difference, abs=0.01)
        assert float(row["exaflops_printed"]) == float(table6[key]["exaflops"])
    assert [key for key, row in rows.items() if "slip" in row["verdict"]] == [SLIP]


def test_multiply_adds_are_those_of_the_check_by_hand(rows):
    for key, row in published("table6_flops_check.csv").items():
        by_hand = float(row["gmac_forward_in_image_taps"])
        assert float(rows[key]["gmacs_forward"]) == pytest.approx(by_hand, abs=0.002), key


def test_core_days_lie_where_table_2_puts_them(rows):
    """By each of the two models alone: its own printed core-days, which Table 2 rounds."""
    with open(ROOT / "results" / "paper" / "table2_sota.csv", newline="") as file:
        printed = {row["model"]: float(row["mean"]) for row in csv.DictReader(file)
                   if row["benchmark"] == "TPUv3-core-days" and row["pretrain_data"] == "JFT-300M"}  # fmt: skip
    small, large = rows["ViT-L/16", "14"], rows["ViT-H/14", "14"]
    assert float(small["core_days_low"]) == pytest.approx(printed["ViT-L/16"], rel=0.01)
    assert float(large["core_days_high"]) == pytest.approx(printed["ViT-H/14"], rel=0.01)
    for row in rows.values():
        assert float(row["core_days_low"]) < float(row["core_days"]) < float(row["core_days_high"])


def test_the_table_for_people_names_the_slip(folder):
    text = vit_cost(folder)
    line = next(line for line in text.splitlines() if line.startswith("R50+ViT-L/16       7"))
    assert line.endswith("OFF: the paper's own slip")
    assert "R50+ViT-L/16 cannot cost" in text and "core-day" in text


@pytest.mark.parametrize("kind", [SameConv, StandardConv])
@pytest.mark.parametrize("kernel", [1, 3, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(5, 8), (7, 14), (1, 2)])
def test_flops_on_padding_are_those_of_kernel_taps_that_meet_a_zero(kind, kernel, stride, size):
    """Ones convolved with ones count the taps inside the image."""
    convolution, image = kind(2, 3, kernel, stride), torch.ones(1, 2, *size)
    ones = F.conv2d(padded(image, kind, kernel, stride), torch.ones_like(convolution.weight), stride=stride)
    assert ones.shape == convolution(image).shape
    assert flops_on_padding(convolution, image, ones) == 2 * (ones.numel() * 2 * kernel**2 - ones.sum())


def padded(image, kind, kernel, stride):
    """BiT pads both sides alike; SAME padding only as much as ceil(size / stride) outputs need, the odd one behind."""
    needed = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in image.shape[2:]]
    before = [kernel // 2 if kind is StandardConv else total // 2 for total in needed]
    after = [kernel // 2 if kind is StandardConv else total - total // 2 for total in needed]
    return F.pad(image, (before[1], after[1], before[0], after[0]))


def test_a_model_without_padding_costs_what_its_matrices_cost():
    """ViT of 4 patches and a class token: 5 rows through every matrix of a block, attention over 5 x 5 pairs."""
    model = create_model("ViT-B/16", image_size=4, patch=2, width=8, depth=1, heads=2, mlp=16, num_classes=3)
    embedding, block = 4 * 12 * 8, 5 * (4 * 8 * 8 + 2 * 8 * 16) + 2 * 5 * 5 * 8
    assert forward_flops(model.eval(), torch.zeros(1, 3, 4, 4)) == 2 * (embedding + block + 8 * 3)


def test_counting_leaves_no_hooks_behind():
    model = create_model("ResNet50x1", units=(1,), width_factor=0.5).eval()
    first = forward_flops(model, torch.zeros(2, 3, 16, 16))
    assert forward_flops(model, torch.zeros(2, 3, 16, 16)) == first
    assert math.prod(not part._forward_hooks for part in model.modules())
