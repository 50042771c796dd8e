"""What several files of tests share."""

import fcntl
import os
import shutil
import sys

import pytest
from processes import ForkServer, Processes, small_experiments

from vit import paths
from vit.paths import ROOT
from vit.plan.resolve import load_recipe


@pytest.fixture(scope="session", autouse=True)
def no_arguments():
    """LightningCLI would read pytest's."""
    arguments, sys.argv = sys.argv, sys.argv[:1]
    yield
    sys.argv = arguments


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = ForkServer(tmp_path_factory.mktemp("server"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def processes(server, tmp_path_factory):
    """Processes in a copy of the code whose experiment is small."""
    return Processes(server, small_experiments(tmp_path_factory.mktemp("copy")))


@pytest.fixture(scope="session")
def vit(server):
    """Processes in this checkout."""
    return Processes(server, ROOT)


@pytest.fixture(scope="session")
def paper_costs(vit, tmp_path_factory):
    """paper/costs.json, counted once for all processes of tests: half a minute."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "costs"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder / "paper" / "costs.json"
        if not path.exists():
            done = vit.run("cost", "--write", "paper", results=folder)
            assert done.returncode == 0, done.stderr
    return path


def pytest_collection_modifyitems(items):
    """Files that start processes or are slow come first: while the last process of tests ends, the others are idle."""
    first = {item.path for item in items if "server" in item.fixturenames or item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in first)


@pytest.fixture
def experiments(tmp_path, monkeypatch):
    """A copy of experiments/, to be edited, that the planner reads in place of it."""
    folder = tmp_path / "experiments"
    shutil.copytree(paths.EXPERIMENTS, folder)
    monkeypatch.setattr(paths, "EXPERIMENTS", folder)
    load_recipe.cache_clear()
    yield folder
    load_recipe.cache_clear()


@pytest.fixture
def checkpoint(tmp_path):
    """Path of a file of weights: a ViT of one layer for images of 16 px, whose head is not zero."""
    import torch

    from vit.models import create_model
    from vit.weights import save_weights

    model = create_model("ViT-B/16", image_size=16, num_classes=3, patch=8, width=16, depth=1, heads=2, mlp=16)
    torch.nn.init.normal_(model.head.weight)
    save_weights(model, tmp_path / "weights.safetensors")
    return str(tmp_path / "weights.safetensors")
