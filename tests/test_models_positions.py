"""Position embeddings (Table 8): what each adds, where, and how it follows the image to another size."""

import math

import numpy as np
import pytest
import scipy.ndimage
import torch

from vit.models import create_model
from vit.models.position import Learned1D, Learned2D, Relative, Sincos2D, resize_positions, unskew

SMALL = dict(image_size=(24, 32), num_classes=5, patch=8, width=32, depth=3, heads=4, mlp=48)  # a grid of 3 x 4
ADDED = ("1d", "2d", "sincos2d")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def small(**options):
    return create_model("ViT-B/16", **SMALL | options).eval()


@pytest.mark.parametrize(
    ("options", "a_bag"),
    [
        (dict(position="none"), True),
        (dict(position="1d"), False),
        (dict(position="2d"), False),
        (dict(position="sincos2d"), False),
        (dict(position="relative"), False),
        (dict(position="1d", position_at="every"), False),
        (dict(position="2d", position_at="shared"), False),
    ],
)
def test_only_without_positions_is_an_image_a_bag_of_patches(options, a_bag):
    model = small(**options).double()
    tokens = torch.randn(2, 12, 32, dtype=torch.float64)
    before, after = (model.encode(z)[:, 0] for z in (tokens, tokens[:, torch.randperm(12)]))
    assert torch.allclose(before, after, rtol=0, atol=1e-12) == a_bag


def test_2d_puts_the_columns_half_before_the_rows_half():
    position = Learned2D((3, 4), 6, class_token=True)
    added = position(torch.zeros(1, 13, 6))[0]
    assert torch.equal(added[0], position.class_row[0, 0])
    for row in range(3):
        for column in range(4):
            assert torch.equal(added[1 + 4 * row + column], torch.cat([position.x[0, column], position.y[0, row]]))


def test_relative_scores_are_queries_times_the_embedding_of_the_offset():
    relative = Relative((3, 4), 8, class_token=True)
    q = torch.randn(2, 4, 13, 8)
    scores = relative(q)
    for query in range(13):
        for key in range(13):
            torch.testing.assert_close(scores[:, :, query, key], q[:, :, query] @ relative.table[0, key - query + 12])


def test_weights_by_offset_and_by_key_are_the_same_weights():
    weights = torch.randn(2, 5, 5)
    by_offset = unskew(weights)
    for query in range(5):
        for key in range(5):
            assert torch.equal(by_offset[:, query, key - query + 4], weights[:, query, key])
    torch.testing.assert_close(by_offset.sum(-1), weights.sum(-1))


@pytest.mark.parametrize(("position", "rows"), [("1d", 13 * 32), ("2d", 32 + (3 + 4) * 16)])
@pytest.mark.parametrize(("position_at", "tables"), [("stem", 1), ("shared", 1), ("every", 3)])
def test_every_layer_has_its_own_table_or_all_share_one(position, rows, position_at, tables):
    added = sum(p.numel() for p in small(position=position, position_at=position_at).parameters())
    assert added - sum(p.numel() for p in small(position="none").parameters()) == tables * rows


@pytest.mark.parametrize("position", ADDED)
@pytest.mark.parametrize(("position_at", "inputs_with_positions"), [("stem", 1), ("shared", 3), ("every", 3)])
def test_the_inputs_of_the_named_layers_get_them(position, position_at, inputs_with_positions):
    model = small(position=position, position_at=position_at)
    for block in model.blocks:  # blocks that do nothing leave the sum of what was added
        block.forward = lambda z: z
    model.norm = torch.nn.Identity()
    once = model.position.tables[0](torch.zeros(1, 13, 32))
    if position_at == "every":
        once = sum(table(torch.zeros(1, 13, 32)) for table in model.position.tables) / 3
    torch.testing.assert_close(model.encode(torch.zeros(1, 12, 32)), inputs_with_positions * once)


def test_relative_positions_have_a_table_in_every_layer_shared_by_its_heads():
    with_them, without = (sum(p.numel() for p in small(position=p).parameters()) for p in ("relative", "none"))
    assert with_them - without == 3 * (2 * 13 - 1) * 8


def test_sincos2d_has_nothing_to_learn_and_keeps_its_digits_through_any_precision():
    position = Sincos2D((3, 4), 16, class_token=True)
    assert not position.state_dict()
    zero = torch.zeros(1, 13, 16, dtype=torch.float64)
    fresh = position(zero)
    assert torch.equal(position.bfloat16().double()(zero), fresh)
    assert torch.equal(fresh[0, 0], zero[0, 0])
    assert fresh[0, 1 + 4 * 2 + 3, 1].item() == pytest.approx(math.sin(3 * 10000 ** (-1 / 3)), abs=1e-15)
    assert fresh[0, 1 + 4 * 2 + 3, 15].item() == pytest.approx(math.cos(2 / 10000), abs=1e-15)


def test_a_resized_table_keeps_its_class_row_and_its_corners():
    table = torch.randn(1, 1 + 14 * 14, 8)
    new = resize_positions(table, (14, 14), (24, 24))
    assert torch.equal(new[:, 0], table[:, 0])
    old_grid, new_grid = table[0, 1:].view(14, 14, 8), new[0, 1:].view(24, 24, 8)
    torch.testing.assert_close(new_grid[[0, 0, -1, -1], [0, -1, 0, -1]], old_grid[[0, 0, -1, -1], [0, -1, 0, -1]])


@pytest.mark.parametrize(("old", "new", "zeroed"), [(14, 24, False), (7, 12, False), (24, 14, False), (28, 48, True)])
def test_resizing_is_scipys_but_for_the_rows_that_it_zeroes(old, new, zeroed):
    table = torch.randn(1, old * old, 4, dtype=torch.float64)
    theirs = scipy.ndimage.zoom(table[0].view(old, old, 4).numpy(), (new / old, new / old, 1), order=1)
    ours = resize_positions(table, (old, old), (new, new))[0].view(new, new, 4).numpy()
    assert np.abs(ours - theirs)[:-1, :-1].max() < 1e-12
    assert np.all(theirs[-1] == 0) == zeroed
    assert zeroed or np.abs(ours - theirs).max() < 1e-12


def test_a_ramp_stays_a_ramp_on_any_grid():
    position = Learned1D((3, 4), 2, class_token=False)
    y, x = torch.meshgrid(torch.linspace(0, 1, 3), torch.linspace(0, 1, 4), indexing="ij")
    position.table.data = torch.stack([x, y], dim=-1).view(1, 12, 2)
    position.resize((5, 7), "bilinear")
    y, x = torch.meshgrid(torch.linspace(0, 1, 5), torch.linspace(0, 1, 7), indexing="ij")
    torch.testing.assert_close(position.table.data, torch.stack([x, y], dim=-1).view(1, 35, 2))


def test_the_lines_of_2d_and_relative_tables_are_resized_along_themselves():
    position, relative = Learned2D((3, 4), 8, class_token=True), Relative((3, 4), 8, class_token=True)
    x, class_row, offsets = position.x.data, position.class_row.data, relative.table.data
    for table in (position, relative):
        table.resize((3, 7), "bilinear")
    torch.testing.assert_close(position.x.data[:, ::2], x)
    assert torch.equal(position.class_row, class_row)
    assert relative.table.shape == (1, 2 * 22 - 1, 8)
    torch.testing.assert_close(relative.table.data[:, [0, 21, -1]], offsets[:, [0, 12, -1]])


def test_a_table_that_fits_no_grid_is_refused():
    with pytest.raises(ValueError, match="a table of 12 rows does not fit a grid of"):
        resize_positions(torch.zeros(1, 12, 4), (3, 3), (4, 4))
