"""ObjectNet (Appendix D.9) in plans and tables: which runs are evaluated on it, and what its cells say."""

import pytest
from report_runs import finish

from vit.__main__ import main
from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.resolve import load_experiment
from vit.plan.schema import EvaluationEntry
from vit.plan.yaml_files import build
from vit.report.collect import collect
from vit.report.header import sections, summary
from vit.report.table import lay_out


def test_at_scale_paper_each_fine_tuning_of_table2_is_evaluated_and_nothing_is_trained_on_objectnet():
    """Three models: a pre-training, four rates and three seeds each, and three evaluations; top-1 and top-5 share them."""
    plan = make_plan("paper", ["table2", "objectnet"])
    runs = {run: plan.runs[run] for run in plan.runs_of("objectnet")}
    assert len(runs) == 3 * (1 + 4 + 3 + 3)
    on_objectnet = [run for run in runs.values() if run.config["data"]["class_path"] == "data.ObjectNet"]
    assert [run.id for run in on_objectnet] == [run for run in runs if run.startswith("evaluate-")]
    for run in on_objectnet:
        assert run.config["model"]["class_path"] == "vit.tasks.Evaluate" and run.config["trainer"]["max_steps"] == 0
        assert not run.keeps_weights and not [one for one in plan.runs.values() if run.id in one.needs]
        (tuned,) = run.needs
        assert (
            run.config["model"]["init_args"]["init"] == tuned
            and runs[tuned].config["data"]["class_path"] == "data.ImageNet"
        )
        prepared = ("image_size", "evaluation", "resize")
        ours, theirs = (one.config["data"]["init_args"] for one in (run, runs[tuned]))
        assert [ours[key] for key in prepared] == [theirs[key] for key in prepared]
        assert runs[tuned].config["model"]["init_args"]["polyak"] == 0.9999
    shared = set(runs) & set(plan.runs_of("table2"))
    assert len(shared) == 1 + 1 + 2 * (4 + 3)  # Table 2 has no ViT-H/14 of ImageNet-21k


@pytest.mark.parametrize("scale", ["smoke", "mini", "small", "photos"])
def test_without_imagenet_nothing_of_it_runs_and_the_table_says_so(scale, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    report = collect(make_plan(scale, ["objectnet"]), "objectnet")
    assert not report.runs
    assert "transfer to ImageNet" in lay_out(report).folded and "ObjectNet" in lay_out(report).folded


def test_at_scale_released_it_starts_from_the_public_checkpoints():
    plan = make_plan("released", ["objectnet"])
    assert len(plan.runs) == 2 * (4 + 3 + 3)
    starts = {run.config["model"]["init_args"].get("init") for run in plan.runs.values() if "-lr0" in run.id}
    assert starts == {"released:ViT-H/14@imagenet21k", "released:ViT-L/16@imagenet21k"}


def test_the_papers_two_numbers_are_shown_and_compared_with_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("paper", ["objectnet"])
    for at, run in enumerate(run for run in plan.runs if run.startswith("evaluate-")):
        finish(plan, run, 0, metrics={"test_accuracy": 0.5 + at / 100, "test_top5_accuracy": 0.7 + at / 100})
    report = collect(plan, "objectnet")
    found = [
        (one.cell.axes["model"], one.cell.axes["pretrain"], one.cell.axes["measure"], one.mean, one.paper, one.verdict)
        for one in report.results
    ]
    assert [(*names, pytest.approx(mean), paper, said) for *names, mean, paper, said in found] == [
        ("ViT-H/14", "JFT-300M", "top-1", 51, 61.7, "NOT TESTABLE"),
        ("ViT-H/14", "JFT-300M", "top-5", 71, 82.1, "NOT TESTABLE"),
        ("ViT-H/14", "ImageNet-21k", "top-1", 54, None, "NO PAPER VALUE"),
        ("ViT-H/14", "ImageNet-21k", "top-5", 74, None, "NO PAPER VALUE"),
        ("ViT-L/16", "ImageNet-21k", "top-1", 57, None, "NO PAPER VALUE"),
        ("ViT-L/16", "ImageNet-21k", "top-5", 77, None, "NO PAPER VALUE"),
    ]
    assert not [one for one in report.results if one.difference is not None]
    assert summary(report)[0].startswith("Top-1 and top-5 percent")
    assert any("113 of 313 classes" in line for line in dict(sections(report))["What had to be assumed"])


def test_another_set_to_test_on_has_to_be_in_the_scale(monkeypatch):
    experiment = load_experiment("objectnet")
    experiment.grid["tested_on"][:] = ["ObjektNet"]
    monkeypatch.setattr("vit.plan.experiment.load_experiment", lambda name: experiment)
    with pytest.raises(UserError, match=r"paper\.yaml: tested_on: .*'ObjektNet', did you mean 'ObjectNet'"):
        make_plan("paper", ["objectnet"])


def test_what_trains_nothing_leaves_nothing_to_evaluate(monkeypatch):
    experiment = load_experiment("shots")
    experiment.grid["tested_on"] = ["ObjectNet"]
    monkeypatch.setattr("vit.plan.experiment.load_experiment", lambda name: experiment)
    with pytest.raises(UserError, match=r"tested_on objectnet: fewshot-\S+ trains nothing"):
        make_plan("paper", ["shots"])


def test_arguments_of_a_set_to_test_on_are_a_mapping():
    entry = {"name": "objectnet", "data": "data.ObjectNet", "args": ["on_error"]}
    with pytest.raises(UserError, match=r"paper\.yaml: tested_on.ObjectNet.args: a mapping .* found \['on_error'\]$"):
        build(EvaluationEntry, entry, "paper.yaml", "tested_on.ObjectNet")


def test_a_report_of_what_no_run_is_planned_of_says_why(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    assert main(["report", "objectnet", "--scale", "mini"]) in (0, None)
    assert "objectnet: no runs at scale mini" in capsys.readouterr().out
