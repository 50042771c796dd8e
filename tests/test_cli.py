"""fit, test, --help and --print_config as any LightningCLI user expects, and what joins models with data."""

import os
import re
import subprocess
import sys
from functools import partial

import pytest
import yaml

from vit.errors import UserError
from vit.paths import ROOT
from vit.plan import make_plan
from vit.plan.graph import write_graph
from vit.run.argument_errors import check_config_files
from vit.run.cli import PaperCLI, run_folder_of


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    os.environ["VIT_RESULTS"] = str(folder)
    write_graph(make_plan("smoke"))
    yield folder / "smoke" / "runs"
    del os.environ["VIT_RESULTS"]


@pytest.fixture(scope="module")
def run(runs):
    return next(
        path for path in sorted(runs.iterdir()) if path.name.startswith("finetune-ViT-B-16-scratch-digits-lr0.1")
    )


@pytest.fixture
def command(vit, runs):
    """`python -m vit` with these arguments, to its end."""
    return partial(vit.run, results=runs.parent.parent)


def test_fit_of_a_config_trains_in_its_folder_and_validate_uses_its_weights(run, command):
    """The first by a process that starts as a user's does."""
    started = [sys.executable, "-m", "vit", "fit", "--config", str(run / "config.yaml")]
    done = subprocess.run(started, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (run / "weights.safetensors").exists() and (run / "metrics.csv").exists()
    evaluated = command("validate", "--config", str(run / "config.yaml"))
    assert evaluated.returncode == 0 and "held_out_accuracy" in evaluated.stdout, evaluated.stderr


def test_what_nothing_would_count_is_not_evaluated_on_the_test_split(run, command):
    """A run that `fit` trained has no metrics.json yet; the command that writes it is named."""
    for force in ([], ["--force"]):
        refused = command("test", "--config", str(run / "config.yaml"), *force)
        assert refused.returncode == 1 and f"vit run --scale smoke {run.name}" in refused.stderr, refused.stderr


def test_with_a_further_argument_it_is_another_run_and_goes_where_lightning_puts_it(run, tmp_path, command):
    before = {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    done = command("fit", "--config", str(run / "config.yaml"), "--model.init_args.lr", "0.5", "--trainer.max_steps", "2",
               "--model.init_args.warmup_steps", "0", "--trainer.default_root_dir", str(tmp_path), cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert before == {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    saved = next(tmp_path.rglob("config.yaml"))
    assert yaml.safe_load(saved.read_text())["model"]["init_args"]["lr"] == 0.5


def test_print_config_gives_back_what_the_planner_wrote(run, command):
    done = command("fit", "--config", str(run / "config.yaml"), "--print_config")
    printed, planned = yaml.safe_load(done.stdout), yaml.safe_load((run / "config.yaml").read_text())
    assert planned["data"]["init_args"].items() <= printed["data"]["init_args"].items()
    assert planned["model"]["init_args"].items() <= printed["model"]["init_args"].items()
    assert planned["trainer"].items() <= printed["trainer"].items()


def test_help_of_fit_is_lightnings(command):
    done = command("fit", "--help")
    assert done.returncode == 0 and "--model" in done.stdout and "--trainer.max_steps" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model.init_args.lr", "fast"], "--model.init_args.lr: 'fast' is not a number or null"),
        (["--data.init_args.batch_size", "x"], "--data.init_args.batch_size: 'x' is not a whole number"),
        (["--trainer.max_steps", "many"], "--trainer.max_steps: 'many' is not a whole number"),
        (["--model.init_args.num_classes", "many"], "--model.init_args.num_classes: 'many' is not a whole number"),
        (["--model.init_args.clip_rule", "offical"], "'offical' is not one of 'official', 'torch'"),
        (["--model.init_args.options", "8"], "--model.init_args.options: '8' is not a mapping"),
        (["--model.init_args.dropuot", "1"], "vit.tasks.Finetune has no option 'dropuot', did you mean 'dropout'?"),
        (["--model.init_args.rate", "1"], "vit.tasks.Finetune has no option 'rate' (known: "),
        (["--trainer.max_stepz", "1"], "--trainer.max_stepz: unknown option, did you mean '--trainer.max_steps'?"),
        (["--model", "vit.tasks.Fintune"], "vit.tasks has no class 'Fintune', did you mean 'Finetune'?"),
        (["--model", "Nope"], "--model: 'Nope' is not a class path"),
        (["--data=data.MNIST6k"], "data has no class 'MNIST6k', did you mean 'MNIST5k'?"),
        (["--config"], "--config: expected one argument"),
        (["stray"], "stray: unknown option"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(run, arguments, message):
    with pytest.raises(UserError) as error:
        PaperCLI(args=["fit", "--config", str(run / "config.yaml"), *arguments])
    assert message in str(error.value) and "\n" not in str(error.value) and "Namespace" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model:\n  init_args: {lr: [\n", "second.yaml:3: not valid YAML"),
        ("- 1\n", "second.yaml: a mapping of keys to values was expected"),
        ("model: {init_args: {lr: 1, lr: 2}}\n", "second.yaml:1: not valid YAML: key 'lr' appears twice"),
        (None, "second.yaml: no such file"),
    ],
)
@pytest.mark.parametrize("form", ["--config {}", "--config={}", "-c {}"])
def test_a_second_config_that_cannot_be_read_is_named_with_its_line(tmp_path, content, message, form):
    path = tmp_path / "second.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=re.escape(message)):
        check_config_files(["fit", *form.format(path).split()])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model: {init_args: {lr: fast}}", "--model.init_args.lr: 'fast' is not a number or null"),
        ("trainr: {max_steps: 3}", "trainr.max_steps: unknown option, did you mean '--trainer.max_steps'?"),
    ],
)
def test_a_wrong_value_in_a_second_config_is_one_line_on_stderr(run, tmp_path, content, message, command):
    (tmp_path / "second.yaml").write_text(content)
    done = command("fit", "--config", str(run / "config.yaml"), "--config", str(tmp_path / "second.yaml"))
    lines = [line for line in done.stderr.splitlines() if message in line]
    assert done.returncode != 0 and lines == [f"error: {message}"]
    assert "Traceback" not in done.stderr and "usage" not in done.stderr


def test_fit_without_a_config_says_what_to_add():
    with pytest.raises(UserError, match=r"missing fit\.data and fit\.model; add --config"):
        PaperCLI(args=["fit"])


def test_an_option_of_the_model_keeps_its_kind_on_the_command_line(run, command):
    texts = {"patch": "8", "dropout": "0.5", "erf": "true", "gelu": "erf", "blocks": "[3, 4]"}
    arguments = [part for name, value in texts.items() for part in (f"--model.init_args.options.{name}", value)]
    done = command("fit", "--config", str(run / "config.yaml"), *arguments, "--print_config")
    options = yaml.safe_load(done.stdout)["model"]["init_args"]["options"]
    values = {"patch": 8, "dropout": 0.5, "erf": True, "gelu": "erf", "blocks": [3, 4]}
    assert {name: options[name] for name in texts} == values


def test_null_for_an_option_of_the_model_is_null_and_not_a_text(run, tmp_path, command):
    done = command("fit", "--config", str(run / "config.yaml"), "--model.init_args.options.head_hidden", "null",
               "--trainer.max_steps", "2", "--trainer.default_root_dir", str(tmp_path), cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (
        yaml.safe_load(next(tmp_path.rglob("config.yaml")).read_text())["model"]["init_args"]["options"]["head_hidden"]
        is None
    )


def test_results_and_data_may_lie_under_a_path_with_spaces(vit, tmp_path):
    folder = tmp_path / "my results"
    command = partial(vit.run, results=folder, VIT_DATA=str(tmp_path / "my data"))
    assert command("plan", "--scale", "smoke", "--write").returncode == 0
    run = next((folder / "smoke" / "runs").glob("finetune-ViT-B-16-scratch-digits-lr0.1-*"))
    done = command("run", "--scale", "smoke", run.name)
    assert done.returncode == 0, done.stderr
    assert (run / "metrics.json").exists()


def test_data_gives_the_model_its_classes_and_image_size(run):
    """Neither stands in a config: a number that stands twice can disagree with itself."""
    text = (run / "config.yaml").read_text()
    assert "num_classes" not in text and text.count("image_size") == 1


@pytest.mark.parametrize("evaluation", ["validate", "test"])
def test_an_evaluation_without_weights_is_refused(run, evaluation, command):
    done = command(evaluation, "--config", str(run / "config.yaml"), "--trainer.accelerator", "cpu")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"error: {evaluation} needs weights: give --ckpt_path FILE")


@pytest.mark.parametrize("arguments", [["--config", "RUN"], ["--config=RUN"], ["-c", "RUN"]])
def test_a_runs_own_config_is_meant_however_it_is_spelled(run, arguments):
    path = run / "config.yaml"
    assert run_folder_of(["fit", *(argument.replace("RUN", str(path)) for argument in arguments)]) == run
    assert run_folder_of(["fit", "--config", str(path), "--trainer.max_steps", "3"]) is None
    assert run_folder_of(["fit"]) is None
