"""The arrows of the house: who may import whom, how folders are filled, and what starts without torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from vit.paths import ROOT

STANDARD = sys.stdlib_module_names
ALLOWED = {  # folder or file -> what it may import besides the standard library and itself
    "bench": {"torch", "torchvision", "timm", "vit", "data", "numpy", "PIL"},
    "data": {"torch", "torchvision", "lightning", "numpy", "PIL", "sklearn", "mlxtend", "h5py", "tqdm"},
    "vit/errors.py": set(),
    "vit/paths.py": set(),
    "vit/atomic.py": set(),
    "vit/arrays.py": {"numpy", "vit.errors", "vit.paths", "vit.atomic"},
    "vit/locks.py": {"vit.errors"},
    "vit/record.py": {"torch", "vit.errors", "vit.paths", "vit.atomic"},  # torch inside a function, for the GPU's name
    "vit/native": {"torch", "data.native"},
    "vit/models": {"torch", "vit.errors", "vit.native"},
    "vit/objectives": {"torch", "torchmetrics", "numpy", "vit.models"},
    "vit/optim": {"torch"},
    "vit/weights": {
        *("torch", "numpy", "safetensors", "data.fetch", "data.disk"),
        *("vit.models", "vit.paths", "vit.errors", "vit.atomic"),
    },
    "vit/tasks": {
        *("torch", "torchmetrics", "lightning", "vit.models", "vit.objectives", "vit.optim", "vit.weights"),
        *("numpy", "vit.inspect"),  # what a look into a model leaves
        *("vit.record", "vit.errors"),  # the learning rate is selected by the records of a sweep
        "vit.locks",  # one measurement of speed at a time
    },
    # Never vit.run or vit.plan: what looks into a checkpoint trains nothing and needs no experiment.
    "vit/inspect": {
        *("torch", "numpy", "matplotlib", "tensorboard", "PIL", "data"),
        *("vit.models", "vit.weights", "vit.report.pictures", "vit.paths", "vit.atomic", "vit.errors"),
    },
    "vit/predict": {
        *("torch", "numpy", "PIL", "tqdm", "data"),
        *("vit.inspect", "vit.models", "vit.weights", "vit.atomic", "vit.errors"),
    },
    "vit/run": {
        *("torch", "lightning", "tqdm", "data"),
        *("vit.models", "vit.objectives", "vit.optim", "vit.weights", "vit.tasks"),
        *(
            "numpy",
            "matplotlib",
            "vit.arrays",
            "vit.inspect",
            "vit.report.pictures",
        ),  # pictures of a model while it trains
        *("vit.plan", "vit.record", "vit.paths", "vit.locks", "vit.atomic", "vit.errors"),
    },
    # Outside vit/run for the sake of its class path, which stands in the configs of finished runs.
    "vit/early_stopping.py": {"lightning", "vit.run.callbacks", "vit.errors"},
    "vit/plan": {"yaml", "vit.record", "vit.paths", "vit.locks", "vit.atomic", "vit.errors"},
    "vit/report": {
        *("pandas", "numpy", "matplotlib", "tensorboard"),
        *("vit.plan", "vit.record", "vit.arrays", "vit.paths", "vit.locks", "vit.atomic", "vit.errors"),
    },
    "vit/cluster": {"vit.plan", "vit.record", "vit.paths", "vit.atomic", "vit.errors"},
    "vit/data_check.py": {"data", "vit.plan", "vit.errors"},
    "vit/commands": {"vit"},
}
DATA = (  # from the ground up: a folder or a file imports what precedes it, and nothing that follows
    *("data.disk", "data.draws", "data.values", "data.fetch", "data.native", "data.transforms", "data.pictures"),
    *("data.fractals", "data.batches", "data.before_training", "data.checkpoint_state", "data.base", "data.sets"),
    *("data", "data.overlap", "data.__main__"),
)
UPWARD = {  # (file, what it imports) against that order
    # After a download the set's own class checks its files; it is looked up by name when a set is fetched.
    ("data.fetch.fetch", "data"),
}
LOOSE = {"vit": 10, "data": 8}  # Python files at most beside the folders


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imported(path: Path):
    """Full names of the modules that a file imports; `from vit import paths` imports vit.paths."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if is_module(name) else node.module for name in names)


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_their_arrow_allows(package):
    files = [ROOT / package] if package.endswith(".py") else sources(package)
    assert files
    known = (package.removesuffix(".py").replace("/", "."), *ALLOWED[package])
    for path in files:
        for name in imported(path):
            allowed = name.split(".")[0] in STANDARD or any(name == a or name.startswith(a + ".") for a in known)
            assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_every_folder_and_file_of_vit_has_its_arrow():
    """__main__ may import everything."""
    rooms = {path.parent if path.name == "__init__.py" else path for path in (ROOT / "vit").glob("*/__init__.py")}
    rooms |= {path for path in (ROOT / "vit").glob("*.py") if path.name not in ("__init__.py", "__main__.py")}
    assert {str(path.relative_to(ROOT)) for path in rooms} == {name for name in ALLOWED if name.startswith("vit/")}


def room(module: str) -> str:
    """The folder directly in data/, or the file: what DATA lists."""
    return ".".join(module.split(".")[:2])


def test_no_folder_of_data_imports_a_later_one():
    upward = set()
    for path in sources("data"):
        module = module_of(path)
        assert room(module) in DATA, f"{module} has no position in the order"
        for name in imported(path):
            if name.split(".")[0] == "data" and DATA.index(room(name)) > DATA.index(room(module)):
                upward.add((module, name))
    assert upward == UPWARD


def test_tasks_do_not_know_data_and_data_does_not_know_vit():
    assert not [name for path in sources("vit/tasks") for name in imported(path) if name.split(".")[0] == "data"]
    assert not [name for path in sources("data") for name in imported(path) if name.split(".")[0] == "vit"]


def test_tasks_call_the_public_steps_of_a_model_and_never_its_attributes():
    public = {"tokens", "encode", "patches", "features", "forward"}
    public |= {"reset_head", "freeze_head", "freeze_body", "layers", "set_head_bias", "resize_to"}
    public |= {"width", "patch_pixels"}  # what else a ViT says of itself
    public |= {"parameters", "modules", "train", "eval", "state_dict", "load_state_dict"}  # torch.nn.Module's own
    for path in sources("vit/tasks"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "model":
                assert node.attr in public, f"{path.name}:{node.lineno} reaches for model.{node.attr}"


@pytest.mark.parametrize(
    "module",
    [
        "vit.plan",
        "vit.plan.graph",
        "vit.plan.overview",
        "vit.report",
        "vit.report.verify",
        "vit.report.again.again_files",
        "vit.commands.clusters",
        "vit.cluster.submit",
        "vit.cluster.wait",
        "vit.__main__",
    ],
)
def test_planning_and_reporting_start_without_torch(module):
    code = f"import sys, {module}; print([m for m in ('torch', 'lightning') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_no_file_is_a_drawer():
    drawers = {"utils.py", "common.py", "helpers.py", "misc.py"}
    assert not [path for path in sources("vit", "data", "tests") if path.name in drawers]


@pytest.mark.parametrize("package", LOOSE)
def test_few_files_lie_beside_the_folders(package):
    loose = sorted(path.name for path in (ROOT / package).glob("*.py"))
    assert len(loose) <= LOOSE[package], loose


def test_no_file_name_stands_twice():
    """__init__ and __main__ have to."""
    paths = {}
    for path in sources("vit", "data"):
        paths.setdefault(path.name, []).append(str(path.relative_to(ROOT)))
    assert not [same for name, same in paths.items() if len(same) > 1 and not name.startswith("__")]


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
    for path in sources("vit", "data"):
        assert not [number for number in printed if number in path.read_text()], path
