"""Figures 6, 7, 10, 11 and 14 from arrays that runs left: which values are drawn where, and what a bad file stops."""

import json
import subprocess
import sys
from statistics import fmean

import matplotlib
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from report_runs import HEADS, LAYERS, SIDE, arrays_of, finish, finish_inspected

from vit.arrays import FILE, write_arrays
from vit.errors import UserError
from vit.paths import PAPER, ROOT, results, runs_folder
from vit.plan import make_plan
from vit.plan.inspection import PANELS, UNITS
from vit.report import render
from vit.report.collect import collect
from vit.report.page import write_page
from vit.report.pictures.attention_overlay import attention_maps, overlaid
from vit.report.pictures.distance_dots import attention_distance, draw_published
from vit.report.pictures.filter_tiles import filters
from vit.report.pictures.of_arrays import DRAWN, of_arrays, papers_dots
from vit.report.pictures.similarity_tiles import COLORS, position_similarity
from vit.report.pictures.style import LOOK
from vit.report.pictures.tiles import averaged, interpolated, mosaic


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """name of an experiment -> its plan at scale mini, with all runs finished."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))

    def make(*names):
        plan = make_plan("mini", list(names))
        for seed, run in enumerate(plan.runs):
            if run.startswith("inspect-"):
                finish_inspected(plan, run, seed)
            else:
                finish(plan, run, 0.5)
        return plan

    return make


@pytest.fixture
def axis():
    with matplotlib.rc_context(LOOK):
        yield Figure().subplots()


def titles(figure):
    """Of the panels, without axes that belong to them (colour bars)."""
    return [axis.get_title(loc="left").split("\n") for axis in figure.axes if axis.get_title(loc="left")]


def drawn(plan, name):
    with matplotlib.rc_context(LOOK):
        return of_arrays(collect(plan, name))


def test_every_panel_is_drawn_by_a_function_and_named_once():
    assert DRAWN.keys() == set(PANELS)


def test_a_dot_for_every_head_and_the_line_is_their_mean(axis):
    distances = arrays_of(0)["attention_distance"]
    attention_distance(axis, {"attention_distance": distances})
    dots, means = (line.get_xydata() for line in axis.get_lines())
    assert {tuple(dot) for dot in dots} == {(i, float(distances[i, j])) for i in range(LAYERS) for j in range(HEADS)}
    assert np.allclose(means, [(i, row.mean()) for i, row in enumerate(distances)])
    assert axis.get_ylim()[0] == 0 and axis.get_ylim()[1] > distances.max()


def test_published_dots_of_the_same_model_stand_where_they_are(axis):
    attention_distance(axis, {"attention_distance": np.full((24, 16), 50.0)})
    published = np.array([[0, 10.0], [23, 130.0]])
    draw_published(axis, published, depth=(24, 24), side=(224, 224))
    assert np.allclose(axis.get_lines()[-1].get_xydata(), published)
    assert axis.get_ylim()[1] > 130 and not axis.child_axes


def test_published_dots_of_a_larger_model_are_put_at_the_same_share_and_have_axes_of_their_own(axis):
    attention_distance(axis, {"attention_distance": np.full((6, 4), 8.0)})
    draw_published(axis, np.array([[0, 112.0], [23, 56.0]]), depth=(6, 24), side=(32, 224))
    assert np.allclose(
        axis.get_lines()[-1].get_xydata(), [[-0.375, 16], [5.375, 8]]
    )  # layer 0 of 24 begins where ours does
    above, right = axis.child_axes
    axis.get_figure().draw_without_rendering()
    low, high = axis.get_ylim()
    assert right.get_ylim() == pytest.approx((low * 7, high * 7))
    assert above.get_xlim() == pytest.approx((-0.5, 23.5))


def test_grey_is_zero_in_a_filter_and_each_has_its_own_scale(axis):
    components = np.zeros((2, 2, 2, 3), np.float32)
    components[0, 0, 0] = [4, -4, 2]
    components[1, 1, 1] = 0.1
    filters(axis, {"filters": components})
    image = axis.get_images()[0].get_array()
    assert np.allclose(image[0, 0], [1, 0, 0.75]) and np.allclose(image[0, 1], 0.5)
    assert np.allclose(image[1, 4], 1)  # second tile, after two pixels and a gap
    assert np.allclose(image[:, 2], 1)  # the gap


def test_tile_i_j_of_similarities_is_the_map_of_patch_i_j(axis):
    similarity = arrays_of(1)["position_similarity"]
    position_similarity(axis, {"position_similarity": similarity})
    image, gap = axis.get_images()[0].get_array(), 1
    for i, j, row, column in ((0, 0, 0, 0), (3, 1, 2, 0), (1, 2, 3, 3)):
        color = COLORS.to_rgba(similarity[i, j, row, column])[:3]
        assert np.allclose(image[i * (SIDE + gap) + row, j * (SIDE + gap) + column], color, atol=1e-6)
    assert COLORS.get_clim() == (-1, 1)
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "2", "3", "4"]


def test_a_map_darkens_its_image_as_bilinear_interpolation_says():
    arrays = arrays_of(2)
    images = arrays["images"] / 255
    maps = torch.from_numpy(arrays["attention_maps"])[:, None]
    factors = F.interpolate(maps, size=(32, 32), mode="bilinear", align_corners=False)[:, 0]
    factors = factors / factors.amax(dim=(1, 2), keepdim=True)
    assert overlaid(images, arrays["attention_maps"]) == pytest.approx(images * factors.numpy()[..., None], abs=1e-5)


def test_image_and_map_stand_side_by_side(axis):
    arrays = arrays_of(3)
    attention_maps(axis, arrays)
    image = axis.get_images()[0].get_array()
    assert np.allclose(image[:32, :32], arrays["images"][0] / 255, atol=1e-6)
    assert np.allclose(
        image[35:67, 33:65], overlaid(arrays["images"][1:2] / 255, arrays["attention_maps"][1:2])[0], atol=1e-5
    )


def test_many_images_are_many_small_ones(axis):
    random = np.random.default_rng(0)
    arrays = {
        "images": random.integers(0, 256, (24, 224, 224, 3), np.uint8),
        "attention_maps": random.random((24, 14, 14)),
    }
    attention_maps(axis, arrays)
    height, width = axis.get_images()[0].get_array().shape[:2]
    assert width < 550 and height < 800


def test_images_are_reduced_by_means_over_areas():
    images = torch.rand(2, 96, 96, 3)
    expected = F.avg_pool2d(images.permute(0, 3, 1, 2), 3).permute(0, 2, 3, 1)
    assert averaged(images.numpy(), 32) == pytest.approx(expected.numpy(), abs=1e-5)
    assert averaged(images.numpy(), 50).mean() == pytest.approx(images.mean().item(), abs=1e-5)
    assert averaged(images.numpy(), 96) is not None and averaged(images.numpy(), 200).shape[1] == 96


def test_maps_of_any_grid_are_interpolated_to_any_size():
    maps = torch.rand(1, 2, 5)
    expected = F.interpolate(maps[:, None], size=(9, 11), mode="bilinear", align_corners=False)[:, 0]
    assert interpolated(maps.numpy(), 9, 11) == pytest.approx(expected.numpy(), abs=1e-6)


def test_a_mosaic_of_tiles_with_white_between():
    image = mosaic(np.zeros((2, 3, 4, 5, 3)), gap=2)
    assert image.shape == (10, 19, 3) and image[4:6].min() == 1 and image[:, 5:7].min() == 1
    assert image.sum() == 3 * (10 * 19 - 6 * 20)


@pytest.mark.parametrize("name", ["figure6", "figure7", "figure10", "figure11", "figure14"])
def test_each_figure_has_the_panels_of_the_paper(finished, name):
    figure = drawn(finished(name), name)
    panels = {
        "figure6": [("Attention from", "ViT-L/16 / fractals-10k")],
        "figure14": [("Attention from", "ViT-L/16 / fractals-10k")],
        "figure7": [
            ("RGB embedding filters", "ViT-L/16 / fractals-10k"),
            ("Position embedding similarity", "ViT-L/16 / fractals-10k"),
            ("Attention distance", "ViT-L/16 / fractals-10k"),
        ],
        "figure10": [
            ("Position embedding similarity", "7 epochs, LR 0.0002, WD 0.01"),
            ("Position embedding similarity", "7 epochs, LR 0.0004, WD 0.1"),
            ("Position embedding similarity", "14 epochs, LR 0.0004, WD 0.1"),
        ],
        "figure11": [
            ("Attention distance", "ViT-L/16 / fractals-100k"),
            ("Attention distance", "R50+ViT-B/16 / fractals-100k"),
            ("Attention distance", "ViT-L/16 / fractals-10k"),
        ],
    }
    found = titles(figure)
    assert len(found) == len(panels[name])
    for lines, (kind, run) in zip(found, panels[name], strict=True):
        assert lines[0].startswith(kind) and run in " ".join(lines[1:])


def test_figure_11_has_the_papers_dots_behind_the_models_that_it_shows(finished):
    plan = finished("figure11")
    axes = [axis for axis in drawn(plan, "figure11").axes if axis.get_title(loc="left")]
    published = [[line for line in axis.get_lines() if line.get_label() == "a head, the paper"] for axis in axes]
    assert [len(lines) for lines in published] == [1, 0, 1]  # the paper has no R50+ViT-B/16
    assert len(published[0][0].get_xydata()) == 24 * 16
    rows = (PAPER / "fig11_attention_distance_digitised.csv").read_text().splitlines()
    assert len(papers_dots(collect(plan, "figure11"), "ViT-L/16")) == sum(row.startswith("ViT-L/16,") for row in rows)


def test_the_published_value_of_a_layer_is_the_mean_over_its_heads(finished):
    report = collect(finished("figure11"), "figure11")
    rows = [row.split(",") for row in (PAPER / "fig11_attention_distance_digitised.csv").read_text().splitlines()]
    for label, layer in (("first layer, px", "0"), ("last layer, px", "23")):
        expected = fmean(float(row[3]) for row in rows if row[:2] == ["ViT-L/16", layer])
        found = [result for result in report.results if result.cell.axes["measure"] == label]
        assert [result.paper for result in found] == pytest.approx([expected, None, expected])
        assert {result.verdict for result in found} == {"NOT TESTABLE", "NO PAPER VALUE", "STAND-IN"}


def test_pixels_and_cosines_are_printed_as_they_are_and_shares_in_percent(finished):
    report = collect(finished("figure7"), "figure7")
    shown = {result.cell.metric: result.mean for result in report.results}
    positions = {name: position / 8 for position, name in enumerate(UNITS, start=1)}
    assert shown["attention_distance_last_px"] == positions["attention_distance_last_px"]
    assert shown["position_similarity_others"] == positions["position_similarity_others"]
    assert shown["filters_explained"] == 100 * positions["filters_explained"]


def test_equal_arrays_give_equal_bytes_without_torch(finished, tmp_path):
    finished("figure7")
    code = (
        "import sys; from vit.plan import make_plan; from vit.report import render;"
        "render(make_plan('mini', ['figure7']), 'figure7');"
        "print([m for m in ('torch', 'lightning') if m in sys.modules])"
    )
    written = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
        assert done.stdout.strip() == "[]", done.stderr
        written.append((results("mini") / "figure7.svg").read_bytes())
    assert written[0] == written[1] and len(written[0]) < 300_000


@pytest.mark.parametrize("damage", ["missing", "cut", "lacking"])
def test_a_bad_file_is_one_line_in_the_section_of_its_experiment_and_the_others_go_on(finished, damage):
    plan = finished("figure6", "figure10")
    for name in ("figure6", "figure10"):
        render(plan, name)
    run = next(run for run in plan.runs_of("figure6") if run.startswith("inspect-"))
    folder = runs_folder("mini") / run
    if damage == "missing":
        (folder / FILE).unlink()
    elif damage == "cut":
        (folder / FILE).write_bytes((folder / FILE).read_bytes()[:-100])
    else:
        record = json.loads((folder / "metrics.json").read_text())
        (folder / "metrics.json").write_text(json.dumps({**record, "arrays": {"other": [1]}}))
    with pytest.raises(UserError, match=rf"{run}/arrays\.npz: (missing|damaged)") as error:
        render(plan, "figure6")
    assert "\n" not in str(error.value)
    page = write_page(plan).read_text()
    assert '<section id="figure6"><h2>figure6</h2><p><b>Error:</b>' in page and "arrays.npz" in page
    assert '<section id="figure10" class="experiment"><h2>Figure 10.' in page
    assert "Figure 10." in render(plan, "figure10")


def test_a_run_that_left_no_such_array_is_told(finished, monkeypatch):
    plan = finished("figure10")
    run = next(run for run in plan.runs if run.startswith("inspect-"))
    folder = runs_folder("mini") / run
    left = {
        name: array for name, array in arrays_of(0).items() if name != "position_similarity"
    }  # of a model without positions
    record = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps({**record, "arrays": write_arrays(folder, left)}))
    with pytest.raises(UserError, match=rf"figure10\.yaml: picture: position_similarity: {run} left none"):
        drawn(plan, "figure10")
