"""Table 2 ends with the cost of pre-training: counted exaFLOPs, and core-days that the other columns' rates imply."""

import csv

import pytest
from report_runs import count_costs, finish_all

from vit import paths
from vit.plan import make_plan
from vit.report import render
from vit.report.collect import collect
from vit.report.table import lay_out

COLUMNS = (("ViT-H/14", "JFT-300M"), ("ViT-L/16", "JFT-300M"), ("ViT-L/16", "ImageNet-21k"))
IMAGES = {COLUMNS[0]: 14 * 303_000_000, COLUMNS[1]: 14 * 303_000_000, COLUMNS[2]: 90 * 14_197_122}


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Table 2 at a scale with all three columns; every model costs 1e11 FLOPs an image."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("small", ["table2"])
    finish_all(plan, lambda run: 0.7)
    count_costs(flops=1e11)
    return plan


def printed():
    with open(paths.PAPER / "table2_sota.csv", newline="") as file:
        days = [row for row in csv.DictReader(file) if row["benchmark"] == "TPUv3-core-days"]
    return {(row["model"], row["pretrain_data"]): float(row["mean"]) for row in days}


def test_core_days_are_the_papers_beside_what_the_other_columns_rates_imply(plan):
    days, expected = collect(plan, "table2").core_days, printed()
    assert tuple(days) == COLUMNS
    exaflops = {key: 3 * 1e11 * images / 1e18 for key, images in IMAGES.items()}
    rates = {key: exaflops[key] / expected[key] for key in COLUMNS}
    for key in COLUMNS:
        others = [rates[other] for other in COLUMNS if other != key]
        assert days[key].exaflops == pytest.approx(exaflops[key], rel=1e-5)
        assert days[key].printed == expected[key] and days[key].rate == pytest.approx(rates[key], rel=1e-5)
        assert days[key].implied == pytest.approx((exaflops[key] / max(others), exaflops[key] / min(others)), rel=1e-5)


def test_they_stand_below_the_accuracies_without_a_verdict_and_in_the_csv(plan, tmp_path):
    *_, exaflops, days = lay_out(collect(plan, "table2")).rows
    assert (exaflops[0].main, days[0].main) == ("exaFLOPs of pre-training", "TPUv3-core-days")
    assert [entry.small for entry in days[1:]] == [f"paper {printed()[key]:g}" for key in COLUMNS]
    assert not any(entry.verdict for entry in (*exaflops, *days))  # no TPU was there to measure one
    text = render(plan, "table2")
    assert (
        "TPUv3-core-days" in text and "Nothing was measured on a TPU" in (tmp_path / "small" / "table2.md").read_text()
    )
    with open(tmp_path / "small" / "table2.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "tpuv3_core_days_low"]
    assert [(row["model"], row["pretrain"]) for row in rows] == list(COLUMNS)
    assert [float(row["paper"]) for row in rows] == [printed()[key] for key in COLUMNS]
