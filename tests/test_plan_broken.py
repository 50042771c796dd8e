"""A mistake in one experiment stops that experiment and no other."""

import pytest
from report_runs import count_costs, finish_all

from vit import paths
from vit.__main__ import main
from vit.plan import make_plan
from vit.plan.graph import write_graph

DRAFTS = {
    "half a YAML": "title: 'Draft",
    "an unknown key": "title: Draft\ngrid: {model: [ViT-B/16], pretrain: [none], transfer: [CIFAR-10]}\nrows: [transfer]\ncolumns: [model]\ncolour: red\n",
    "rows that do not tell cells apart": "title: Draft\ngrid: {model: [ViT-B/16, ViT-B/32], pretrain: [none], transfer: [CIFAR-10]}\n"
    "rows: [pretrain]\ncolumns: [transfer]\n",
}


@pytest.fixture(params=DRAFTS)
def draft(request, experiments, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path / "results"))
    (experiments / "ablations" / "draft.yaml").write_text(DRAFTS[request.param])
    return tmp_path / "results" / "smoke"


def test_the_others_are_planned_and_the_mistake_is_told(draft, capsys):
    main(["plan", "--scale", "smoke", "--write"])
    plan = make_plan("smoke")
    assert list(plan.broken) == ["ablations/draft"] and "table5" in plan.experiments
    told = capsys.readouterr().err
    assert "draft.yaml" in told and "others are" in told and told.count("\n") == 1
    rules = (draft / "grid.mk").read_text()
    assert "draft" in next(line for line in rules.splitlines() if line.startswith("EXPERIMENTS")).split()
    assert "draft.runs" not in rules and "table5.runs" in rules


def test_its_own_target_ends_with_the_mistake(draft):
    with pytest.raises(SystemExit, match=r"draft\.yaml"):
        main(["report", "--scale", "smoke", "--complete", "draft"])


def test_other_tables_are_rendered_and_the_page_shows_the_mistake(draft):
    plan = make_plan("smoke")
    write_graph(plan)
    finish_all(plan, lambda run: 0.5)
    count_costs()
    main(["report", "--scale", "smoke", "--complete", "table5"])
    page = (draft / "index.html").read_text()
    assert (
        'id="table5"' in page and page.count("<b>Error:</b>") > 1 and "draft.yaml" in page
    )  # and of records without what others show
    with pytest.raises(SystemExit) as end:
        main(["report", "--scale", "smoke"])
    assert end.value.code == 1


def test_a_file_that_is_no_utf8_is_named(draft):
    (paths.EXPERIMENTS / "ablations" / "draft.yaml").write_bytes(b"title: 'caf\xe9'\n")
    (error,) = make_plan("smoke").broken.values()
    assert "draft.yaml: not UTF-8" in error


def test_where_nothing_can_be_planned_the_exit_code_says_so(draft):
    for path in paths.EXPERIMENTS.glob("*.yaml"):
        path.unlink()
    for path in (paths.EXPERIMENTS / "ablations").glob("[!d]*.yaml"):
        path.unlink()
    with pytest.raises(SystemExit) as end:
        main(["plan", "--scale", "smoke", "--write"])
    assert end.value.code == 1


def test_a_file_that_ends_in_yml_is_told(draft):
    (paths.EXPERIMENTS / "ablations" / "draft.yaml").unlink()
    (paths.EXPERIMENTS / "drop.yml").write_text("title: Draft\n")
    ((name, error),) = make_plan("smoke").broken.items()
    assert name == "drop" and error.endswith("drop.yml: experiments end in .yaml; rename it to drop.yaml")


def test_status_counts_the_others_beside_a_damaged_record(draft, capsys):
    plan = make_plan("smoke", ["table5"])
    finish_all(plan, lambda run: 0.5)
    (draft / "runs" / plan.runs_of("table5")[0] / "metrics.json").write_text("{")
    with pytest.raises(SystemExit) as end:
        main(["status", "--scale", "smoke"])
    told = capsys.readouterr()
    row = next(line for line in told.out.splitlines() if line.startswith("table5")).split()
    assert end.value.code == 1 and row == ["table5", str(len(plan.runs_of("table5")) - 1), "0", "1"]
    assert "damaged" in told.err
