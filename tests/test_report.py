"""What is rendered from finished runs: Tables 5 and 6 at scale mini, and single cells at the paper's scale."""

import csv
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from report_runs import cell, count_costs, finish, finish_all

from vit.errors import UserError
from vit.paths import ROOT, results
from vit.plan import make_plan
from vit.plan.overview import duration
from vit.report import render
from vit.report.collect import collect
from vit.report.header import measures
from vit.report.page import reading_order
from vit.report.sheet import sheet
from vit.report.verdicts import MEANING


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """Both tables rendered; everything finished, pre-training worth 20 points except on one set of one model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_RESULTS", str(tmp_path_factory.mktemp("results")))
        plan = make_plan("mini", ["table5", "table6"])
        finish_all(
            plan,
            lambda run: 0.7 if "scratch" in run else 0.6 if "ViT-B-32-fractals-1k-" in run and "digits" in run else 0.9,
        )
        count_costs()
        shown = {name: render(plan, name) for name in plan.experiments}
        yield plan, results("mini"), shown


def rows(folder, name):
    with open(folder / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def files(folder):
    """What was rendered, byte by byte."""
    return {path: path.read_bytes() for path in [*folder.glob("*.*"), *(folder / "cells").rglob("*")] if path.is_file()}


@pytest.mark.parametrize("name", ["table5", "table6"])
def test_every_cell_has_a_verdict_and_one_line_in_the_csv(mini, name):
    plan, folder, _ = mini
    cells = [row for row in rows(folder, name) if row["metric"].startswith("test_")]
    assert len(cells) == len([planned for planned in plan.cells if planned.experiment == name])
    assert all(row["verdict"] in MEANING for row in cells)


@pytest.mark.parametrize("name", ["table5", "table6"])
def test_a_jft_cell_is_never_anything_but_not_testable(mini, name):
    jft = [row for row in rows(mini[1], name) if row["pretrain"] == "JFT-300M"]
    assert jft and {row["verdict"] for row in jft} == {"NOT TESTABLE"}
    assert any(row["ours_mean"] for row in jft) and not any(row["difference"] for row in jft)


def test_no_other_jft_verdict_at_the_papers_scale_either(elsewhere):
    plan = make_plan("paper", ["table5", "table6"])
    finish_all(plan, lambda run: 0.95)
    count_costs()
    jft = [
        result
        for name in plan.experiments
        for result in collect(plan, name).results
        if result.cell.axes["pretrain"] == "JFT-300M"
    ]
    assert {result.verdict for result in jft} == {"NOT TESTABLE"}


def test_a_stand_in_is_never_compared(mini):
    cells = [row for row in rows(mini[1], "table5") if row["verdict"] == "STAND-IN"]
    assert cells and all(row["paper"] and row["ours_mean"] and not row["difference"] for row in cells)
    table = (mini[1] / "table5.md").read_text().split("## The table")[1].split("## ")[0]
    assert "paper 98.13 · STAND-IN" in table


def test_from_scratch_rows_have_no_paper_value(mini):
    assert {row["verdict"] for row in rows(mini[1], "table5") if row["pretrain"] == "from scratch"} == {
        "NO PAPER VALUE"
    }


def test_the_header_names_every_stand_in_before_the_table(mini):
    plan, folder, _ = mini
    header = (folder / "table5.md").read_text().split("## The table")[0]
    used = [planned.axes for planned in plan.cells if planned.experiment == "table5" and planned.runs]
    for axis, entries in (("pretrain", plan.scale.pretrain), ("transfer", plan.scale.transfer)):
        for name in {axes[axis] for axes in used} - {"none"}:
            assert f"- {name} → {entries[name].name}: {entries[name].about}" in header
    for model in {axes["model"] for axes in used}:
        assert f"- {model} → patch {plan.scale.models[model]['patch']}, " in header
    assert "batch_size 4096 → " in header and "% of the paper's number of images" in header
    assert "learning rates are chosen on held-out training images".casefold() in header.casefold()


def test_what_nothing_was_run_of_is_one_line(mini):
    text = (mini[1] / "table5.md").read_text()
    assert "Not run at this scale: transfer to ImageNet, ImageNet ReaL, Oxford Flowers-102; model " in text
    assert "| ImageNet ReaL" not in text


def test_pre_training_against_from_scratch_is_stated_with_what_failed(mini):
    text = (mini[1] / "table5.md").read_text()
    assert "worst +20.00 points" in text and "worst -10.00 points (ViT-B/32, ImageNet)" in text
    assert "ViT-B/32, ImageNet on CIFAR-100 (-10.00)" in text and "not ahead in 1 of " in text
    assert "From scratch" not in (mini[1] / "table6.md").read_text()


def test_provenance_comes_from_the_runs(mini):
    text = (mini[1] / "table5.md").read_text()
    runs = len(mini[0].runs_of("table5"))
    assert f"From {runs} runs of {duration(60 * runs)} in sum" in text and "(0 resumed)" in text
    assert "2026-01-02; a machine, 1 thread; python 3.11.7, torch 2.6.0; commit abc1234." in text


def test_the_terminal_gets_the_table_and_the_files(mini):
    text = mini[2]["table5"]
    assert "90.00 ±0.00" in text and "NOT TESTABLE" in text
    assert all(
        f"{mini[1]}/{name}" in text for name in ("table5.md", "table5.csv", "table5.svg", "table5.png", "index.html")
    )


def test_the_page_holds_both_tables_and_needs_nothing_from_outside(mini):
    page = (mini[1] / "index.html").read_text()
    assert 'id="table5"' in page and 'id="table6"' in page and page.count("data:image/svg+xml;base64,") == 2
    assert "http" not in re.sub(r"<meta [^>]*>|http://www.w3.org/\d+/\w+", "", page) and "<link" not in page
    assert "color-scheme: light dark" in page and all(f"<b>{name}</b>" in page for name in MEANING)


def test_rendering_again_gives_the_same_bytes(mini, monkeypatch):
    plan, folder, _ = mini
    before = files(folder)
    for path in (*folder.glob("*.*"), folder / "cells"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    monkeypatch.setenv("VIT_RESULTS", str(folder.parent))
    for name in plan.experiments:
        render(plan, name)
    assert files(folder) == before and len(before) > 50


def test_mean_and_spread_by_hand_and_a_fair_difference(elsewhere):
    plan = make_plan("paper", ["table5"])
    chosen = cell(plan, model="ViT-B/16", pretrain="ImageNet", transfer="CIFAR-10")  # 98.13 in the paper
    for run, accuracy in zip(chosen.runs, (0.98, 0.983, 0.986), strict=True):
        finish(plan, run, accuracy)
    render(plan, "table5")
    (row,) = [row for row in rows(results("paper"), "table5") if row["n"] == "3"]
    assert (row["ours_mean"], row["ours_std"], row["difference"], row["verdict"]) == (
        "98.3000",
        "0.3000",
        "0.1700",
        "REPRODUCED",
    )
    assert (
        "**98.30 ±0.30**<br><sub>paper 98.13 · +0.17 · REPRODUCED</sub>" in (results("paper") / "table5.md").read_text()
    )


def test_the_cell_says_how_many_of_its_seeds_are_finished(elsewhere):
    plan = make_plan("paper", ["table5"])
    chosen = cell(plan, model="ViT-B/16", pretrain="ImageNet", transfer="CIFAR-10")
    finish(plan, chosen.runs[0], 0.9)
    render(plan, "table5")
    text = (results("paper") / "table5.md").read_text()
    assert "**90.00 (n=1 of 3)**<br><sub>paper 98.13 · -8.13 · OFF</sub>" in text
    assert "not finished<br><sub>paper 97.77 · MISSING</sub>" in text


def test_relabelled_sets_read_the_same_runs_with_their_own_metric(elsewhere):
    plan = make_plan("paper", ["table5"])
    chosen = cell(plan, model="ViT-B/16", pretrain="ImageNet", transfer="ImageNet ReaL")
    for run in chosen.runs:
        finish(plan, run, 0.7, metrics={"test_accuracy": 0.7, "test_real_accuracy": 0.8})
    means = {
        result.cell.axes["transfer"]: result.mean
        for result in collect(plan, "table5").results
        if result.mean is not None
    }
    assert means == {"ImageNet": pytest.approx(70), "ImageNet ReaL": pytest.approx(80)}


def test_counted_and_spent_exaflops(elsewhere):
    plan = make_plan("mini", ["table6"])
    count_costs(flops=55.98e18 / (3 * 7 * 303e6))  # makes ViT-B/32's row exact
    finish(plan, cell(plan, model="ViT-B/32", transfer="CIFAR-10").upstream, 0.5, flops=3_000_000_000)
    report = collect(plan, "table6")
    cost = report.costs["ViT-B/32", 7]
    assert cost.counted == pytest.approx(55.98, rel=1e-4) and cost.verdict == "REPRODUCED"
    assert cost.paper == 55 and cost.exact == 55.98  # Table 6 cuts off what Figure 5 shows
    assert cost.spent == pytest.approx(3e-9)
    assert (
        report.costs["ViT-L/16", 14].counted == pytest.approx(111.96, rel=1e-4)
        and report.costs["ViT-L/16", 14].verdict == "OFF"
    )


def test_without_any_finished_run_there_is_a_table_and_no_picture(elsewhere):
    plan = make_plan("smoke", ["table5"])
    folder = results("smoke")
    folder.mkdir(parents=True)
    for ending in ("svg", "png"):
        (folder / f"table5.{ending}").write_text("of runs that left the plan")
    render(plan, "table5")
    assert (
        not [*folder.glob("table5.svg"), *folder.glob("table5.png")]
        and "No run is finished yet." in (folder / "table5.md").read_text()
    )
    assert {row["verdict"] for row in rows(folder, "table5")} == {
        "MISSING",
        "NOT RUN",
        "NOT TESTABLE",
        "NO PAPER VALUE",
    }


def test_no_costs_and_a_missing_metric_are_one_line(elsewhere):
    plan = make_plan("smoke", ["table5", "table6"])
    with pytest.raises(UserError, match=r"paper/costs\.json: missing or damaged"):
        render(plan, "table6")
    finish(
        plan,
        cell(plan, model="ViT-B/16", pretrain="none", transfer="CIFAR-10").runs[0],
        0.5,
        metrics={"test_loss": 1.0},
    )
    with pytest.raises(UserError, match=r"metrics\.json: metrics: no 'test_accuracy'.* test_loss"):
        render(plan, "table5")


def test_rendering_never_loads_torch(elsewhere):
    plan = make_plan("smoke", ["table5"])
    finish_all(plan, lambda run: 0.5)
    code = (
        "import sys; from vit.plan import make_plan; from vit.report import render; render(make_plan('smoke', ['table5']), 'table5');"
        "print([name for name in ('torch', 'lightning', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr
    assert (results("smoke") / "table5.svg").exists()


@pytest.mark.parametrize("value", ["None", "NA", "nan", "none, or nothing"])
def test_an_axis_may_have_a_value_that_pandas_would_take_for_nothing(mini, value):
    """Nor does an empty entry turn the counts beside it into fractions."""
    report = collect(mini[0], "table6")
    first, *others = report.results
    named = replace(first, cell=replace(first.cell, axes={**first.cell.axes, "model": value}))
    table = list(csv.DictReader(sheet(replace(report, results=[named, *others])).splitlines()))
    assert table[0]["model"] == value and table[0]["n"] == str(len(first.finished))
    assert {row["n"] for row in table if row["metric"].startswith("exaflops")} == {""}


def test_the_page_has_the_papers_tables_first_by_their_numbers_then_its_figures():
    names = ["cifar", "figure10", "figure2", "gelu", "table5", "table12", "self_supervision"]
    expected = ["table5", "table12", "figure2", "figure10", "cifar", "gelu", "self_supervision"]
    assert sorted(names, key=reading_order) == expected


def test_few_shot_accuracies_are_called_so(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("mini", ["shots", "figure4", "table5"])
    words = {name: measures(collect(plan, name)) for name in plan.experiments}
    assert words == {"shots": "Linear 1-, 5-, 10-, 25-shot top-1", "figure4": "Linear 5-shot top-1", "table5": "Top-1"}
