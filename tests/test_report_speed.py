"""Figure 12 from made-up records: what is drawn where, what the table says, and that no speed is ever REPRODUCED."""

import csv

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from report_runs import finish
from test_report_figures import ours, papers
from test_report_pictures import assert_legible, texts

from vit.paths import ROOT
from vit.plan import make_plan
from vit.report.collect import collect
from vit.report.document import document
from vit.report.pictures import DRAWN
from vit.report.pictures.style import LOOK

with open(ROOT / "results" / "paper" / "fig12_tpuv3_speed_digitised.csv") as file:
    PAPERS = list(csv.DictReader(file))
COLUMNS = ("peak_inference_img_per_sec_per_core", "largest_per_core_batch")


def papers_numbers(model, size):
    """(images/s, largest batch) as the paper has them, or others for sizes that it has not."""
    rows = {(row["model"], int(row["input_size_px"])): [float(row[column]) for column in COLUMNS] for row in PAPERS}
    return rows.get((model.replace("ResNet", "R"), size), [1000.0 / size, 8.0])


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The report and the figure at a scale where every run has measured exactly the paper's numbers."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))

    def make(scale):
        plan = make_plan(scale, ["figure12"])
        for run in plan.runs.values():
            rate, largest = papers_numbers(run.model, run.image_size)
            ends = {"images_per_second_lowest": 0.5 * rate, "images_per_second_highest": 2 * rate}
            metrics = {
                "images_per_second": rate,
                **ends,
                "fastest_batch": 8.0,
                "largest_batch": largest,
                "load_before": 0.5,
            }
            finish(plan, run.id, 0.0, metrics=metrics)
        report = collect(plan, "figure12")
        with matplotlib.rc_context(LOOK):
            figure = DRAWN["speed"](report)
            FigureCanvasAgg(figure).draw()
        return report, figure

    return make


def papers_curves(column):
    """A line for each model of the paper."""
    curves = {}
    for row in PAPERS:
        curves.setdefault(row["model"], []).append((float(row["input_size_px"]), float(row[column])))
    return sorted(curves.values())


def test_at_the_papers_scale_ours_lie_over_the_papers_on_logarithmic_axes(drawn):
    _, figure = drawn("paper")
    for axis, column in zip(figure.axes, COLUMNS, strict=True):
        assert papers(axis) == papers_curves(column) == sorted(ours(axis).values())
        assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
        assert len({bar.lines[0].get_marker() for bar in axis.containers}) == 8
    (segment, *_) = figure.axes[0].containers[0].lines[2][0].get_segments()
    assert segment[:, 1].tolist() == [10550, 42200]  # half and twice 21,100: the repetitions of ResNet50x1 at 64 px
    assert_legible(figure)


def test_elsewhere_the_papers_curves_are_whole_and_ours_have_our_sizes(drawn):
    _, figure = drawn("mini")
    for axis, column in zip(figure.axes, COLUMNS, strict=True):
        assert papers(axis) == papers_curves(column) and len(ours(axis)) == 5
        assert all([size for size, _ in line] == [32, 64, 128] for line in ours(axis).values())
    assert "ViT-H/14, the paper only" in {text.get_text() for text in texts(figure)}
    assert_legible(figure)


@pytest.mark.parametrize("scale", ["mini", "paper"])
def test_a_number_of_another_device_is_never_compared(drawn, scale):
    report, _ = drawn(scale)
    assert {result.verdict for result in report.planned} <= {"STAND-IN", "NO PAPER VALUE"}
    assert all(result.difference is None for result in report.results)
    assert [result.mean for result in report.planned] == [
        papers_numbers(result.cell.axes["model"], result.cell.axes["speed.image_size"])[
            ["images/s", "largest batch"].index(result.cell.axes["measure"])
        ]
        for result in report.planned
    ]


def test_the_table_names_the_device_beside_each_number(drawn):
    report, _ = drawn("paper")
    page = document(report)
    (row,) = [row for row in page.table.rows if [entry.main for entry in row[:2]] == ["ViT-B/16", "512"]]
    assert [(entry.main, entry.small) for entry in row[2:]] == [
        ("95.6", "a machine, 1 thread · paper 95.6"),
        ("128", "a machine, 1 thread · paper 128"),
    ]
    sections = dict(page.sections)
    assert "the paper's device → a machine, 1 thread" in sections["What stands in at scale paper"]
    assert any("make figure12 -j1" in line for line in sections["Notes"])
    assert "percent" not in page.summary[0]
