"""What TensorBoard's pages find in cells/: a row of hyper-parameters a cell, tables, pictures, a page that explains."""

import dataclasses
import re

import pytest
from report_runs import cell, finish, finish_all
from tensorboard import plugin_util
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.data import provider
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

from vit.paths import results, runs_folder
from vit.plan import inspection, make_plan
from vit.report import render
from vit.report.document import document, read_report
from vit.report.tensorboard import complete_board, write_board

ALL = [api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE, api_pb2.STATUS_RUNNING]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Table 5 at scale smoke with one cell whose two seeds are finished, 40% and 60%, and one with the first of two."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["table5", "table3"])
    axes = {"model": "ViT-B/16", "transfer": "CIFAR-10"}
    both, one = (cell(plan, pretrain=name, **axes) for name in ("none", "JFT-300M"))
    for run, accuracy in ((both.runs[0], 0.4), (both.runs[1], 0.6), (one.runs[0], 0.5)):
        finish(plan, run, accuracy, lr=0.03)
    return plan


def show(plan, name):
    """Without the files of the report itself, which take longer."""
    report = read_report(plan, name)
    write_board(report, document(report), None)
    complete_board(plan)


def board():
    return results("smoke") / "cells"


def events(run="."):
    return EventAccumulator(str(board() / run), size_guidance={"images": 0, "tensors": 0}).Reload()


def text(run, tag):
    (event,) = events(run).Tensors(tag)
    return event.tensor_proto.string_val[0].decode()


def backend():
    """The plugin's own backend, on what the report wrote."""
    runs = EventMultiplexer().AddRunsFromDirectory(str(results("smoke"))).Reload()
    data = MultiplexerDataProvider(runs, str(results("smoke")))
    return backend_context.Context(TBContext(data_provider=data))


def rows():
    """Name -> row of the page HParams."""
    request = api_pb2.ListSessionGroupsRequest(allowed_statuses=ALL, start_index=0, slice_size=1000)
    groups = list_session_groups.Handler(RequestContext(), backend(), "", request).run().session_groups
    return {group.name: group for group in groups}


def settings(row):
    return {name: value.string_value or value.number_value for name, value in row.hparams.items()}


def numbers(row):
    return {value.name.tag: round(value.value, 4) for value in row.metric_values}


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_cell_is_a_row_with_the_papers_names_and_the_numbers_of_the_table(plan):
    show(plan, "table5")
    assert set(rows()) == {"table5/from-scratch_CIFAR-10_ViT-B-16", "table5/JFT-300M_CIFAR-10_ViT-B-16"}
    run = next(run for run in plan.runs.values() if run.recipe == "finetune")
    scratch, jft = (rows()[f"table5/{name}_CIFAR-10_ViT-B-16"] for name in ("from-scratch", "JFT-300M"))
    assert settings(scratch) == {
        "experiment": "table5", "model": "ViT-B/16", "pre-training": "from scratch", "transfer to": "CIFAR-10",
        "metric": "test_accuracy", "verdict": "NO PAPER VALUE", "learning rate": 0.03, "seeds": 2.0,
        "steps": run.config["trainer"]["max_steps"], "batch size": run.config["data"]["init_args"]["batch_size"],
        "image size": run.image_size,
    }  # fmt: skip
    assert numbers(scratch) == {
        "table/ours": 50.0, "table/spread": 14.1421, "final/test_accuracy": 0.5, "final/held_out_accuracy": 0.5,
    }  # fmt: skip
    assert numbers(jft) == {
        "table/ours": 50.0, "table/paper": 99.0, "final/test_accuracy": 0.5, "final/held_out_accuracy": 0.5,
    }  # fmt: skip
    assert settings(jft)["verdict"] == "NOT TESTABLE" and settings(jft)["seeds"] == 1.0
    assert [row.sessions[0].status for row in (scratch, jft)] == [api_pb2.STATUS_SUCCESS, api_pb2.STATUS_RUNNING]


def test_tensorboard_shows_the_columns_that_tell_cells_apart_first(plan):
    show(plan, "table5")
    context = backend()
    content = context.hparams_metadata(RequestContext(), "")
    hyper = provider.ListHyperparametersResult(hyperparameters=[], session_groups=[])
    experiment = context.experiment_from_metadata(RequestContext(), "", True, content, hyper)
    names = [info.name for info in experiment.hparam_infos]
    assert names[:5] == ["experiment", "learning rate", "model", "pre-training", "transfer to"]  # as many as it shows
    assert set(names) >= {name for row in rows().values() for name in row.hparams}
    shown = [info.display_name for info in experiment.metric_infos]
    assert shown[:6] == ["ours", "standard deviation", "paper", "test accuracy", "held-out accuracy", "5-shot accuracy"]


def test_a_run_that_trains_nothing_has_no_learning_rate(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["figure7"])
    for run in plan.runs:
        finish(plan, run, 0.5, lr=0.0, metrics=dict.fromkeys(inspection.UNITS, 3.0))
    show(plan, "figure7")
    (row,) = [
        row for name, row in rows().items() if name.startswith("figure7/attention") and name.endswith("last-layer--px")
    ]
    assert not {"learning rate", "steps"} & set(row.hparams)
    assert (
        settings(row)["metric"] == "attention_distance_last_px"
        and numbers(row)["final/attention_distance_last_px"] == 3
    )


def test_axes_that_few_experiments_have_share_a_column(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["registers"])
    finish_all(plan, lambda run: 0.5)
    show(plan, "registers")
    assert {settings(row)["other axes"] for row in rows().values()} == {"registers 0", "registers 4"}


def test_the_table_is_shown_as_text_and_the_picture_as_image(plan):
    render(plan, "table5")
    table = text(".", "tables/table5")
    assert f"### {plan.experiments['table5'].title}" in table
    assert "| **50.00 ±14.14**<br>NO PAPER VALUE |" in table
    html = plugin_util.markdown_to_safe_html(table)
    assert "<td>from scratch</td>" in html and "&lt;" not in html
    (image,) = events(".").Images("pictures/table5")
    png = (results("smoke") / "table5.png").read_bytes()
    assert image.encoded_image_string == png
    assert (image.width, image.height) == tuple(int.from_bytes(png[start : start + 4], "big") for start in (16, 20))


def test_a_table_that_needs_no_runs_is_shown_too(plan):
    show(plan, "table3")
    assert plan.experiments["table3"].title in text(".", "tables/table3")


def test_the_first_page_lists_the_experiments_and_its_patterns_fit_the_names(plan):
    show(plan, "table5")
    page = text(".", "about")
    assert f"`table5`: {plan.experiments['table5'].title}" in page and "table3" not in page
    assert str(results("smoke") / "index.html") in page
    patterns = re.findall(r"^\| `([/^].*?)` \| ", page, re.MULTILINE)
    shown = [str(path.parent.relative_to(results("smoke"))) for path in board().rglob("events*")]
    names = [*shown, *(f"runs/{run}" for run in plan.runs)]
    assert len(patterns) == 7
    for pattern in patterns:
        found = [name for name in names if re.search(pattern, name)]
        assert 0 < len(found) < len(names), pattern
    show(plan, "table3")
    assert plan.experiments["table3"].title in text(".", "about")


def test_equal_runs_give_equal_bytes(plan, tmp_path, monkeypatch):
    show(plan, "table5")
    before = contents(board())
    for path in board().iterdir():
        path.rename(tmp_path / f"old-{path.name}")
    show(plan, "table5")
    assert contents(board()) == before


def test_a_changed_title_rewrites_the_text_and_no_cell(plan):
    show(plan, "table5")
    marker = board() / "table5" / "from-scratch_CIFAR-10_ViT-B-16" / "marker"
    marker.write_text("")
    plan.experiments["table5"] = dataclasses.replace(plan.experiments["table5"], title="Another title")
    show(plan, "table5")
    assert "### Another title" in text(".", "tables/table5") and marker.exists()


def test_what_has_left_the_plan_is_removed(plan):
    show(plan, "table5")
    show(plan, "table3")
    jft = cell(plan, model="ViT-B/16", pretrain="JFT-300M", transfer="CIFAR-10")
    (runs_folder("smoke") / jft.runs[0] / "metrics.json").unlink()
    del plan.experiments["table3"]
    show(plan, "table5")
    folders = [path.name for path in (*board().iterdir(), *(board() / "table5").iterdir()) if path.is_dir()]
    assert sorted(folders) == ["from-scratch_CIFAR-10_ViT-B-16", "table5"]
    assert "table3" not in text(".", "about") and "tables/table3" not in events(".").Tags()["tensors"]


def test_an_experiment_with_a_mistake_keeps_what_was_finished(plan):
    show(plan, "table3")
    del plan.experiments["table3"]
    plan.broken["table3"] = "experiments/table3.yaml: a mistake"
    show(plan, "table5")
    assert plan.experiments["table5"].title in text(".", "tables/table5")
    assert "tables/table3" in events(".").Tags()["tensors"]
