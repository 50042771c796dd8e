"""The tidy table of finished seeds, for notebooks: a row per seed of a cell; planning does not import pandas."""

import statistics
import subprocess
import sys

import pandas as pd
import pytest
from report_runs import cell, finish

from vit.paths import results
from vit.plan import make_plan
from vit.plan.cells import Cell
from vit.report import frame, render
from vit.report.frame import seeds


@pytest.fixture
def two_seeds(tmp_path, monkeypatch):
    """Table 5 at scale smoke and a cell of it with two finished seeds, 40% and 61%."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["table5"])
    chosen = cell(plan, model="ViT-B/16", pretrain="none", transfer="CIFAR-10")
    for run, accuracy in zip(chosen.runs, (0.4, 0.61), strict=True):
        finish(plan, run, accuracy)
    return plan, chosen


def test_a_row_is_a_finished_seed_under_the_papers_names(two_seeds):
    _, chosen = two_seeds
    table = frame("smoke", ["table5"])
    assert list(table["run"]) == list(chosen.runs) and list(table["value"]) == pytest.approx([40, 61])
    assert set(table["pretrain"]) == {"from scratch"} and set(table["transfer"]) == {"CIFAR-10"}
    grouped = table.groupby(["model", "pretrain", "transfer"])["value"].agg(["mean", "std", "count"])
    assert grouped.loc[("ViT-B/16", "from scratch", "CIFAR-10")].tolist() == pytest.approx(
        [50.5, statistics.stdev([40, 61]), 2]
    )


def test_nothing_finished_is_a_table_without_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    table = frame("smoke", ["table5"])
    assert table.empty and {"experiment", "value", "run"} <= set(table.columns)
    grouped = table.groupby(["model", "pretrain", "transfer"])["value"].agg(["mean", "std", "count"])  # of docs/logs.md
    assert grouped.empty and list(grouped.columns) == ["mean", "std", "count"]


def test_columns_and_their_types_do_not_depend_on_what_is_finished(two_seeds, tmp_path, monkeypatch):
    some = frame("smoke", ["table5"])
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path / "nothing"))
    none = frame("smoke", ["table5"])
    assert list(some.columns) == list(none.columns) and some["seed"].tolist() == [0, 1]
    for name in ("cell", "value", "seed", "lr", "seconds"):
        assert some[name].dtype == none[name].dtype, name


@pytest.mark.parametrize("name", ["None", "NA", "nan", "null", "7"])
def test_names_that_pandas_would_take_for_missing_values_stay_names(two_seeds, name):
    plan, chosen = two_seeds
    named = Cell("table5", {"model": name, "position": None, "transfer": "CIFAR-10"}, chosen.runs)
    records = {run: {"metrics": {"test_accuracy": 0.4}, "lr": 0.1, "seconds": 1.0, "date": "", "commit": "", "device": ""} for run in chosen.runs}  # fmt: skip
    table = seeds(plan, [named], records)
    assert table["pretrain_run"].tolist() == ["", ""] and table["pretrain_seed"].tolist() == [0, 0]
    assert list(table["model"]) == [name, name] and list(table["position"]) == ["", ""]


def test_the_rendered_sheet_reads_back_as_it_was_written(two_seeds):
    plan, _ = two_seeds
    render(plan, "table5")
    table = pd.read_csv(results("smoke") / "table5.csv", dtype=str, keep_default_na=False)
    assert (
        len(table) == len(plan.cells)
        and table.to_csv(index=False, lineterminator="\n") == (results("smoke") / "table5.csv").read_text()
    )
    assert table.loc[table["ours_mean"] == "50.5000", "n"].tolist() == ["2"]


def test_planning_does_not_import_pandas():
    code = "import sys, vit.__main__, vit.plan.graph, vit.plan.overview; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
