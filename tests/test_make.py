"""The Makefile with a stub instead of the trainer: which runs are trained, and how often."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


CHECK = "@touch results/smoke/checked && echo checked >> checked.log"  # instead of the seconds that torch takes


class Checkout:
    """A copy of the parts of the repository that Make works with."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder / "trained.log"
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "experiments", "vit", "tests/stub_train.py"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
        shutil.copytree(
            ROOT / "results" / "paper", folder / "results" / "paper", ignore=shutil.ignore_patterns("runs", "grid.mk")
        )

    def environment(self):
        """Ours, without what a make above the tests passes on to its children."""
        inherited = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIT_RESULTS")
        kept = {key: value for key, value in os.environ.items() if key not in inherited}
        return {**kept, "PYTHONPATH": str(self.folder)}

    def start(self, *arguments, **environment):
        """make in a new process group, so that signals reach it and its children only."""
        stub = f"@{sys.executable} tests/stub_train.py results/smoke/runs {self.log}"
        variables = ["SCALE=smoke", "VENV=", f"PYTHON={sys.executable}", f"TRAIN={stub}", f"CHECK={CHECK}"]
        environment = {**self.environment(), **environment}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        return subprocess.Popen(["make", *variables, *arguments], cwd=self.folder, env=environment, **pipes)

    def make(self, *arguments, check=True, **environment):
        """make, run to its end; AssertionError if it fails, unless check is False."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate()
        assert not check or process.returncode == 0, out + err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def trained(self):
        """The runs trained since the last call, in order."""
        names = self.log.read_text().split() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return names

    def edit(self, path, old, new):
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new))

    def count(self, costs):
        """What the paper's models cost is counted already."""
        (self.folder / "results" / "paper" / "costs.json").write_bytes(costs.read_bytes())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, paper_costs):
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    checkout.count(paper_costs)
    return checkout


def test_cold_start_trains_every_run_of_the_table_once_and_what_a_run_needs_before_it(checkout):
    checkout.make("table5", "-j3")
    trained = checkout.trained()
    # 2 models x (3 pre-trainings + 4 starts x 2 transfer sets x (2 rates + 2 seeds))
    assert len(trained) == len(set(trained)) == 2 * (3 + 4 * 2 * (2 + 2))
    for source in ("fractals-40", "fractals-80", "fractals-160"):
        order = [
            name
            for name in trained
            if name.startswith((f"pretrain-ViT-B-16-{source}-", f"finetune-ViT-B-16-{source}-mnist-5k-"))
        ]
        kinds = [name.split("-mnist-5k-")[-1].split("-")[0] for name in order]
        assert kinds == ["pretrain", "lr0.03", "lr0.1", "seed0", "seed1"]


def test_again_trains_nothing(checkout):
    checkout.make("table5", "-j3")
    assert checkout.trained() == []


def test_touched_experiments_train_nothing(checkout):
    for path in (checkout.folder / "experiments").rglob("*.yaml"):
        path.touch()
    checkout.make("table5")
    assert checkout.trained() == []


def test_the_next_table_trains_only_what_the_first_did_not(checkout):
    checkout.make("table6", "-j3")
    trained = checkout.trained()
    assert len(trained) == 2 * (1 + 2 * (2 + 2)) + 2 * (1 + 2)  # two sets each; the ResNet in BiT's setting too
    assert all("ResNet50x1" in name or "R50+ViT-B-16" in name for name in trained)


def test_a_table_without_training_is_rendered_and_trains_nothing(checkout):
    printed = checkout.make("table3", "table4").stdout
    assert "paper 0.0008" in printed and checkout.trained() == []
    assert all((checkout.folder / "results" / "smoke" / f"{name}.md").exists() for name in ("table3", "table4"))


def test_a_new_ablation_runs_as_it_is_and_trains_only_what_table5_did_not(checkout):
    path = checkout.folder / "experiments" / "ablations" / "mine.yaml"
    assert "ablations/mine.yaml" in checkout.make("new-ablation", "NAME=mine").stdout
    text = path.read_text()
    for name, words in (("mine", "exists already"), ("it's", "it's"), ("", "NAME=")):
        refused = checkout.make("new-ablation", f"NAME={name}", check=False)
        assert refused.returncode != 0 and words in refused.stderr and path.read_text() == text
    added = re.findall(
        r"^(finished|missing, .*?|to be trained) +(\d+) ", checkout.make("plan", "EXPERIMENT=mine").stdout, re.M
    )
    assert [int(count) for _, count in added] == [5, 0, 4, 4], added
    checkout.make("mine")
    trained = checkout.trained()
    assert len(trained) == 2 + 2 and all(run.startswith("finetune-ViT-B-16-fractals-80-mnist-5k-") for run in trained)
    assert (checkout.folder / "results" / "smoke" / "mine.md").exists()
    for rendered in (checkout.folder / "results" / "smoke").glob("mine.*"):
        rendered.unlink()  # the next tests of this checkout know nothing of it
    path.unlink()


def test_one_value_changed_trains_what_depends_on_it_and_changed_back_trains_nothing(checkout):
    row = "pretrain: ImageNet-21k, epochs: 90,       lr: 0.001, decay: linear, weight_decay: 0.03"
    checkout.edit("experiments/recipes/pretrain.yaml", row, row.replace("0.03", "0.04"))
    checkout.make("table5", "table6")
    trained = checkout.trained()
    assert len(trained) == 2 * (
        1 + 2 * (2 + 2)
    )  # both models' pre-training on ImageNet-21k, and all that starts from it
    assert all("-fractals-80-" in name for name in trained)
    checkout.edit("experiments/recipes/pretrain.yaml", row.replace("0.03", "0.04"), row)
    checkout.make("table5", "table6")
    assert checkout.trained() == []


def test_a_run_that_fails_loses_nothing_that_is_finished_and_the_same_command_goes_on(checkout):
    runs = checkout.folder / "results" / "smoke" / "runs"
    victims = sorted(path.parent for path in runs.glob("finetune-ViT-B-32-fractals-40-*/metrics.json"))
    for victim in victims:
        (victim / "metrics.json").unlink()
    failed = checkout.make("table5", "-k", check=False, FAIL=victims[-1].name)
    assert failed.returncode != 0
    first = checkout.trained()
    assert victims[-1].name in first and len(first) > 2
    # Make deletes the targets of a rule that fails; those of finished runs it must not.
    assert all((runs / name / "metrics.json").exists() for name in first if name != victims[-1].name)
    survivors = [victim for victim in victims if (victim / "metrics.json").exists()]
    checkout.make("table5")
    assert set(checkout.trained()) == {victim.name for victim in victims if victim not in survivors}


def test_a_table_with_a_missing_run_is_an_error_and_is_not_rendered(checkout):
    runs, table = (checkout.folder / "results" / "smoke" / name for name in ("runs", "table5.md"))
    victim = min(runs.glob("finetune-ViT-B-32-fractals-40-*-seed1-*/metrics.json"))
    victim.unlink()
    table.unlink()
    done = checkout.make("table5", check=False, LOSE=victim.parent.name)
    assert done.returncode != 0 and not table.exists()
    assert "table5: 1 of 70 runs" in done.stderr and victim.parent.name in done.stderr
    assert "69 of 70" in checkout.make("report").stdout
    checkout.trained()
    checkout.make("table5")
    assert checkout.trained() == [victim.parent.name] and table.exists()


def test_a_second_make_beside_a_living_one_trains_nothing(checkout):
    runs = checkout.folder / "results" / "smoke" / "runs"
    for path in runs.glob("finetune-ViT-B-32-fractals-40-*/metrics.json"):
        path.unlink()
    first = checkout.start("table5", PAUSE="0.2")
    while not checkout.log.exists():
        time.sleep(0.05)
    second = checkout.make("table5", check=False)
    assert second.returncode != 0 and f"process {first.pid}" in second.stderr
    first.communicate()
    trained = checkout.trained()
    assert first.returncode == 0 and len(trained) == len(set(trained)) == 8


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_make_keeps_what_is_finished(checkout, kind):
    runs = checkout.folder / "results" / "smoke" / "runs"
    chain = {path.parent.name for path in runs.glob("finetune-ViT-B-32-fractals-40-*/metrics.json")}
    for name in chain:
        (runs / name / "metrics.json").unlink()
    process = checkout.start("table5", PAUSE="1")
    while not checkout.log.exists() or len(checkout.log.read_text().split()) < 4:
        time.sleep(0.05)
    os.killpg(process.pid, kind)
    _, messages = process.communicate()
    finished = checkout.trained()[:-1]  # the last was interrupted
    assert process.returncode != 0 and "Deleting file" not in messages
    assert len(finished) >= 3 and all((runs / name / "metrics.json").exists() for name in finished)
    checkout.make("table5")
    assert set(checkout.trained()) == chain - set(finished)


def test_a_signal_to_make_and_its_processes_reaches_the_run_and_make_waits_for_it(checkout, tmp_path):
    log, stub = tmp_path / "log", ROOT / "tests" / "stub_launch.py"
    runs = checkout.folder / "results" / "smoke" / "runs"
    for path in runs.glob("finetune-ViT-B-32-fractals-40-*/metrics.json"):
        path.unlink()
    variables = ["SCALE=smoke", "VENV=", f"PYTHON={sys.executable}", f"LAUNCH=A=1 {sys.executable} {stub} {log}", "-j1"]
    process = subprocess.Popen(
        ["make", *variables, "table5"], cwd=checkout.folder, start_new_session=True,
        env=checkout.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    logged = []
    for line, kind in (("started", signal.SIGUSR1), ("usr1", signal.SIGTERM)):
        while line not in logged:
            time.sleep(0.05)
            logged = log.read_text().split() if log.exists() else []
        assert process.poll() is None
        os.killpg(process.pid, kind)
    assert process.wait() != 0 and log.read_text().split() == ["started", "usr1", "saved"]
    checkout.make("table5")
    checkout.trained()


def test_clean_removes_pages_and_keeps_runs(checkout):
    checkout.make("table5")
    results = checkout.folder / "results" / "smoke"
    before = {path: path.read_bytes() for path in results.glob("runs/*/metrics.json")}
    checkout.make("clean")
    assert not list(results.glob("*.md")) and not list(results.glob("*.html"))
    assert before and before == {path: path.read_bytes() for path in results.glob("runs/*/metrics.json")}


def test_help_is_the_default_and_needs_no_plan(checkout):
    shutil.rmtree(checkout.folder / "results" / "smoke")
    text = checkout.make().stdout
    assert "setup" in text and "table5" in text
    assert not (checkout.folder / "results" / "smoke").exists()


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ("SCALE=huge table5", "experiments/scales/huge.yaml: no such file"),
        ("tabel5", "error: 'tabel5' is neither a target nor an experiment"),
    ],
)
def test_a_wrong_name_is_one_line(checkout, goal, message):
    done = checkout.make(*goal.split(), check=False)
    assert done.returncode != 0 and message in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["VIT_RESULTS", "VIT_DATA", "VENV"])
def test_a_path_that_make_cannot_hold_is_one_line_before_anything_starts(checkout, name):
    checkout.trained()
    done = checkout.make("table5", f"{name}=/tmp/my folder", check=False)
    assert done.returncode != 0 and f"{name} is '/tmp/my folder'" in done.stderr and "space" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not done.stdout and checkout.trained() == []


def test_the_repository_may_lie_under_a_path_with_spaces(tmp_path, paper_costs):
    spaced = Checkout(tmp_path / "my papers" / "vision transformer")
    spaced.count(paper_costs)
    spaced.log = tmp_path / "trained.log"
    spaced.make("table6")
    assert spaced.trained() and (spaced.folder / "results" / "smoke" / "table6.md").exists()


def test_a_space_in_the_name_of_an_experiment_stops_that_file_only(tmp_path, paper_costs):
    checkout = Checkout(tmp_path)
    checkout.count(paper_costs)
    (tmp_path / "experiments" / "ablations" / "my drop.yaml").write_text("title: mine\n")
    done = checkout.make("table5", "-j2")
    assert "my drop.yaml" in done.stderr and "others are" in done.stderr and checkout.trained()


def test_the_check_comes_before_the_first_run_and_again_only_when_something_changed(tmp_path, paper_costs):
    checkout = Checkout(tmp_path)
    checkout.count(paper_costs)
    log = tmp_path / "checked.log"
    refused = checkout.make("table5", "CHECK=@exit 1", check=False)
    assert refused.returncode != 0 and checkout.trained() == []
    checkout.make("table5", "-j2")
    assert log.read_text() == "checked\n" and checkout.trained()
    checkout.make("table5")
    assert log.read_text() == "checked\n" and checkout.trained() == []
    checkout.edit("experiments/table5.yaml", "title:", "# changed\ntitle:")
    checkout.make("table5")
    assert log.read_text() == "checked\n" * 2 and checkout.trained() == []


def test_clean_removes_what_was_rendered_and_nothing_else(checkout):
    """Also of an experiment that is gone, if git does not have it; never a run, a published number or somebody's notes."""
    folder = checkout.folder / "results"
    rendered = [f"mini/{name}.{ending}" for name in ("table5", "gone") for ending in ("md", "csv", "svg", "png")]
    kept = ["mini/committed.md", "mini/committed.csv", "mini/runs/x/table5.md", "mini/runs/x/table5.csv"]
    kept += ["mini/notes.md", "paper/typed_today.csv"]
    for name in (*rendered, *kept):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    subprocess.run(["git", "init", "-q"], cwd=checkout.folder, check=True)
    subprocess.run(["git", "add", *(f"results/{name}" for name in kept[:2])], cwd=checkout.folder, check=True)
    published = sorted(path.name for path in (folder / "paper").glob("*.csv"))
    for scale in ("mini", "paper"):
        checkout.make("clean", f"SCALE={scale}")
    assert not [name for name in rendered if (folder / name).exists()]
    assert all((folder / name).exists() for name in kept)
    assert sorted(path.name for path in (folder / "paper").glob("*.csv")) == published
    shutil.rmtree(checkout.folder / ".git")
