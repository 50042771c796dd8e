"""Inspect as the runner runs it: its arrays are those of the measures, called on the restored model."""

import json

import numpy as np
import pytest
import torch
from folder_runs import run_of, smoke_config
from plain_data import PLAIN

from data import Digits
from vit.arrays import read_arrays
from vit.inspect.arrays_of_model import summary
from vit.inspect.distance import attention_distance
from vit.inspect.filters import principal_components
from vit.inspect.positions import position_similarity
from vit.inspect.rollout import attention_map
from vit.plan import make_plan
from vit.plan.graph import write_config
from vit.plan.inspection import PANELS, UNITS
from vit.run.progress import Progress
from vit.run.runner import run_one
from vit.tasks.inspect import evenly_spaced
from vit.weights import restore


@pytest.fixture(scope="module")
def plan():
    return make_plan("smoke", ["figure7"])


@pytest.fixture(scope="module")
def runs(plan, tmp_path_factory):
    """A folder with the finished runs of Figure 7 at scale smoke."""
    folder = tmp_path_factory.mktemp("runs")
    for run in plan.runs.values():
        write_config(run, folder / run.id)
        assert run_one(run, folder / run.id, Progress(plan, ["figure7"], 1, 0))
    return folder


@pytest.fixture(scope="module")
def left(plan, runs):
    """(record, arrays) of the look into the model."""
    folder = runs / next(run for run in plan.runs if run.startswith("inspect-"))
    record = json.loads((folder / "metrics.json").read_text())
    return record, read_arrays(folder, record["arrays"])


@pytest.fixture(scope="module")
def model(plan, runs):
    return restore(runs / next(run for run in plan.runs if run.startswith("pretrain-"))).resize_to(32).eval()


@pytest.fixture(scope="module")
def images():
    data = Digits(**PLAIN | {"image_size": 32, "batch_size": 8, "train_on": "all"})
    data.setup("test")
    images = torch.cat([images for images, *_ in data.in_order("test")])
    return images[torch.arange(128) * len(images) // 128]


def test_the_distances_are_means_over_evenly_spaced_test_images(left, model, images):
    with torch.no_grad():
        layers = list(model.attention_weights(images))
    place = {"grid": (4, 4), "leading": 1, "patch_pixels": 8}
    expected = torch.stack([attention_distance(weights, **place).mean(dim=0) for weights in layers])
    assert left[1]["attention_distance"].shape == (1, 2)  # layers, heads
    assert left[1]["attention_distance"] == pytest.approx(expected.numpy(), rel=1e-5)


def test_filters_and_similarities_are_those_of_the_restored_weights(left, model):
    filters, explained = principal_components(model.embedding.weight.detach().view(-1, 3, 8, 8), 28)
    assert np.array_equal(left[1]["filters"], filters.permute(0, 2, 3, 1))
    assert np.array_equal(left[1]["filters_explained"], explained)
    table = model.state_dict()["position.tables.0.table"][0, 1:]  # without the class token's row
    assert np.array_equal(left[1]["position_similarity"].reshape(16, 16), position_similarity(table))


def test_the_maps_are_rollouts_of_the_images_beside_them(left, model, images):
    shown = images[[0, 42, 85]]
    assert np.array_equal(left[1]["images"], ((shown + 1) * 127.5).round().byte().permute(0, 2, 3, 1))
    assert left[1]["attention_maps"] == pytest.approx(attention_map(model, shown).numpy(), rel=1e-5)


def test_the_metrics_sum_the_arrays_up_and_are_those_that_yaml_may_name(left):
    metrics, arrays = left[0]["metrics"], left[1]
    assert metrics.keys() == UNITS.keys()
    assert metrics["attention_distance_last_px"] == pytest.approx(arrays["attention_distance"][-1].mean())
    assert metrics["attention_distance_first_smallest_px"] == pytest.approx(arrays["attention_distance"][0].min())
    assert metrics["filters_explained"] == pytest.approx(arrays["filters_explained"].sum(), rel=1e-5)
    similarity = arrays["position_similarity"]
    steps = [(row, column, row + 1, column) for row in range(3) for column in range(4)]
    steps += [(row, column, row, column + 1) for row in range(4) for column in range(3)]
    adjacent = np.mean([similarity[step] for step in steps])
    assert metrics["position_similarity_adjacent"] == pytest.approx(adjacent, rel=1e-4)
    others = (similarity.sum() - 16 - 48 * adjacent) / (16 * 16 - 16 - 48)
    assert metrics["position_similarity_others"] == pytest.approx(others, rel=1e-3)
    assert left[0]["test_evaluations"] == 0  # no label was read


def test_it_leaves_an_array_for_every_panel_and_no_weights(plan, runs, left):
    assert set(PANELS) <= left[1].keys()
    folder = runs / next(run for run in plan.runs if run.startswith("inspect-"))
    assert not list(folder.glob("*.safetensors"))


def test_a_resnet_is_refused_in_one_line(tmp_path, plan, capsys):
    config = smoke_config("inspect-") | {}
    config["model"]["init_args"].update(model="ResNet50x1", options={"units": [1, 1], "width_factor": 0.5}, init=None)
    run = run_of("inspect-test", config, images=0, classes=10)
    write_config(run, tmp_path / run.id)
    assert not run_one(run, tmp_path / run.id, Progress(plan, ["figure7"], 1, 0))
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert "Inspect: ResNet50x1 has no attention weights" in message
    assert not (tmp_path / run.id / "metrics.json").exists() and not (tmp_path / run.id / "arrays.npz").exists()


@pytest.mark.parametrize(("grid", "without"), [((1, 1), {"adjacent", "others"}), ((1, 2), {"others"}), ((2, 2), set())])
def test_a_grid_without_such_pairs_has_no_mean_of_them(grid, without):
    arrays = {
        "attention_distance": np.ones((2, 2)),
        "filters_explained": np.ones(1),
        "position_similarity": np.ones((*grid, *grid)),
    }
    assert UNITS.keys() - summary(arrays).keys() == {f"position_similarity_{name}" for name in without}


def test_evenly_spaced_indices_are_different_and_inside():
    for length, count in ((500, 128), (128, 128), (129, 128), (5, 128)):
        chosen = evenly_spaced(length, count)
        assert len(set(chosen)) == min(length, count) and chosen[0] == 0 and chosen[-1] < length
