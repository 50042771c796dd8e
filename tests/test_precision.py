"""SCALE+PRECISION: every training of a scale in another precision, as part of its runs' names; refused where it would be slower."""

import subprocess
from types import SimpleNamespace

import pytest

from vit.errors import UserError
from vit.paths import ROOT
from vit.plan import make_plan, precision
from vit.plan.measured_speed import SPEED
from vit.plan.precision import check_fast, parts
from vit.run.env import check_variables
from vit.run.runner import refuse_another_precision


def task_of(run):
    return run.config["model"]["class_path"]


def test_every_run_but_a_measurement_of_speed_has_the_precision_and_another_id():
    plain, mixed = make_plan("smoke"), make_plan("smoke+bf16-mixed")
    assert len(plain.runs) == len(mixed.runs)
    for run in mixed.runs.values():
        expected = "32-true" if task_of(run) == SPEED else "bf16-mixed"
        assert run.config["trainer"]["precision"] == expected, run.id
    shared = {task_of(plain.runs[run]) for run in set(plain.runs) & set(mixed.runs)}
    assert shared == {SPEED}


def test_what_an_experiment_states_for_a_scale_holds_in_every_precision():
    plain, mixed = make_plan("mini", ["table5", "figure13"]), make_plan("mini+bf16-mixed", ["table5", "figure13"])
    assert [cell.axes for cell in plain.cells] == [cell.axes for cell in mixed.cells]
    assert [len(cell.runs) for cell in plain.cells] == [len(cell.runs) for cell in mixed.cells]


def test_a_precision_that_there_is_not_is_one_line():
    with pytest.raises(UserError, match=r"smoke\+bf16.precision: .*bf16-mixed.* was expected, found 'bf16'"):
        make_plan("smoke+bf16")
    with pytest.raises(UserError, match=r"smok\.yaml: no such file, did you mean 'smoke'"):
        make_plan("smok+bf16-mixed")
    assert parts("mini") == ("mini", "") and parts("mini+bf16-mixed") == ("mini", "bf16-mixed")


@pytest.mark.parametrize(
    ("flags", "fast"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16 vaes\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("model name : something that lists none\n", True),
    ],
)
def test_a_processor_that_would_be_slower_is_refused_with_a_reason(flags, fast, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "PROCESSOR", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{flags}")
    check_fast("mini", tmp_path)
    check_fast("mini+64-true", tmp_path)
    if "flags" in flags:
        with pytest.raises(UserError, match="PRECISION 16-mixed: it needs a GPU, and there is none; use bf16-mixed"):
            check_fast("mini+16-mixed", tmp_path)
    if fast:
        check_fast("mini+bf16-mixed", tmp_path)
        return
    with pytest.raises(
        UserError,
        match=r"PRECISION bf16-mixed: this processor has no instructions for it .*avx512_bf16.*slower than float32",
    ):
        check_fast("mini+bf16-mixed", tmp_path)
    (tmp_path / "nvidia0").touch()  # a GPU
    check_fast("mini+bf16-mixed", tmp_path)


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        (["SCALE=smoke"], "results/smoke"),
        (["SCALE=smoke", "PRECISION=bf16-mixed"], "results/smoke+bf16-mixed"),
        (["PRECISION=bf16-mixed"], "results/mini+bf16-mixed"),
        (["SCALE=smoke+bf16-mixed", "PRECISION=bf16-mixed"], "results/smoke+bf16-mixed"),
    ],
)
def test_make_has_a_folder_of_results_for_each_precision(variables, folder):
    done = subprocess.run(["make", "-n", "clean", "VENV=", *variables], cwd=ROOT, capture_output=True, text=True)
    assert f" {folder}/index.html " in done.stdout, done.stderr


def test_a_precision_that_lightning_would_replace_is_refused():
    """As 16-mixed on a CPU, in a scale or a recipe of one's own: the results would name another precision than was used."""
    run = SimpleNamespace(config={"trainer": {"precision": "16-mixed"}})
    with pytest.raises(
        UserError, match="precision 16-mixed is not possible on this device, Lightning takes bf16-mixed"
    ):
        refuse_another_precision(run, SimpleNamespace(precision="bf16-mixed"))
    refuse_another_precision(run, SimpleNamespace(precision="16-mixed"))
    refuse_another_precision(SimpleNamespace(config={"trainer": {}}), SimpleNamespace(precision="32-true"))


def test_what_no_run_would_take_is_said_once_before_the_first(monkeypatch):
    for name, value, least in (("VIT_SHARD", "yes", 0), ("VIT_DEVICES", "0", 1), ("VIT_MICRO_BATCH", "-1", 1)):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            with pytest.raises(UserError, match=f"{name} must be a whole number of at least {least}, not '{value}'"):
                check_variables()
    check_variables()
