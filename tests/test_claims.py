"""The paper's claims: claims.yaml at every scale, on the paper's own numbers, and on runs made up for a verdict."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from report_runs import count_costs, finish

from vit import paths
from vit.__main__ import main
from vit.errors import UserError
from vit.paths import ROOT
from vit.plan import make_plan
from vit.plan.resolve import holds
from vit.report.claims import judged_claims
from vit.report.claims.claim import Claim, read_claims
from vit.report.claims.judge import verdict
from vit.report.claims.noise import Pooled, drawn, pool
from vit.report.intervals import t_quantile

SCALES = sorted(path.stem for path in (ROOT / "experiments" / "scales").glob("*.yaml"))


@pytest.mark.parametrize("scale", ["mini", "paper"])
def test_every_operand_names_cells_of_its_experiment(scale):
    plan = make_plan(scale)
    for name, claim in read_claims(scale).items():
        cells = {
            key: [cell for cell in plan.cells if cell.experiment == key] for key in (claim.experiment, claim.other)
        }
        for part, experiment in ((claim.plus, claim.experiment), (claim.minus, claim.other or claim.experiment)):
            for condition in part:
                assert any(holds(condition, cell.axes) for cell in cells[experiment]), (name, condition)


@pytest.mark.parametrize("scale", SCALES)
def test_claims_can_be_read_at_every_scale(scale):
    assert len(read_claims(scale)) >= 13


@pytest.fixture
def of_runs(tmp_path, monkeypatch):
    """A function: experiments, accuracy of (model, pretrain, seed of the pre-training, seed), runs left out -> claims by name."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    count_costs()

    def judged(names, accuracy, missing=lambda run: False):
        plan = make_plan("mini", names)
        for cell in plan.cells:
            for upstream in cell.upstreams:
                finish(plan, upstream, 0.5, flops=int(1e12))
            for number, run in enumerate(cell.runs):
                for sweep in plan.runs[run].needs:
                    finish(plan, sweep, 0.5)
                trainings = max(1, len(cell.upstreams))
                pretraining, seed = divmod(number, len(cell.runs) // trainings)
                if not missing(run):
                    value = accuracy(cell.axes, pretraining, seed)
                    finish(
                        plan,
                        run,
                        value,
                        metrics={"test_accuracy": value, "test_5shot_accuracy": value, "held_out_accuracy": 0.5},
                    )
        return {claim.name: claim for claim in judged_claims(plan)}

    return judged


GAIN = {"none": 0.3, "ImageNet": 0.5, "ImageNet-21k": 0.6, "JFT-300M": 0.7}


def better_with_data(axes, pretraining, seed):
    return GAIN[axes["pretrain"]] + 0.01 * pretraining + 0.001 * seed


def test_a_difference_far_outside_the_spread_holds(of_runs):
    claim = of_runs(["table5"], better_with_data)["more_data"]
    assert claim.verdict == "HOLDS" and claim.value == pytest.approx(20)
    assert 10 < claim.low < 20 < claim.high < 30 and claim.unit == "points"
    assert claim.quantity == "JFT-300M minus ImageNet; mean over 3 pairs and 3 transfer sets"
    assert len(claim.rests_on) == 18 and claim.rests_on[0].startswith("table5: JFT-300M (fractals-100k), ")
    assert claim.rests_on[0].endswith(": 70.55 ±0.71 (2 pre-trainings, 4 runs)")


def test_the_same_difference_the_other_way_does_not_hold(of_runs):
    claim = of_runs(["table5"], lambda axes, *seeds: 1 - better_with_data(axes, *seeds))["more_data"]
    assert claim.verdict == "DOES NOT HOLD" and claim.high < 0


def test_a_difference_within_the_spread_between_pre_trainings_is_undecided(of_runs):
    """The seeds of the transfer agree to the last digit: they know nothing of another pre-training."""

    def noisy(axes, pretraining, seed):
        return 0.5 + 0.1 * pretraining + (0.02 if axes["pretrain"] == "JFT-300M" else 0)

    claim = of_runs(["table5"], noisy)["more_data"]
    assert claim.verdict == "UNDECIDED" and claim.low < 0 < claim.value < claim.high


def test_sets_that_disagree_leave_a_claim_undecided(of_runs):
    def disagreeing(axes, pretraining, seed):
        sign = -1 if axes["transfer"] == "CIFAR-100" else 1
        return 0.5 + sign * (0.1 if axes["pretrain"] == "JFT-300M" else 0) + 0.001 * pretraining

    claim = of_runs(["table5"], disagreeing)["more_data"]
    assert claim.verdict == "UNDECIDED" and claim.value == pytest.approx(100 * 0.1 / 3)


def test_without_a_repeated_pre_training_nothing_is_decided(of_runs):
    claim = of_runs(["table8"], lambda axes, *_: 0.1 if axes["position"] == "No Pos. Emb." else 0.9)["any_position"]
    assert claim.verdict == "UNDECIDED" and claim.value == pytest.approx(80) and claim.low is claim.high is None


def test_the_spread_of_repeated_cells_serves_others_on_the_same_set(of_runs):
    """Table 8 has one pre-training a cell; Figure 4 has two and the same metric on the same images."""

    def accuracy(axes, pretraining, seed):
        return (0.1 if axes.get("position") == "No Pos. Emb." else 0.9) + 0.01 * pretraining

    claim = of_runs(["table8", "figure4"], accuracy)["any_position"]
    assert claim.verdict == "HOLDS" and claim.low == pytest.approx(80, abs=4)


def test_a_missing_run_is_not_run(of_runs):
    claims = of_runs(["table5"], better_with_data, missing=lambda run: "ViT-L-16-fractals-100k-seed1-digits" in run)
    assert claims["more_data"].verdict == "NOT RUN" and claims["more_data"].value is None
    assert claims["smaller_patches"].verdict != "NOT RUN"  # rests on other cells
    assert claims["any_position"].verdict == "NOT RUN"  # its experiment is not in this plan


SIDES = {
    "above": (1, [(2, 3), (-1, 0), (0, 3)]),
    "below": (1, [(-1, 0), (2, 3), (0, 3)]),
    "within": (1, [(-0.5, 0.9), (1.1, 3), (-2, 0.5)]),
}


@pytest.mark.parametrize("side", SIDES)
def test_the_whole_interval_decides(side):
    threshold, intervals = SIDES[side]
    claim = Claim(statement="", section="", experiment="e", plus=[], **{side: threshold})
    assert [verdict(claim, interval) for interval in intervals] == ["HOLDS", "DOES NOT HOLD", "UNDECIDED"]
    assert verdict(claim, None) == "UNDECIDED"


def test_pooled_variances_are_weighted_by_degrees_of_freedom():
    assert pool([(4.0, 1), (1.0, 3)]) == Pooled(variance=(4 + 3) / 4, freedom=4)


def test_an_interval_of_one_mean_is_students():
    """Two pre-trainings, pooled variance with 3 degrees of freedom: mean ± t s / sqrt(2)."""
    kind = ("test_accuracy", "set", True)
    scale = SimpleNamespace(transfer={"T": SimpleNamespace(name="set", about="a stand-in")})
    plan = SimpleNamespace(scale=scale, papers_scale=SimpleNamespace(transfer={}))
    report = SimpleNamespace(plan=plan, experiment=SimpleNamespace(same_run={}))
    axes = {"transfer": "T", "model": "m"}
    result = SimpleNamespace(
        cell=SimpleNamespace(axes=axes, metric="test_accuracy", upstreams=("a", "b")),
        mean=50.0,
        values={(0, 0): 49.0, (1, 0): 51.0},
    )
    draws = drawn([(report, result)], {kind: Pooled(variance=4.0, freedom=3)}, np.random.default_rng(0), 400_000)[
        id(result)
    ]
    half = t_quantile(0.975, 3) * 2 / 2**0.5
    assert np.percentile(draws, [2.5, 97.5]) == pytest.approx([50 - half, 50 + half], abs=0.06)


# ------------------------------------------------------------------------------------------------- the paper's own numbers


@pytest.fixture(scope="module")
def papers():
    """Claims of scale paper with the quantity of the published numbers; no run is finished there."""
    with pytest.MonkeyPatch.context() as patch:
        return {claim.name: claim for claim in judged_claims(all_planned("paper", patch))}


def all_planned(scale, patch):
    import tempfile

    patch.setenv("VIT_RESULTS", tempfile.mkdtemp())
    count_costs()
    return make_plan(scale)


def test_what_the_paper_claims_follows_from_the_numbers_that_it_prints(papers):
    printed = [claim for claim in papers.values() if claim.paper is not None]
    assert len(printed) >= 12
    for claim in printed:
        side = {
            "above": claim.paper > claim.threshold,
            "below": claim.paper < claim.threshold,
            "within": abs(claim.paper) < claim.threshold,
        }
        assert side[claim.direction], (claim.name, claim.paper)


def test_the_quantity_of_the_paper_is_computed_from_its_table(papers):
    table = pd.read_csv(ROOT / "results/paper/table7_sgd_vs_adam.csv")
    means = table[table["dataset"] != "Average"].pivot_table(
        "finetune_top1_percent", ["dataset", "resnet"], "pretrain_optimizer"
    )
    assert papers["adam_or_sgd"].paper == pytest.approx((means["Adam"] - means["SGD"]).mean())


# ------------------------------------------------------------------------------------------------------------- bad input

BAD = {
    "two thresholds": ({"above": 0, "below": 0}, "one threshold is needed, above, below or within; found above, below"),
    "no threshold": ({}, "one threshold is needed, above, below or within; found none"),
    "an unknown measure": ({"above": 0, "measure": "median"}, "median"),
    "a measure without its axes": ({"above": 0, "measure": "best"}, "best needs `over`"),
    "an unknown key": ({"above": 0, "more": 1}, "more"),
    "an unknown scale": ({"above": 0, "at": {"minni": {}}}, "minni"),
}


@pytest.mark.parametrize("slip", BAD)
def test_a_mistake_in_a_claim_is_one_line_that_names_it(slip, tmp_path, monkeypatch):
    fields, expected = BAD[slip]
    (tmp_path / "scales").mkdir()
    (tmp_path / "scales" / "mini.yaml").write_text("")
    claim = {"statement": "s", "section": "s", "experiment": "table5", "plus": [{"pretrain": "ImageNet"}], **fields}
    (tmp_path / "claims.yaml").write_text(json.dumps({"mine": claim}))
    monkeypatch.setattr(paths, "EXPERIMENTS", tmp_path)
    with pytest.raises(UserError) as error:
        read_claims("mini")
    assert expected in str(error.value) and "mine" in str(error.value) and "\n" not in str(error.value)


def test_the_command_writes_a_table_and_a_sheet(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    count_costs()
    main(["claims", "--scale", "smoke"])
    text = (tmp_path / "smoke" / "claims.md").read_text()
    number = len(read_claims("smoke"))
    assert f"{number} NOT RUN" in capsys.readouterr().out and text.count("| **NOT RUN** |") == number
    sheet = pd.read_csv(tmp_path / "smoke" / "claims.csv")
    assert sheet["name"].tolist() == list(read_claims("smoke")) and set(sheet["verdict"]) == {"NOT RUN"}
