"""Axial attention (Section D.6): what a block sees, position-sensitive attention term by term, cost in Figure 13."""

import pytest
import torch

from vit.models import create_model
from vit.models.axial import AxialConv, PositionSensitiveAttention
from vit.models.flops import forward_flops

SMALL = dict(image_size=(24, 32), num_classes=5, patch=8, width=32, depth=1, heads=4, mlp=48)  # a grid of 3 x 4


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def changed(function, grid):
    """Places of the grid at which the output moves when the token in row 1, column 2 does."""
    z = torch.randn(1, grid[0] * grid[1], 32)
    moved = z.clone()
    moved[0, 1 * grid[1] + 2] += 1
    return (function(z) != function(moved)).any(-1).view(grid)


def test_a_block_sees_the_row_first_and_then_the_whole_grid():
    block = create_model("Axial-ViT-B/16", **SMALL).eval().blocks[0]

    def rows(z):
        return block.row(z.view(3, 4, 32)).view(1, 12, 32)

    assert torch.equal(changed(rows, (3, 4)), torch.tensor([[False] * 4, [True] * 4, [False] * 4]))
    assert changed(block, (3, 4)).all()


def test_columns_are_attended_to_as_rows_of_the_transposed_grid():
    block = create_model("Axial-ViT-B/16", **SMALL).eval().blocks[0]
    z = torch.randn(2, 3, 4, 32)
    after_rows = torch.stack([block.row(z[:, row]) for row in range(3)], dim=1)
    after_columns = torch.stack([block.column(after_rows[:, :, column]) for column in range(4)], dim=2)
    torch.testing.assert_close(block(z.flatten(1, 2)), after_columns.flatten(1, 2))


def test_position_sensitive_attention_embeds_offsets_for_queries_keys_and_values():
    attention = PositionSensitiveAttention(8, 1, 5).double()
    z = torch.randn(1, 5, 8, dtype=torch.float64)
    q, k, v = (part[0, 0] for part in attention.project(z))
    tables = (attention.relative, attention.relative_key, attention.relative_value)
    rq, rk, rv = (table.table[0] for table in tables)
    for o in range(5):
        scores = [q[o] @ k[p] + q[o] @ rq[p - o + 4] + k[p] @ rk[o - p + 4] for p in range(5)]
        weights = (torch.stack(scores) / 8**0.5).softmax(0)
        mixed = sum(weights[p] * (v[p] + rv[p - o + 4]) for p in range(5))
        torch.testing.assert_close(attention(z)[0, o], attention.out(mixed))


@pytest.mark.parametrize(("size", "stride", "after"), [((8, 6), 1, (8, 6)), ((8, 6), 2, (4, 3)), ((7, 5), 2, (4, 3))])
def test_the_replacement_of_a_convolution_has_its_output_size(size, stride, after):
    layer = AxialConv(32, 8, stride, after)
    assert layer(torch.randn(2, 32, *size)).shape == (2, 32, *after)


def test_no_3x3_convolution_is_left_in_the_axial_resnet():
    with torch.device("meta"):
        model = create_model("AxialResNet50")
    kernels = {m.kernel_size for m in model.modules() if isinstance(m, torch.nn.Conv2d)}
    assert kernels == {(7, 7), (1, 1)}
    assert sum(isinstance(m, AxialConv) for m in model.modules()) == 16


def test_relative_offsets_that_no_query_uses_are_what_the_axial_resnet_costs_more_than_figure_13():
    with torch.device("meta"):
        flops = forward_flops(create_model("AxialResNet50", num_classes=18000), torch.empty(1, 3, 224, 224))
    # stage: units, width and side; three tables on two axes, for each position 2L - 1 offsets where L are used
    stages = ((3, 64, 56), (4, 128, 28), (6, 256, 14), (3, 512, 7))
    unused = sum(units * 2 * 3 * width * (side - 1) * side**2 for units, width, side in stages)
    exaflops = 3 * 7 * 303e6 / 1e18
    assert flops * exaflops == pytest.approx(59.86, abs=0.01)
    assert (flops - 2 * unused) * exaflops == pytest.approx(55.6, rel=0.015)


@pytest.mark.parametrize(
    ("name", "exaflops"),
    [("ViT-B/32", 55.98), ("Axial-ViT-B/32", 107.62), ("ViT-B/16", 224.08), ("Axial-ViT-B/16", 426.75)],
)
def test_cost_of_7_epochs_of_jft_is_that_of_figure_13(name, exaflops):
    with torch.device("meta"):
        model, image = create_model(name, num_classes=18291, head_hidden="width"), torch.empty(1, 3, 224, 224)
        flops = forward_flops(model, image)
    cost = 3 * flops * 7 * 303e6 / 1e18
    assert cost == pytest.approx(exaflops, rel=0.01)
