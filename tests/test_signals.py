"""A run that did not finish never looks finished: signals, libraries that end the process, checkpoints of Lightning's. Real processes."""

import os
import signal
import time
from pathlib import Path

import pytest
import torch
from processes import in_order
from several import free_port, launched
from test_kills import outcome

from vit.errors import UserError
from vit.run.signals import Interrupted, Signals, exit_guard, signals

NEVER = {"VIT_CHECKPOINT_SECONDS": "1000"}  # saves by the clock
STEP = {  # what srun tells the only task of a plain job, in which Lightning would answer USR1
    "SLURM_JOB_ID": "41", "SLURM_STEP_ID": "0", "SLURM_JOB_NAME": "train", "SLURM_CPUS_PER_TASK": "1", "SLURM_NTASKS": "1", "SLURM_STEP_NUM_TASKS": "1",
    "SLURM_STEP_TASKS_PER_NODE": "1", "SLURM_NTASKS_PER_NODE": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0",
}  # fmt: skip
ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def at_row(count, **what):
    """In a training, when a row is added to its curve."""
    return {"before": "open", "of": "metrics.csv", "count": count, **what}


@pytest.fixture
def planned(processes, tmp_path):
    """(folder of results, folder of the pre-training run, a function that runs it to its end: exit code, output)."""
    assert processes.end(processes.start("plan", "--scale", "kill", "--write", results=tmp_path)) == 0
    first = in_order(tmp_path / "kill" / "runs")[1]

    def end_of(*command, **options):
        code = processes.end(processes.start(*command, results=tmp_path, **NEVER | options))
        return code, (tmp_path / "said").read_text()

    run = tmp_path / "kill" / "runs" / first
    assert run.name.startswith("pretrain-")
    return run, lambda **options: end_of("run", "--scale", "kill", first, **options), end_of


@pytest.fixture(scope="module")
def whole(processes, tmp_path_factory):
    """What the unbroken run leaves."""
    folder = tmp_path_factory.mktemp("whole")
    assert processes.end(processes.start("plan", "--scale", "kill", "--write", results=folder)) == 0
    first = in_order(folder / "kill" / "runs")[1]
    assert processes.end(processes.start("run", "--scale", "kill", first, results=folder)) == 0
    return outcome(folder / "kill" / "runs" / first)


def saved_step(run):
    return torch.load(run / "checkpoints" / "last.ckpt", map_location="meta", weights_only=False)["global_step"]


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_signal_that_ends_saves_the_next_update_first_and_exits_with_its_own_code(planned, whole, number, workers):
    run, end_of, _ = planned
    code, output = end_of(dies=at_row(11, by=number.name), VIT_WORKERS=workers)
    assert code == 128 + number and not (run / "metrics.json").exists()
    step = saved_step(run)
    assert 25 < step < 40  # rows are written at every third step
    assert f"interrupted by {number.name}; step {step} is saved" in output
    assert "failed" not in output and "Traceback" not in output
    assert end_of()[0] == 0
    assert outcome(run) == whole


def test_a_signal_in_the_last_update_ends_it_too(planned, whole):
    run, end_of, _ = planned
    code, _ = end_of(dies=at_row(39, by="SIGTERM"))
    assert code == 143 and saved_step(run) == 120 and not (run / "metrics.json").exists()
    assert end_of()[0] == 0 and outcome(run) == whole


@pytest.mark.parametrize("environment", [{}, STEP], ids=["alone", "under Slurm"])
def test_usr1_saves_a_checkpoint_and_the_run_goes_on_to_the_same_end(planned, whole, environment):
    run, end_of, _ = planned
    code, output = end_of(dies=at_row(11, by="SIGUSR1"), **environment)
    assert code == 0, output
    assert not list(run.glob("hpc_ckpt*")) and outcome(run) == whole


def test_what_usr1_has_saved_is_where_a_killed_run_goes_on(planned, whole):
    run, end_of, _ = planned
    assert end_of(dies=[at_row(11, by="SIGUSR1"), at_row(25)])[0] == -signal.SIGKILL
    assert 25 < saved_step(run) < 40
    assert end_of()[0] == 0 and outcome(run) == whole


def test_a_checkpoint_that_nobody_named_is_refused_and_never_loaded(planned):
    run, end_of, end_of_any = planned
    (run / "hpc_ckpt_1.ckpt").write_bytes(b"of a requeued job")
    code, output = end_of(**STEP)
    assert (
        code == 1
        and "hpc_ckpt_1.ckpt: written by Lightning for a requeued Slurm job" in output
        and "delete it" in output
    )
    (run / "hpc_ckpt_1.ckpt").unlink()
    assert end_of(**STEP)[0] == 0
    (run / "hpc_ckpt_1.ckpt").write_bytes(b"of a requeued job")
    code, output = end_of_any("validate", "--config", str(run / "config.yaml"), **STEP)
    assert code == 1 and "hpc_ckpt_1.ckpt: written by Lightning for a requeued Slurm job" in output


def test_a_dead_loader_process_fails_the_run(processes, planned, tmp_path):
    run = planned[0]
    process = processes.start("run", "--scale", "kill", run.name, results=tmp_path, VIT_WORKERS="2", **NEVER)
    while not (run / "metrics.csv").exists():
        time.sleep(0.01)
    loader = Path(f"/proc/{process}/task/{process}/children").read_text().split()[0]
    os.kill(int(loader), signal.SIGKILL)
    assert processes.end(process) == 1 and not (run / "metrics.json").exists()
    assert "data loading process was killed" in (tmp_path / "said").read_text()


@pytest.mark.parametrize("code", [None, 0, 3])
def test_a_library_that_ends_the_process_fails_the_run(planned, code):
    run, end_of, end_of_any = planned
    for ended, output in (
        end_of(dies=at_row(5, exit=code)),
        end_of_any("fit", "--config", str(run / "config.yaml"), dies=at_row(5, exit=code)),
    ):
        assert ended == 1 and not (run / "metrics.json").exists()
        assert f"a library ended the process (exit code {code})" in output


@pytest.mark.parametrize("number", ENDS)
def test_a_fit_by_hand_ends_alike(planned, tmp_path, number):
    run, _, end_of_any = planned
    code, output = end_of_any("fit", "--config", str(run / "config.yaml"), dies=at_row(8, by=number.name))
    assert code == 128 + number and "is saved" in output and not (run / "weights.safetensors").exists()
    away = ("--trainer.default_root_dir", str(tmp_path / "away"), "--trainer.max_steps", "1000000")
    dies = {"before": "open", "of": "hparams.yaml", "count": 1, "seconds": 1.5, "by": number.name}
    code, output = end_of_any("fit", "--config", str(run / "config.yaml"), *away, dies=dies)
    assert code == 128 + number and f"interrupted by {number.name}; nothing is kept" in output


def test_a_signal_where_no_update_is_waited_for_ends_at_once(planned):
    run, end_of, _ = planned
    code, output = end_of(dies={"before": "rename", "of": "weights.safetensors", "count": 1, "by": "SIGTERM"})
    assert code == 143 and not (run / "metrics.json").exists() and "Traceback" not in output
    assert end_of()[0] == 0 and (run / "metrics.json").exists()


def test_a_signal_to_one_of_two_processes_ends_both_at_the_same_update(processes, tmp_path):
    assert processes.end(processes.start("plan", "--scale", "together", "--write", results=tmp_path)) == 0
    first = in_order(tmp_path / "together" / "runs")[1]
    command, port = ("run", "--scale", "together", first), free_port()
    pair = [
        processes.start(
            *command, results=tmp_path, output=f"said{rank}", **NEVER, **launched(rank, 2, port), VIT_MICRO_BATCH="4"
        )
        for rank in (0, 1)
    ]
    run = tmp_path / "together" / "runs" / first
    while not (run / "metrics.csv").exists():
        time.sleep(0.01)
    os.kill(pair[1], signal.SIGTERM)
    ends = [processes.end(process) for process in pair]
    assert ends == [143, 143], (tmp_path / "said0").read_text() + (tmp_path / "said1").read_text()
    assert saved_step(run) > 0 and not (run / "metrics.json").exists()


def test_a_second_signal_a_second_later_ends_at_once():
    handlers = Signals()
    handlers.install()
    try:
        handlers.training = True
        handlers.receive(signal.SIGTERM)
        handlers.receive(signal.SIGTERM)  # make's, of the same order
        assert handlers.end_signal == signal.SIGTERM
        handlers.end_time -= 2
        with pytest.raises(Interrupted):
            handlers.receive(signal.SIGTERM)
    finally:
        for number in (*ENDS, signal.SIGUSR1):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def test_what_is_ignored_stays_ignored_as_nohup_wants_it():
    handlers = Signals()
    before = {number: signal.getsignal(number) for number in (*ENDS, signal.SIGUSR1)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        handlers.install()
        assert (
            signal.getsignal(signal.SIGHUP) == signal.SIG_IGN and signal.getsignal(signal.SIGTERM) == handlers.receive
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_fails_after_a_signal_was_interrupted():
    signals.end_signal = signal.SIGTERM
    try:
        with pytest.raises(Interrupted), exit_guard():
            raise RuntimeError("another process that this one needs has met the signal too")
    finally:
        signals.end_signal = None
    with pytest.raises(UserError, match=r"exit code 0"), exit_guard():
        raise SystemExit(0)
