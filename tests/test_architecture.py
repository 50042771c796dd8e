"""The arrows of the house: who may import whom, and what starts without torch."""

import ast
import subprocess
import sys

import pytest

from vit.paths import ROOT

STANDARD = sys.stdlib_module_names
ALLOWED = {  # package -> what its files may import besides the standard library and itself
    "vit/models": {"torch", "vit.errors"},
    "bench": {"torch", "torchvision", "timm", "vit", "data", "numpy", "PIL"},
    "data": {"torch", "torchvision", "lightning", "numpy", "PIL", "sklearn", "mlxtend", "h5py", "tqdm"},
    "vit/weights": {
        "torch",
        "numpy",
        "safetensors",
        "data.fetch.download",
        "data.disk.lock",
        "vit.models",
        "vit.plan",
        "vit.errors",
        "vit.atomic",
    },
    "vit/plan": {"yaml", "vit.errors", "vit.atomic"},
    "vit/report": {"vit.plan", "vit.errors", "vit.atomic", "pandas", "numpy", "matplotlib", "tensorboard", "yaml"},
}


def imported(path):
    """Full names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_their_arrow_allows(package):
    own = package.replace("/", ".")
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        for name in imported(path):
            allowed = name.split(".")[0] in STANDARD or any(
                name == a or name.startswith(a + ".") for a in (own, *ALLOWED[package])
            )
            assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_tasks_do_not_know_data_and_data_does_not_know_vit():
    assert not [
        name
        for path in (ROOT / "vit" / "tasks").rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] == "data"
    ]
    assert not [
        name for path in (ROOT / "data").rglob("*.py") for name in imported(path) if name.split(".")[0] == "vit"
    ]


def test_tasks_call_the_public_steps_of_a_model_and_never_its_attributes():
    public = {"tokens", "encode", "patches", "features", "forward"}
    public |= {"reset_head", "freeze_head", "set_head_bias", "resize_to"}
    public |= {"width", "patch_pixels"}  # what else a ViT says of itself
    public |= {"parameters", "modules", "train", "eval", "state_dict", "load_state_dict"}  # torch.nn.Module's own
    for path in (ROOT / "vit" / "tasks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "model":
                assert node.attr in public, f"{path.name}:{node.lineno} reaches for model.{node.attr}"


@pytest.mark.parametrize("module", ["vit.plan", "vit.plan.graph", "vit.plan.overview", "vit.report", "vit.__main__"])
def test_planning_and_reporting_start_without_torch(module):
    code = f"import sys, {module}; print([m for m in ('torch', 'lightning') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_no_file_is_a_drawer():
    names = {path.name for folder in ("vit", "data", "tests") for path in (ROOT / folder).rglob("*.py")}
    assert not names & {"utils.py", "common.py", "helpers.py", "misc.py"}


def test_no_published_number_stands_in_python():
    """Table 5 and 6 hold four-digit percentages; none of them may be typed into the code."""
    printed = {
        cell
        for name in ("table5_transfer.csv", "table6_scaling.csv")
        for line in (ROOT / "results" / "paper" / name).read_text().splitlines()[1:]
        for cell in line.split(",")
        if cell.count(".") == 1 and len(cell) == 5
    }
    assert len(printed) > 80
    for folder in ("vit", "data"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not [number for number in printed if number in path.read_text()], path
