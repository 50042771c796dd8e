"""Options that the paper's models do not have: each against its formula in numpy, and beside timm."""

import math

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from reference.official import gelu, softmax

from vit.models import create_model
from vit.models.stochastic_depth import DropPath

SMALL = dict(image_size=(24, 32), num_classes=5, patch=8, width=32, depth=3, heads=4, mlp=48)  # a grid of 3 x 4
ALL = dict(registers=2, qk_norm=True, layer_scale=0.1)


def images(height=24, width=32, count=2):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1


def random_model(name="ViT-B/16", **options):
    """In float64; no parameter is zero or one, where mistakes could hide."""
    torch.manual_seed(0)
    model = create_model(name, **SMALL | options).double()
    for key, parameter in model.named_parameters():
        centre = 1.0 if "norm" in key and key.endswith("weight") else 0.0
        torch.nn.init.normal_(parameter, centre, 0.3 if parameter.ndim == 1 else parameter.shape[-1] ** -0.5)
    return model.eval()


def layer_norm(p, key, z):
    centred = z - z.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * p[f"{key}.weight"] + p[f"{key}.bias"]


def linear(p, key, z):
    return z @ p[f"{key}.weight"].T + p[f"{key}.bias"]


def attention(p, key, z, places):
    """Head by head. places: what a token counts as in relative attention; None for a register."""
    mixed = []
    for q, k, v in zip(*(np.split(part, 4, -1) for part in np.split(linear(p, f"{key}.qkv", z), 3, -1)), strict=True):
        if f"{key}.query_norm.weight" in p:
            q, k = layer_norm(p, f"{key}.query_norm", q), layer_norm(p, f"{key}.key_norm", k)
        scores = q @ k.swapaxes(1, 2)
        if f"{key}.relative.table" in p:
            table = p[f"{key}.relative.table"][0]
            for i, query in enumerate(places):
                for j, other in enumerate(places):
                    if query is not None and other is not None:
                        scores[:, i, j] += q[:, i] @ table[other - query + len(table) // 2]
        mixed.append(softmax(scores / math.sqrt(q.shape[-1])) @ v)
    return linear(p, f"{key}.out", np.concatenate(mixed, -1))


def encoded(p, x, *, pool="token", registers=0, position_at="stem", **_):
    """z_L from images, class token and registers in front."""
    corners = [(r, c) for r in range(0, 24, 8) for c in range(0, 32, 8)]
    patches = np.stack([x[:, :, r : r + 8, c : c + 8].reshape(len(x), -1) for r, c in corners], axis=1)
    learned = [p[name] for name in ("class_token", "registers") if name in p]
    z = np.concatenate([*(np.repeat(tokens, len(x), 0) for tokens in learned), linear(p, "embedding", patches)], axis=1)
    first = int(pool == "token")
    positioned = [*range(first), *range(first + registers, first + registers + 12)]
    places = [None] * (first + registers + 12)
    for place, token in enumerate(positioned):
        places[token] = place
    for b in range(3):
        table = p.get(f"position.tables.{b if position_at == 'every' else 0}.table")
        if table is not None and (b == 0 or position_at != "stem"):
            z[:, positioned] += table
        for number, branch in ((1, attention), (2, mlp)):
            y = layer_norm(p, f"blocks.{b}.norm{number}", z)
            y = branch(p, f"blocks.{b}.{branch.__name__}", y, places)
            z = z + y * p.get(f"blocks.{b}.scale{number}", 1.0)
    return z


def mlp(p, key, z, places):
    return linear(p, f"{key}.dense2", gelu(linear(p, f"{key}.dense1", z)))


def logits(model, x, **options):
    p = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    z = encoded(p, x.numpy(), **options)
    if options.get("pool_norm") == "after":
        y = layer_norm(p, "norm", z[:, -12:].mean(1))
    else:
        z = layer_norm(p, "norm", z)
        y = {"token": z[:, 0], "gap": z[:, -12:].mean(1)}.get(options.get("pool", "token"))
        y = model.pool(torch.from_numpy(z[:, -12:])).numpy() if y is None else y
    return linear(p, "head", y)


CASES = [
    {},  # the formula itself
    *(dict(registers=2, pool=pool) for pool in ("token", "gap", "map")),
    *(dict(registers=2, position=position) for position in ("none", "relative")),
    dict(registers=1, position="relative", pool="gap"),
    *(dict(registers=2, position_at=at, pool=pool) for at in ("every", "shared") for pool in ("token", "gap")),
    dict(layer_scale=0.1),
    dict(qk_norm=True),
    dict(qk_norm=True, position="relative"),
    dict(pool="gap", pool_norm="after"),
    dict(drop_path=0.5, dropout=0.5),  # nothing at evaluation
    dict(**ALL, pool="gap", pool_norm="after", position="relative", drop_path=0.5),
]


@torch.no_grad()
@pytest.mark.parametrize("options", CASES, ids=str)
def test_logits_are_those_of_the_formulas(options):
    model = random_model(**options)
    expected = logits(model, images(), **options)
    np.testing.assert_allclose(model(images()).numpy(), expected, rtol=0, atol=1e-12)
    assert expected.std() > 0.1  # else the tolerance would say nothing


@torch.no_grad()
def test_patches_of_an_encoded_sequence_are_behind_the_registers():
    model = random_model(**ALL)
    z = layer_norm(
        p := {n: t.numpy() for n, t in model.state_dict().items()}, "norm", encoded(p, images().numpy(), **ALL)
    )
    patches = model.patches(model.encode(model.tokens(images())))
    np.testing.assert_allclose(patches.numpy(), z[:, 3:], rtol=0, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("pool", ["token", "gap"])
def test_timm_computes_the_same(pool):
    """timm has a position for every register; zeros there are no position. With 'avg' it has its last norm behind the mean."""
    options = ALL | dict(drop_path=0.3, gelu="erf", pool=pool, pool_norm="after" if pool == "gap" else "before")
    ours = random_model(**options, image_size=32)
    theirs = timm.models.VisionTransformer(
        img_size=32, patch_size=8, embed_dim=32, depth=3, num_heads=4, mlp_ratio=1.5, num_classes=5, reg_tokens=2, qk_norm=True,
        init_values=0.1, drop_path_rate=0.3, class_token=pool == "token", global_pool={"gap": "avg"}.get(pool, pool),
    ).double().eval()  # fmt: skip
    names = {
        "embedding.": "patch_embed.proj.", "class_token": "cls_token", "registers": "reg_token", ".query_norm": ".q_norm",
        ".key_norm": ".k_norm", ".attention.out": ".attn.proj", ".attention": ".attn", ".scale1": ".ls1.gamma",
        ".scale2": ".ls2.gamma", "dense1": "fc1", "dense2": "fc2", "position.tables.0.table": "pos_embed",
    }  # fmt: skip
    state = {}
    for name, tensor in ours.state_dict().items():
        for known, replacement in names.items():
            name = name.replace(known, replacement)
        state[f"fc_{name}" if pool == "gap" and name.startswith("norm.") else name] = tensor
    first = int(pool == "token")
    state["pos_embed"] = torch.cat(
        [state["pos_embed"][:, :first], torch.zeros(1, 2, 32), state["pos_embed"][:, first:]], dim=1
    )
    state["patch_embed.proj.weight"] = state["patch_embed.proj.weight"].view(32, 3, 8, 8)
    theirs.load_state_dict(state)
    torch.testing.assert_close(ours(images(32)), theirs(images(32)), rtol=0, atol=1e-10)
    shares = [0.0 if block.drop_path is None else block.drop_path.p for block in ours.blocks]
    assert shares == pytest.approx([getattr(block.drop_path1, "drop_prob", 0.0) for block in theirs.blocks])


def test_registers_start_small_but_not_alike():
    torch.manual_seed(0)
    registers = create_model("ViT-B/16", image_size=32, depth=1, registers=4).registers.detach()
    assert registers.std().item() == pytest.approx(1e-6, rel=0.05)
    assert len(registers[0].unique(dim=0)) == 4


def test_what_is_off_draws_no_random_number():
    """The weights of today's models, seed for seed."""

    def made(**options):
        torch.manual_seed(0)
        return create_model("ViT-B/16", **SMALL, **options).state_dict()

    plain, others = made(), made(drop_path=0.1, layer_scale=0.5, qk_norm=True)
    assert all(torch.equal(tensor, others[name]) for name, tensor in plain.items())
    assert {name.split(".", 2)[-1] for name in others.keys() - plain.keys()} == {
        *("scale1", "scale2", "attention.query_norm.weight", "attention.query_norm.bias"),
        *("attention.key_norm.weight", "attention.key_norm.bias"),
    }
    assert all((others[f"blocks.2.scale{number}"] == 0.5).all() for number in (1, 2))


@torch.no_grad()
def test_a_dropped_branch_adds_nothing_and_a_kept_one_is_divided_by_its_share():
    model = random_model(drop_path=0.4, depth=1)  # one block is the last
    block, z = model.blocks[0], torch.randn(400, 13, 32, dtype=torch.float64)
    torch.manual_seed(3)
    got = block.train()(z)
    assert not torch.equal(got, block(z))
    torch.manual_seed(3)
    assert torch.equal(got, block(z))
    block.eval()
    fates = []
    for image, result in zip(z.split(1), got.split(1), strict=True):
        results = {}
        for first in (0, 1 / 0.6):
            middle = image + first * block.attention(block.norm1(image))
            for second in (0, 1 / 0.6):
                results[first > 0, second > 0] = middle + second * block.mlp(block.norm2(middle))
        fates += [fate for fate, expected in results.items() if torch.allclose(result, expected, rtol=0, atol=1e-12)]
    assert len(fates) == 400  # every image has one of the four
    kept = np.array(fates)
    assert np.abs(kept.mean(0) - 0.6).max() < 4 * math.sqrt(0.6 * 0.4 / 400)
    assert abs(np.corrcoef(kept.T)[0, 1]) < 4 / math.sqrt(400)  # the two branches are dropped independently


def test_stochastic_depth_is_dropout_of_one_number_an_image():
    layer, z = DropPath(0.3), torch.randn(6, 5, 4)
    torch.manual_seed(0)
    got = layer.train()(z)
    torch.manual_seed(0)
    assert torch.equal(got, z * F.dropout(torch.ones(6, 1, 1), 0.3))
    assert layer.eval()(z) is z


def test_the_share_rises_linearly_to_the_last_block():
    blocks = create_model("ViT-B/16", image_size=32, width=32, heads=2, mlp=32, depth=5, drop_path=0.2).blocks
    assert blocks[0].drop_path is None
    assert [block.drop_path.p for block in blocks[1:]] == pytest.approx([0.05, 0.1, 0.15, 0.2])


@torch.no_grad()
def test_all_rows_and_columns_of_an_image_are_dropped_together():
    block = random_model("Axial-ViT-B/16", drop_path=0.5, depth=1).blocks[0]
    z = torch.randn(50, 12, 32, dtype=torch.float64)
    for part, grid, lines in ((block.row, z.view(150, 4, 32), 3), (block.column, z.view(200, 3, 32), 4)):
        torch.nn.init.zeros_(part.mlp.dense2.weight), torch.nn.init.zeros_(part.mlp.dense2.bias)
        unchanged = (part.train()(grid, lines=lines) == grid).flatten(1).all(1).view(50, lines)
        assert torch.equal(unchanged.any(1), unchanged.all(1)) and 10 < unchanged[:, 0].sum() < 40


@torch.no_grad()
def test_registers_stay_as_they_are_when_the_image_grows():
    for position in ("1d", "2d", "relative", "sincos2d"):
        model = random_model(**ALL, position=position)
        before, registers = model(images()), model.registers
        assert model.resize_to((32, 48))(images(32, 48)).shape == (2, 5)
        assert model.registers is registers
        assert model.position.tables[0].grid == (4, 6)
        torch.testing.assert_close(random_model(**ALL, position=position).resize_to((24, 32))(images()), before)
