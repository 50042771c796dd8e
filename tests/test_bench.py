"""The benchmark runs on small models and writes its tables. Nothing is timed here: only what it says is checked."""

import csv

import pytest

from bench import report
from bench.__main__ import main
from bench.memory import peak_memory
from bench.steps import Settings
from bench.timing import WARM_UP, interleaved

TINY = ["--image-size", "32", "--batch", "2", "--rounds", "2", "--threads", "1"]


def test_contenders_take_turns_and_each_goes_first():
    order = []
    seconds = interleaved({name: lambda name=name: order.append(name) for name in "ABC"}, rounds=3)
    assert "".join(order[3 * WARM_UP :]) == "ABC" + "BCA" + "CAB"
    assert {name: len(times) for name, times in seconds.items()} == {"A": 3, "B": 3, "C": 3}


def test_a_process_of_its_own_tells_how_much_memory_training_takes():
    """Weights, gradients and momentum of 5.5 million parameters are 66 MB; the rest is small."""
    settings = Settings(device="cpu", batch=1, image_size=32, optimizer="sgd", threads=1, compiled=False)
    assert 60e6 < peak_memory("ViT-Ti/16", "ours", settings) < 200e6


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    main(["--models", "ViT-Ti/16", *TINY, "--output", str(folder)])
    return {path.suffix: path.read_text() for path in folder.iterdir()}


def test_both_tables_name_every_contender_at_both_steps(written):
    rows = list(csv.DictReader(written[".csv"].splitlines()))
    who = ["timm", "timm, tanh GELU", "ours", "ours, erf GELU"]
    assert [(row["step"], row["who"]) for row in rows] == [
        (step, name) for step in ("training", "inference") for name in who
    ]
    assert all(f"| ViT-Ti/16 | {row['step']} | {row['who']} |" in written[".md"] for row in rows)
    assert all(float(row["ratio_median"]) == 1 for row in rows if row["who"].startswith("timm"))
    assert all((row["memory_bytes"] != "") == (row["step"] == "training") for row in rows)


def test_the_tables_say_where_and_how_they_were_made(written):
    row = next(csv.DictReader(written[".csv"].splitlines()))
    assert row["threads"] == "1" and row["batch"] == "2" and row["torch"] and row["timm"] and row["date"]
    for word in (row["device"], row["commit"], row["torch"], "quartiles", "GFLOP/s"):
        assert word in written[".md"]


def test_thousands_of_runs_are_made_planned_and_rendered(paper_costs, capsys):
    """Fewer here: scale `paper` as it is."""
    report.main(["--runs", "2000", "--costs", str(paper_costs)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" in ")[0] for line in lines] == [f"2,007 runs {what}" for what in report.COMMANDS]
