"""Tables 1, 3 and 4 train nothing: sizes as built and recipes as planned beside the printed values; a changed one shows."""

import csv
import json
import re

import pytest
import torch

from vit import paths
from vit.atomic import write_text
from vit.errors import UserError
from vit.models import create_model
from vit.models.sizes import sizes_as_built
from vit.plan import make_plan
from vit.plan.cost_file import costs_file
from vit.plan.resolve import load_recipe
from vit.report import render
from vit.report.document import document
from vit.report.facts.fact_results import collect_facts
from vit.report.facts.fact_table import lay_out_facts
from vit.run.costs import write_costs

VITS = {
    "ViT-B/16": "ViT-Base",
    "ViT-B/32": "ViT-Base",
    "ViT-L/16": "ViT-Large",
    "ViT-L/32": "ViT-Large",
    "ViT-H/14": "ViT-Huge",
}
HEADS = ("M parameters, no head", "M parameters, hidden layer", "M parameters, linear head")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path / "results"))
    return tmp_path / "results"


def facts(name, scale="paper"):
    """The results of an experiment without runs."""
    return collect_facts(make_plan(scale, [name]), name).results


def having(results, **axes):
    return [result for result in results if axes.items() <= result.cell.axes.items()]


def only(results, **axes):
    (result,) = having(results, **axes)
    return result


def printed(name):
    with open(paths.PAPER / name, newline="") as file:
        return list(csv.DictReader(file))


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    load_recipe.cache_clear()


def parameters(model):
    """(no head, with the hidden layer, with 1,000 classes), in millions: weights and biases of each part of Section 3.1 by hand."""
    row = next(row for row in printed("table1_variants.csv") if row["model"] == VITS[model])
    depth, d, m = (int(row[key]) for key in ("layers", "hidden_size_D", "mlp_size"))
    return by_hand(depth=depth, d=d, m=m, patch=int(model.partition("/")[2]), image=224)


def by_hand(*, depth, d, m, patch, image):
    sequence = (image // patch) ** 2 + 1
    attention, mlp, norms = 4 * (d * d + d), d * m + m + m * d + d, 2 * 2 * d
    body = (3 * patch**2 * d + d) + d + sequence * d + depth * (attention + mlp + norms) + 2 * d
    return tuple(count / 1e6 for count in (body, body + d * d + d, body + 1000 * (d + 1)))


def count_by_hand(plan, **changes):
    """costs.json as it would be if each model of the plan's facts were as Table 1 and the formula say."""
    models, sizes = {}, {row["model"]: row for row in printed("table1_variants.csv")}
    for key in {fact.cost_key for fact in plan.facts}:
        model, options, _ = json.loads(key)
        row, (body, hidden, _) = sizes[VITS[model]], parameters(model)
        below = round(1e6 * (hidden if "head_hidden" in options else body))
        layers = dict(zip(("depth", "width", "mlp", "heads"), (int(row[k]) for k in list(row)[1:5]), strict=True))
        classes = 1000 * (layers["width"] + 1)
        counted = {"flops": 1, "parameters": below + classes, "parameters_below_classes": below}
        models[key] = {**counted, **layers, **changes}
    write_text(costs_file(plan.scale_name), json.dumps({"code": "by hand", "models": models}))


@pytest.mark.parametrize("model", VITS)
def test_a_model_is_built_with_table_1s_sizes_and_has_as_many_parameters_as_the_formula_says(model):
    row = next(row for row in printed("table1_variants.csv") if row["model"] == VITS[model])
    with torch.device("meta"):
        sizes = sizes_as_built(create_model(model))
        hidden = sizes_as_built(create_model(model, head_hidden="width"))
    assert [str(sizes[key]) for key in ("depth", "width", "mlp", "heads")] == list(row.values())[1:5]
    body, with_hidden, _ = parameters(model)
    assert sizes["parameters_below_classes"] / 1e6 == pytest.approx(body, abs=1e-9)
    assert hidden["parameters_below_classes"] / 1e6 == pytest.approx(with_hidden, abs=1e-9)


def test_a_model_without_transformer_blocks_of_one_kind_has_no_such_sizes():
    with torch.device("meta"):
        assert (
            sizes_as_built(create_model("ResNet50x1"))
            == {}
            == sizes_as_built(create_model("Axial-ViT-B/16", pool="gap"))
        )


def test_table_1_shows_which_way_of_counting_fits_which_printed_number():
    plan = make_plan("paper", ["table1"])
    count_by_hand(plan)
    results = collect_facts(plan, "table1").results
    assert len(results) == 5 * 7
    for model in VITS:
        for size in ("layers", "hidden size D", "MLP size", "heads"):
            assert only(results, model=model, size=size).verdict == "REPRODUCED"
        for head, count in zip(HEADS, parameters(model), strict=True):
            result = only(results, model=model, size=head)
            assert result.ours == pytest.approx(count, abs=1e-6)
            assert result.verdict == ("REPRODUCED" if abs(count - result.paper) <= 0.5 else "OFF")
    fitting = {
        result.cell.axes["model"] for result in results if "M " in result.cell.axes["size"] and result.verdict != "OFF"
    }
    assert fitting == {"ViT-B/16", "ViT-L/32", "ViT-H/14"}  # ViT-L/16 has three million fewer than printed


def test_a_model_of_another_depth_is_off():
    plan = make_plan("paper", ["table1"])
    count_by_hand(plan, depth=11)
    result = only(collect_facts(plan, "table1").results, model="ViT-B/16", size="layers")
    assert (result.ours, result.paper, result.difference, result.verdict) == (11, 12, -1, "OFF")


def test_at_smoke_the_sizes_are_those_of_the_stand_in_as_it_is_built_and_counted(folder):
    plan = make_plan("smoke", ["table1"])
    write_costs(plan)
    results = collect_facts(plan, "table1").results
    options = plan.scale.models["ViT-B/16"]
    expected = by_hand(depth=options["depth"], d=options["width"], m=options["mlp"], patch=options["patch"], image=32)
    for head, count in zip(HEADS, expected, strict=True):
        result = only(results, model="ViT-B/16", size=head)
        assert result.ours == pytest.approx(count) and result.verdict == "STAND-IN" and result.difference is None
    assert {result.verdict for result in having(results, model="ViT-H/14")} == {"NOT RUN"}
    assert "ViT-B/16 | **1**" in (render(plan, "table1"), (folder / "smoke" / "table1.md").read_text())[1]


def test_uncounted_models_are_one_line():
    with pytest.raises(UserError, match=r"costs\.json: missing .*vit cost --write paper"):
        facts("table1")


KEYS = {"table_row", "models_as_printed", "model", "dataset"}  # columns of the two CSVs that are no values


@pytest.mark.parametrize(
    ("name", "file"), [("table3", "table3_pretrain_hparams.csv"), ("table4", "table4_finetune_hparams.csv")]
)
def test_at_scale_paper_every_printed_value_is_planned(name, file):
    results = facts(name)
    rows = [row for row in printed(file) for _ in range(4 if row.get("model") == "ViT-*" else 1)]  # B and L, 16 and 32
    values = [value for row in rows for key, value in row.items() if key not in KEYS and value]
    assert sum(result.verdict == "REPRODUCED" for result in results) == len(values) > 50
    assert {result.verdict for result in results} == {"REPRODUCED", "NO PAPER VALUE"}


def test_what_the_paper_leaves_empty_says_so_and_what_was_assumed_is_told():
    results = facts("table3")
    clipping = having(results, fact="clip_norm", pretrain="JFT-300M")
    assert {(result.ours, result.paper, result.verdict) for result in clipping} == {(None, None, "NO PAPER VALUE")}
    assert {result.verdict for result in having(results, model="ResNet200x3")} == {"NO PAPER VALUE"}
    shown = document(collect_facts(make_plan("paper", ["table3"]), "table3"))
    assert any("no row for ResNet200x3" in line for line in dict(shown.sections)["What had to be assumed"])
    held_out = only(facts("table4"), dataset="VTAB (19 tasks)", fact="held_out")
    assert (held_out.ours, held_out.verdict) == (200, "NO PAPER VALUE")


def test_units_lists_and_words_are_compared_as_they_are_meant():
    results = facts("table4")
    assert only(results, dataset="Oxford-IIIT-Pets", fact="held_out").paper == pytest.approx(
        0.1
    )  # printed as 10 percent
    sweep = only(results, dataset="ImageNet", fact="lr")
    assert sweep.ours == sweep.paper == [0.003, 0.01, 0.03, 0.06]
    assert (only(results, dataset="ImageNet", fact="optimizer").ours, sweep.verdict) == ("sgd", "REPRODUCED")
    assert only(facts("table3"), model="ViT-L/16", pretrain="JFT-300M", fact="epochs").ours == [7, 14]


def held_out_entries(scale):
    """Row -> what the column held_out of Table 4 shows."""
    table = lay_out_facts(collect_facts(make_plan(scale, ["table4"]), "table4"))
    column = [entry.main for entry in table.header].index("held_out")
    return {row[0].main: (row[column].main, row[column].small) for row in table.rows}


def test_held_out_images_are_shown_as_a_share_or_with_their_number(experiments):
    assert held_out_entries("mini")["ImageNet"] == ("10%", "paper 1%")
    assert held_out_entries("paper")["CIFAR-10"] == ("2%", "paper 2%")
    assert held_out_entries("paper")["VTAB (19 tasks)"] == ("200 images", "")
    edit(experiments / "recipes" / "finetune.yaml", "0.06],  held_out: 0.01", "0.06],  held_out: 0.03")
    edit(experiments / "recipes" / "vtab.yaml", "held_out: 200 ", "held_out: 1000 ")
    assert held_out_entries("paper")["ImageNet"] == ("3%", "paper 1% · +2 points")
    assert held_out_entries("paper")["VTAB (19 tasks)"] == ("1,000 images", "")


CHANGES = [  # recipe, what is changed, into what, table, the axes of the cells that are OFF then
    ("pretrain", "pretrain: ImageNet-21k, epochs: 90,       lr: 0.001", "pretrain: ImageNet-21k, epochs: 90,       lr: 0.002", "table3",
     {("ViT-B/16", "ImageNet-21k", "lr"), ("ViT-B/32", "ImageNet-21k", "lr")}),
    ("pretrain", "[ViT-B/16, ViT-B/32],         pretrain: JFT-300M, epochs: 7,", "[ViT-B/16, ViT-B/32],         pretrain: JFT-300M, epochs: 8,", "table3",
     {("ViT-B/16", "JFT-300M", "epochs"), ("ViT-B/32", "JFT-300M", "epochs")}),
    ("pretrain", "R50+ViT-L/32,                 pretrain: JFT-300M, epochs: 7,       lr: 0.0002, decay: linear",
     "R50+ViT-L/32,                 pretrain: JFT-300M, epochs: 7,       lr: 0.0002, decay: cosine", "table3", {("R50+ViT-L/32", "JFT-300M", "decay")}),
    ("finetune", "steps: 20000, lr: [0.003, 0.01, 0.03, 0.06]", "steps: 20000, lr: [0.003, 0.01, 0.03]", "table4", {("ImageNet", "lr")}),
    ("vtab", "steps: 2500 ", "steps: 500 ", "table4", {("VTAB (19 tasks)", "steps")}),
]  # fmt: skip


@pytest.mark.parametrize(("recipe", "old", "new", "name", "cells"), CHANGES)
def test_a_changed_recipe_turns_its_cells_off_and_no_others(experiments, recipe, old, new, name, cells):
    edit(experiments / "recipes" / f"{recipe}.yaml", old, new)
    off = [result.cell.axes for result in facts(name) if result.verdict == "OFF"]
    shown = ("model", "pretrain", "fact") if name == "table3" else ("dataset", "fact")
    assert {tuple(axes[axis] for axis in shown) for axes in off} == cells


def test_at_mini_what_the_scale_changes_stands_in_and_the_rest_is_compared(experiments):
    edit(experiments / "recipes" / "pretrain.yaml", "beta2: 0.999 ", "beta2: 0.99 ")
    results = facts("table3", "mini")
    cell = {"model": "ViT-L/16", "pretrain": "JFT-300M"}
    epochs = only(results, **cell, fact="epochs")
    assert (epochs.ours, epochs.paper, epochs.verdict) == ([1, 2], [7, 14], "STAND-IN")
    assert only(results, **cell, fact="image_size").verdict == "STAND-IN"
    assert only(results, **cell, fact="decay").verdict == "REPRODUCED"
    assert only(results, **cell, fact="beta2").verdict == "OFF"  # mini did not change it
    assert {result.verdict for result in having(results, model="ResNet152x1", fact="lr")} == {"NOT RUN"}


def test_the_released_checkpoints_are_not_pre_trained_here_so_table_3_has_nothing_there():
    plan = make_plan("released", ["table3", "table4"])
    assert not any(fact.planned for fact in plan.facts_of("table3"))
    assert any(fact.planned for fact in plan.facts_of("table4")) and not plan.runs


def test_all_rendered_files_show_the_same(experiments, folder):
    edit(experiments / "recipes" / "finetune.yaml", "momentum: 0.9 ", "momentum: 0.8 ")
    printed_text = render(make_plan("paper", ["table4"]), "table4")
    markdown, page = ((folder / "paper" / name).read_text() for name in ("table4.md", "index.html"))
    assert "**0.8**<br><sub>paper 0.9 · -0.1 · OFF</sub>" in markdown and "## What the verdicts mean" in markdown
    assert "experiments/recipes/finetune.yaml and experiments/recipes/vtab.yaml" in markdown
    assert re.search(
        r'<td class="off" data-cell="\d+">0\.8<small>paper 0\.9 · -0\.1</small><small>OFF</small></td>', page
    )
    assert "paper 0.9 · -0.1" in printed_text and "54 REPRODUCED, 5 OFF" in printed_text
    with open(folder / "paper" / "table4.csv", newline="") as file:
        rows = {(row["dataset"], row["fact"]): row for row in csv.DictReader(file)}
    row = rows["ImageNet", "momentum"]
    assert (row["ours"], row["paper"], row["difference"], row["verdict"]) == ("0.8", "0.9", "-0.1", "OFF")
    assert rows["ImageNet", "lr"]["ours"] == rows["ImageNet", "lr"]["paper"] == "0.003;0.01;0.03;0.06"
    assert not (folder / "paper" / "table4.svg").exists()


MISTAKES = [  # what is added to table4.yaml, or replaced in it, and the words of the message
    ("facts: transfer", "facts: transfers", r"facts: unknown key 'transfers', did you mean 'transfer'"),
    ("facts: transfer", "facts: transfer\npicture: bars", r"picture: it has no effect beside 'facts'"),
    ("facts: transfer", "facts: transfer\nprivate: [JFT-300M]", r"private: it has no effect beside 'facts'"),
    ("facts: transfer", "facts: transfer\nnotes: one", r"notes: a list was expected"),
    ("facts: transfer", "facts: pretrain", r"the axis 'pretrain' is missing"),
    ("fact: [steps,", "fact: [stepps,", r"fact: unknown key 'stepps', did you mean 'steps'"),
    ("times: {held_out", "times: {held_outs", r"times: unknown key 'held_outs', did you mean 'held_out'"),
    ("transfer_with: vtab", "transfer_with: [vtab]", r"a cell shows one recipe, found .* for transfer_with"),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_mistake_is_one_line_with_its_key(experiments, old, new, message):
    edit(experiments / "table4.yaml", old, new)
    with pytest.raises(UserError, match=message) as error:
        make_plan("paper", ["table4"])
    assert "\n" not in str(error.value)


def test_fact_is_no_axis_of_experiments_with_runs(experiments):
    edit(experiments / "table4.yaml", "facts: transfer\n", "")
    with pytest.raises(UserError, match=r"table4\.yaml: grid: .*'pretrain' is missing"):
        make_plan("paper", ["table4"])
