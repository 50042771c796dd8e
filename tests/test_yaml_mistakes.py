"""Every mistake that people make in YAML is one line that names the file and the key, and an exit code other than 0."""

import shutil

import pytest
from processes import Processes

from vit.paths import ROOT

CASES = {  # file, what is there, what somebody writes instead, what the line must name
    "misspelt key in an experiment": ("table5.yaml", "grid:", "gird:", ["table5.yaml", "gird", "did you mean 'grid'"]),
    "misspelt key in a recipe": (
        "recipes/pretrain.yaml",
        "head_hidden:",
        "head_hiden:",
        ["recipes/pretrain.yaml", "head_hiden", "head_hidden"],
    ),
    "misspelt key in a row": (
        "recipes/finetune.yaml",
        "held_out: 0.02}",
        "heldout: 0.02}",
        ["recipes/finetune.yaml", "rows[1]", "heldout"],
    ),
    "misspelt key in a scale": (
        "scales/smoke.yaml",
        "processes:",
        "proceses:",
        ["scales/smoke.yaml", "proceses", "processes"],
    ),
    "misspelt value in a scale": (
        "scales/smoke.yaml",
        "steps: 5",
        "stepps: 5",
        ["scales/smoke.yaml", "recipes.finetune", "stepps"],
    ),
    "misspelt key of a data entry": (
        "scales/smoke.yaml",
        "name: digits",
        "nam: digits",
        ["scales/smoke.yaml", "transfer.CIFAR-100", "nam"],
    ),
    "unknown model": (
        "table5.yaml",
        "ViT-B/16, ViT-B/32, ViT-L/16",
        "ViT-B/17, ViT-B/32, ViT-L/16",
        ["pretrain.yaml", "ViT-B/17"],
    ),
    "unknown data set": (
        "table5.yaml",
        "CIFAR-10, CIFAR-100",
        "CIFAR-11, CIFAR-100",
        ["scales/smoke.yaml", "CIFAR-11", "CIFAR-10"],
    ),
    "not YAML": ("table5.yaml", "grid:", "grid: [", ["table5.yaml", "not valid YAML"]),
    "a key twice": (
        "scales/smoke.yaml",
        "processes:",
        "title: again\nprocesses:",
        ["scales/smoke.yaml", "title", "twice"],
    ),
    "a number that is text": (
        "recipes/pretrain.yaml",
        "lr: 0.0003",
        "lr: 3e-4",
        ["recipes/pretrain.yaml", "lr", "3e-4", "0.0003"],
    ),
    "an axis that nothing reads": (
        "table6.yaml",
        "pretrain: [JFT-300M]",
        "pretrain: [JFT-300M]\n  dropuot: [0.1]",
        ["table6.yaml", "dropuot"],
    ),
    "a length that the recipe does not offer": (
        "table6.yaml",
        "ViT-B/16, epochs: 7",
        "ViT-B/16, epochs: 8",
        ["ViT-B/16", "JFT-300M", "[7]", "8"],
    ),
    "a setting that leaves the scale no update after its warm-up": (
        "table6.yaml",
        "run:",
        "finetune.steps: [77]\n  run:",
        ["experiments/table6.yaml", "finetune.warmup_steps"],
    ),
    "a row missing": (
        "recipes/finetune.yaml",
        "  - {transfer: CIFAR-10, ",
        "  - {transfer: CIFAR-12, ",
        ["finetune.yaml", "CIFAR-10"],
    ),
    "a value missing": ("recipes/pretrain.yaml", "beta2: 0.999 ", "# ", ["pretrain.yaml", "beta2"]),
    "a private set that is not in the table": (
        "table5.yaml",
        "private: [JFT-300M]",
        "private: [JFT]",
        ["table5.yaml", "private", "JFT"],
    ),
    "a text where a list belongs": (
        "table5.yaml",
        "private: [JFT-300M]",
        "private: JFT-300M",
        ["table5.yaml", "private", "a list"],
    ),
    "a key column for no axis": (
        "table5.yaml",
        "match: {pretrain:",
        "match: {pretrian:",
        ["table5.yaml", "paper.match", "pretrian"],
    ),
    "a tolerance that is no number": (
        "table5.yaml",
        "tolerance: 0.5",
        "tolerance: five",
        ["table5.yaml", "tolerance", "five"],
    ),
    "a table of the paper that is not there": (
        "table5.yaml",
        "table5_transfer.csv",
        "table55.csv",
        ["table5.yaml", "table55.csv"],
    ),
    "a model left out that is not there": (
        "table5.yaml",
        "ViT-H/14, pretrain: ImageNet}",
        "ViT-H/15, pretrain: ImageNet}",
        ["table5.yaml", "leave_out[0]", "ViT-H/15"],
    ),
    "columns that are no list": (
        "table5.yaml",
        "columns: [model]",
        "columns: model",
        ["table5.yaml", "columns", "a list"],
    ),
    "an axis missing": ("table6.yaml", "  pretrain: [JFT-300M]\n", "", ["table6.yaml", "grid", "pretrain"]),
    "a decay that does not exist": (
        "recipes/finetune.yaml",
        "decay: cosine",
        "decay: cosin",
        ["finetune.yaml", "decay", "cosin"],
    ),
    "drops of the rate that do not rise": (
        "scales/smoke.yaml",
        "drops: [2, 3, 4]",
        "drops: [3, 2, 4]",
        ["smoke.yaml", "drops", "[3, 2, 4]"],
    ),
    "a rule of clipping that does not exist": (
        "recipes/pretrain.yaml",
        "clip_rule: official",
        "clip_rule: offical",
        ["pretrain.yaml", "clip_rule", "offical"],
    ),
    "no seeds": ("scales/smoke.yaml", "seeds: 2", "seeds: 0", ["scales/smoke.yaml", "recipes.finetune", "seeds"]),
    "the same rate twice": (
        "scales/smoke.yaml",
        "lr: [0.03, 0.1]",
        "lr: [0.03, 0.03]",
        ["scales/smoke.yaml", "recipes.finetune", "lr"],
    ),
    "a number in words": (
        "scales/smoke.yaml",
        "images: 40,",
        "images: forty,",
        ["scales/smoke.yaml", "pretrain.ImageNet", "images", "forty"],
    ),
    "epochs that map nothing": (
        "scales/smoke.yaml",
        "epochs: {300: 4, 90: 4}",
        "epochs: 4",
        ["scales/smoke.yaml", "pretrain.ImageNet", "epochs"],
    ),
    "a list where a mapping belongs": ("table5.yaml", "grid:", "- grid:", ["table5.yaml"]),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("experiments", "vit", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("downloads", "__pycache__"))
    (folder / "results" / "paper").mkdir(parents=True)
    for path in (ROOT / "results" / "paper").glob("*.csv"):
        shutil.copy(path, folder / "results" / "paper")
    return folder


@pytest.fixture(scope="module")
def vit(server, checkout):
    """`python -m vit` in the checkout."""
    processes = Processes(server, checkout)
    return lambda *arguments: processes.run(*arguments, results=checkout / "results")


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_one_line_that_names_file_and_key(checkout, vit, case):
    """A line for each experiment that the mistake stops: `plan --write` leaves these out, which test_plan_broken.py tests."""
    name, right, wrong, words = CASES[case]
    path = checkout / "experiments" / name
    text = path.read_text()
    assert right in text
    try:
        path.write_text(text.replace(right, wrong, 1))
        done = vit("status", "--scale", "smoke")
    finally:
        path.write_text(text)
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    assert len(lines) == 1 or name == "recipes/finetune.yaml", done.stderr  # experiments miss different rows
    for line in lines:
        assert line.startswith("error: ")
        for word in words:
            assert word in line


def test_without_a_mistake_it_plans(vit):
    for command in (["plan", "--write"], ["status"]):
        done = vit(*command, "--scale", "smoke")
        assert done.returncode == 0 and done.stderr == ""


@pytest.mark.parametrize("name", ["table5", "clean", "with space"])
def test_an_ablation_cannot_take_the_name_of_a_table_or_of_a_target(checkout, vit, name):
    path = checkout / "experiments" / "ablations" / f"{name}.yaml"
    shutil.copy(checkout / "experiments" / "ablations" / "gelu.yaml", path)
    done = vit("status", "--scale", "smoke")
    path.unlink()
    assert done.returncode != 0 and f"ablations/{name}.yaml" in done.stderr


def test_an_unknown_scale_is_named_with_those_there_are(vit):
    done = vit("plan", "--write", "--scale", "mimi")
    assert done.returncode != 0 and "mimi.yaml" in done.stderr and "did you mean 'mini'" in done.stderr
