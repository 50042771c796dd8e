"""Which cells may be REPRODUCED or OFF: of every experiment at every scale, those whose runs are the paper's own."""

import json

import pytest
from report_runs import finish

from vit.atomic import write_text
from vit.plan import make_plan
from vit.plan.cost_file import costs_file, planned_keys
from vit.plan.resolve import load_recipe
from vit.plan.schema import Paper
from vit.plan.units import UNITS
from vit.report.collect import Report
from vit.report.document import read_report
from vit.report.paper_values import Published
from vit.report.verify import verify

pytestmark = pytest.mark.slow
COMPARED = {"REPRODUCED", "OFF"}
SCALES = ("smoke", "mini", "small", "paper")


def finish_as_printed(plan):
    """Every run finished, and every cell that has a printed value given exactly that: the nearest to REPRODUCED."""
    metrics = {run: {"test_accuracy": 0.5, "held_out_accuracy": 0.5} for run in plan.runs}
    published = {name: Published(Paper(**e.paper)) for name, e in plan.experiments.items() if e.paper and not e.facts}
    for cell in plan.cells:
        printed = published[cell.experiment].value(cell.axes) if cell.experiment in published else None
        for run in cell.runs:
            metrics[run].setdefault(cell.metric, 0.5)
            if printed is not None:  # of cells that share a run the last one
                metrics[run][cell.metric] = printed / (100 if UNITS.get(cell.metric, "percent") == "percent" else 1)
    for run in plan.runs:
        finish(plan, run, 0.5, metrics=metrics[run])


def count_all(plan):
    """costs.json with the same made-up counts for every model that is trained or shown."""
    sizes = {"depth": 12, "width": 768, "mlp": 3072, "heads": 12}
    counted = {"flops": 1e9, "parameters": 86_000_000, "parameters_below_classes": 86_000_000, **sizes}
    models = dict.fromkeys(planned_keys(plan), counted)
    write_text(costs_file(plan.scale_name), json.dumps({"code": "made up", "models": models}))


@pytest.fixture(scope="module")
def paper():
    return make_plan("paper")


@pytest.fixture(scope="module", params=SCALES)
def reports(request, paper, tmp_path_factory):
    """(plan, reports of all experiments) with everything finished and every model counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_RESULTS", str(tmp_path_factory.mktemp("results")))
        plan = make_plan(request.param)
        count_all(plan)
        count_all(paper)
        finish_as_printed(plan)
        assert not plan.broken
        yield plan, [read_report(plan, name) for name in plan.experiments]


def results(reports, facts=False):
    return [
        (report, result)
        for report in reports
        if isinstance(report, Report) != facts
        for result in (report.results if facts else report.table_results)
    ]


def training(plan, run):
    """A run's config without its precision, of which the paper says nothing, and with those of the runs that it starts from."""
    config = plan.runs[run].config
    trainer = {key: value for key, value in config["trainer"].items() if key not in ("precision", "callbacks")}
    start = {key: value for key, value in config["model"]["init_args"].items() if key not in ("init", "lr_from")}
    return [
        trainer,
        start,
        config["data"],
        config["model"]["class_path"],
        sorted(str(training(plan, need)) for need in plan.runs[run].needs),
    ]


def test_a_cell_is_compared_only_if_its_runs_are_those_of_the_papers_scale(reports, paper):
    plan, read = reports
    theirs = {(cell.experiment, str(cell.axes)): cell for cell in paper.cells}
    compared = [result.cell for _, result in results(read) if result.verdict in COMPARED and result.values]
    for cell in compared:
        if cell_of_paper := theirs.get((cell.experiment, str(cell.axes))):
            assert [training(plan, run) for run in cell.runs] == [training(paper, run) for run in cell_of_paper.runs]
    assert plan.scale_name == "paper" or not compared
    assert plan.scale_name != "paper" or len(compared) > 50


def test_at_the_papers_scale_what_is_finished_with_the_printed_value_is_reproduced(reports):
    plan, read = reports
    if plan.scale_name != "paper":
        return
    verdicts = {result.verdict for report, result in results(read) if report.name in ("table2", "table5", "table9")}
    assert verdicts == {"REPRODUCED", "NOT TESTABLE", "NO PAPER VALUE"}


def test_what_needs_jft_is_not_testable_wherever_the_paper_prints_a_value(reports):
    jft = [(report, result) for report, result in results(reports[1]) if result.cell.axes.get("pretrain") == "JFT-300M"]
    assert len(jft) > 100
    for report, result in jft:
        expected = "NO PAPER VALUE" if result.paper is None else "NOT TESTABLE"
        assert result.verdict == expected and result.difference is None, (report.name, result.cell.axes)


def test_a_stand_in_has_no_difference_to_the_paper(reports):
    assert not [r for _, r in results(reports[1]) if r.verdict not in {*COMPARED, "SHORT"} and r.difference is not None]


def test_a_fact_is_compared_only_if_its_value_is_planned_as_at_the_papers_scale(reports, paper):
    plan, read = reports
    theirs = {(fact.cell.experiment, str(fact.cell.axes)): fact for fact in paper.facts}
    ours = {(fact.cell.experiment, str(fact.cell.axes)): fact for fact in plan.facts}
    for report, result in results(read, facts=True):
        key = (report.name, str(result.cell.axes))
        if result.verdict == "OFF":
            assert (ours[key].value, ours[key].cost_key) == (theirs[key].value, theirs[key].cost_key)
        if result.verdict == "REPRODUCED" and ours[key].cost_key is None:
            assert ours[key].value == theirs[key].value


def test_below_the_papers_scale_nothing_that_was_trained_can_fail_a_verification(reports):
    plan, read = reports
    off = [off.texts for report in read if isinstance(report, Report) for off in verify(plan, report.name).off]
    assert plan.scale_name == "paper" or {texts[2] for texts in off} <= {"exaFLOPs, counted"}


CHANGES = [  # what a scale says that is otherwise the paper's -> the verdict of ViT-B/16, ImageNet-21k, CIFAR-10
    ("", "REPRODUCED"),
    ("recipes: {finetune: {steps: {20000: 20000, 10000: 9000, 500: 500}}}", "SHORT"),
    (
        "recipes: {finetune: {steps: {20000: 20000, 10000: 20000, 500: 500}}}",
        "STAND-IN",
    ),  # a longer schedule is another one
    ("recipes: {finetune: {batch_size: 256, steps: {20000: 40000, 10000: 20000, 500: 1000}}}", "STAND-IN"),
    ("recipes: {finetune: {image_size: 224}}", "STAND-IN"),
    ("recipes: {finetune: {precision: bf16-mixed}}", "REPRODUCED"),
    ("models: {ViT-B/16: {depth: 6}}", "STAND-IN"),
]
SETS = [  # the scale's entry of CIFAR-10, without a word on what it is -> verdict
    ("{name: cifar-10, data: data.CIFAR10, images: 50000, fetch: true}", "REPRODUCED"),
    ("{name: mine, data: data.ImageFolder, images: 50000, args: {folder: cifar10}}", "STAND-IN"),
    ("{name: cifar-10, data: data.CIFAR100, images: 50000, fetch: true}", "STAND-IN"),
    ("{name: cifar-10, data: data.CIFAR10, images: 50000, fetch: true, args: {train_size: 49000}}", "STAND-IN"),
]


def judged(experiments, monkeypatch, folder, old, new):
    """The verdict of a cell of Table 5 with exactly the printed value, at a scale that is the paper's but for one line."""
    text = (experiments / "scales" / "paper.yaml").read_text()
    assert text.count(old) == 1
    (experiments / "scales" / "nearly.yaml").write_text(text.replace(old, new))
    load_recipe.cache_clear()
    monkeypatch.setenv("VIT_RESULTS", str(folder / "results"))
    plan = make_plan("nearly", ["table5"])
    finish_as_printed(plan)
    wanted = {"model": "ViT-B/16", "pretrain": "ImageNet-21k", "transfer": "CIFAR-10"}
    (result,) = [result for result in read_report(plan, "table5").results if wanted.items() <= result.cell.axes.items()]
    return result.verdict


@pytest.mark.parametrize(("line", "expected"), CHANGES)
def test_a_scale_with_another_schedule_setting_or_model_is_not_the_papers(
    experiments, monkeypatch, tmp_path, line, expected
):
    processes = "processes: one-a-run"
    assert judged(experiments, monkeypatch, tmp_path, processes, f"{processes}\n{line}") == expected


@pytest.mark.parametrize(("entry", "expected"), SETS)
def test_another_set_is_a_stand_in_even_where_the_scale_does_not_say_so(
    experiments, monkeypatch, tmp_path, entry, expected
):
    line = "  CIFAR-10:           {name: cifar-10, data: data.CIFAR10, images: 50000, fetch: true}"
    assert judged(experiments, monkeypatch, tmp_path, line, f"  CIFAR-10: {entry}") == expected


def test_fewer_epochs_of_pre_training_are_a_shorter_schedule(experiments, monkeypatch, tmp_path):
    line = "  ImageNet-21k: {name: imagenet-21k, data: data.ImageNet21k, images: 14197122, classes: 21000, args: {release: fall11}"
    changed = f"{line}, epochs: {{90: 30, 30: 10}}"
    assert judged(experiments, monkeypatch, tmp_path, line, changed) == "SHORT"
