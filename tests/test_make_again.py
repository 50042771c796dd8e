"""`make again` and `make verify` with a stub instead of the trainer."""

import shutil
import sys

import pytest
from test_make import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, paper_costs):
    """With Table 6 finished and rendered at smoke."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    checkout.count(paper_costs)
    checkout.make("table6", "-j2")
    return checkout


def again(checkout, *arguments, check=True):
    """make again, with the stub writing where make again trains, and the costs of the models counted already."""
    anew = checkout.folder / "results" / "again"
    for scale in ("smoke", "paper"):
        (anew / scale).mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout.folder / "results" / scale / "costs.json", anew / scale)
    stub = f"@{sys.executable} tests/stub_train.py results/again/smoke/runs {checkout.log}"
    return checkout.make("again", f"TRAIN={stub}", "CHECK=@touch results/again/smoke/checked", *arguments, check=check)


def test_again_makes_every_run_of_the_experiment_anew_and_leaves_the_first_as_they_are(checkout):
    first, folder = checkout.trained(), checkout.folder / "results" / "smoke"
    before = {path: path.read_bytes() for path in [*folder.glob("runs/*/metrics.json"), *folder.glob("table6.*")]}
    printed = again(checkout, "EXPERIMENT=table6").stdout
    assert sorted(checkout.trained()) == sorted(first) and len(first) > 10
    assert before == {path: path.read_bytes() for path in before}
    assert "0 of 8 cells in points moved" in printed and "devices: the same (stub, 1 thread)" in printed
    assert all((folder / "again" / f"table6.{ending}").exists() for ending in ("md", "csv"))


def test_a_second_again_trains_nothing(checkout):
    assert again(checkout, "EXPERIMENT=table6").stdout.endswith("results/smoke/again/table6.csv\n")
    assert checkout.trained() == []


@pytest.mark.parametrize(
    ("arguments", "words"), [((), "EXPERIMENT="), (("EXPERIMENT=table5",), "table5.csv: no such file")]
)
def test_without_something_to_compare_with_nothing_is_trained(checkout, arguments, words):
    done = again(checkout, *arguments, check=False)
    assert done.returncode != 0 and words in done.stderr and checkout.trained() == []


def test_verify_passes_where_nothing_is_off_or_finished_and_fails_where_a_recipe_was_changed(checkout):
    assert "8 NOT TESTABLE" in checkout.make("verify", "EXPERIMENT=table6").stdout
    assert "nothing to verify" in checkout.make("verify", "EXPERIMENT=table2").stdout
    checkout.edit("experiments/recipes/finetune.yaml", "momentum: 0.9 ", "momentum: 0.8 ")
    done = checkout.make("verify", "EXPERIMENT=table4", check=False)
    assert done.returncode != 0 and "OFF" in done.stdout and checkout.trained() == []
