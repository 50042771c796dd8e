"""Runs as jobs of Slurm, as far as it can be told without one: files of clusters, scripts, what is said of jobs."""

import json
import subprocess

import pytest
from report_runs import finish

from vit.cluster.asked import asked
from vit.cluster.cluster import Cluster, Size, as_arguments, read_cluster
from vit.cluster.job_script import job_script
from vit.cluster.jobs import JOB, LOG, job_of, last_line
from vit.cluster.slurm import Job, jobs_of, slurm
from vit.cluster.state import JobState, job_states, told
from vit.cluster.wait import LATE, Waiting, failures, summary
from vit.errors import UserError
from vit.paths import ROOT, runs_folder
from vit.plan import make_plan
from vit.plan.cost_file import costs_file
from vit.plan.graph import CLUSTER_GRID, write_graph
from vit.plan.stored import read_plan

SMALL, LARGE = {"flops": 1e16, "mem": "16G"}, {"nodes": 2, "ntasks-per-node": 8, "gres": "gpu:8"}


@pytest.fixture
def written(experiments):
    """Writes clusters/mine.yaml, then reads it."""

    def write(text):
        (experiments / "clusters" / "mine.yaml").write_text(text)
        return read_cluster("mine")

    return write


def test_the_clusters_that_the_repository_brings_can_be_read():
    names = [path.stem for path in (ROOT / "experiments" / "clusters").glob("*.yaml")]
    assert {"example", "test"} <= set(names) and all(read_cluster(name).sizes for name in names)


def test_a_run_takes_the_first_size_that_holds_it():
    cluster = Cluster("t", [SMALL, {"flops": 1e19, "mem": "60G"}, LARGE])
    assert [cluster.size_of(flops).options.get("mem") for flops in (0, 1e16, 1.1e16, 1e20)] == [
        "16G",
        "16G",
        "60G",
        None,
    ]
    assert [size.tasks for size in cluster.sized] == [1, 1, 16]
    assert Cluster("t", [{"mem": "1G", "env": {"VIT_SHARD": 1}}]).sized == [Size(None, {"mem": "1G"}, {"VIT_SHARD": 1})]
    assert as_arguments({"mem": "16G", "exclusive": True, "nodes": 2, "qos": False}) == [
        "--mem=16G",
        "--exclusive",
        "--nodes=2",
    ]


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ("[]", "sizes: none"),
        ("[{memory: 16G}]", "unknown key 'memory'"),
        ("[{cpu-per-task: 2}]", "did you mean 'cpus-per-task'"),
        ("[{flops: 1.0e+16}]", "the last size takes all larger runs"),
        ("[{mem: 1G}, {mem: 2G}]", "sizes[0]: flops: the largest run of this size was expected"),
        ("[{flops: 2.0e+16}, {flops: 1.0e+16}, {}]", "must grow"),
        ("[{nodes: two}]", "nodes: a whole number"),
        ("[4]", "a mapping of sbatch's options"),
        ("[{env: [VIT_SHARD]}]", "env: variables of the environment were expected, such as {VIT_SHARD: 1}"),
        ("[{env: {a b: 1}}]", "env: variables of the environment"),
        ("[{env: {VIT_SHRAD: 1}}]", "env: unknown key 'VIT_SHRAD', did you mean 'VIT_SHARD'"),
        ("[{env: {VIT_SHARD: yes}}]", "env: VIT_SHARD: a whole number of at least 0 was expected, found True"),
        ("[{env: {VIT_DEVICES: 0}}]", "env: VIT_DEVICES: a whole number of at least 1 was expected, found 0"),
        ("[{env: {VIT_RECOMPUTE: -1}}]", "env: VIT_RECOMPUTE: a whole number of at least 0 was expected, found -1"),
    ],
)
def test_a_mistake_in_a_cluster_is_one_line_that_names_file_and_place(sizes, words, written):
    with pytest.raises(UserError) as error:
        written(f"title: t\nsizes: {sizes}\n")
    assert "clusters/mine.yaml" in str(error.value) and words in str(error.value) and "\n" not in str(error.value)


def test_a_cluster_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(UserError, match="no such file, did you mean 'test'"):
        read_cluster("tests")


def test_the_script_is_valid_shell_and_starts_one_task_a_device(tmp_path):
    cluster = Cluster("t", [LARGE], setup=["module() { :; }", "module load cuda"])
    script = job_script(
        cluster,
        Size(None, LARGE, {"VIT_SHARD": 1, "NOTE": "a b"}),
        "a run's name",
        ["python", "-m", "vit", "run", "x y"],
    )
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "srun --ntasks=16 --ntasks-per-node=8 --kill-on-bad-exit=1" in script and "'x y' &" in script
    places = [
        script.index(part) for part in ("module load cuda", "export VIT_SHARD=1\nexport NOTE='a b'\n", "srun --ntasks")
    ]
    assert places == sorted(places)


def test_what_will_be_asked_for_counts_the_jobs_of_each_size(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["table5"])
    write_costs(plan)
    largest = max(run.images for run in plan.runs.values())
    cluster = Cluster("mine", [{"flops": 3e9 * largest - 1, "mem": "1G"}, {"mem": "2G"}])
    rows = [line.split() for line in asked(plan, cluster, "table5").splitlines()]
    first, second = rows[2], rows[3]
    assert rows[0] == ["mine"] and first[-1] == "--mem=1G" and second[-1] == "--mem=2G"
    assert int(first[-3]) + int(second[-3]) == len(plan.runs) and int(second[-3]) == sum(
        run.images == largest for run in plan.runs.values()
    )
    for run in plan.runs:
        finish(plan, run, 0.5)
    assert [line.split()[-3] for line in asked(plan, cluster, "table5").splitlines()[2:]] == ["0", "0"]


def write_costs(plan):
    path = costs_file(plan.scale_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"models": {run.cost_key: {"flops": 1e9, "parameters": 1} for run in plan.runs.values()}})
    )


# ------------------------------------------------------------------------------------------------------------- waiting


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Table 5 at scale smoke as make planned it, each run with a job of its own: the place of the run in the plan."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("smoke", ["table5"])
    write_graph(plan, "one-a-run", CLUSTER_GRID)
    for number, run in enumerate(plan.runs):
        (runs_folder("smoke") / run / JOB).write_text(f"{number}\n")
    return plan


def queue_of(plan, state, reason="None"):
    return {job_of("smoke", run): Job(job_of("smoke", run), state, reason, "1:00", "c", run) for run in plan.runs}


def test_a_run_is_looked_at_when_its_job_runs_or_has_ended_and_told_once(planned):
    waiting, run = Waiting(read_plan("smoke"), ["table5"]), next(iter(planned.runs))
    finish(planned, run, 0.5)
    assert waiting.update(queue_of(planned, "PENDING"), 0.0) == []
    assert waiting.update(queue_of(planned, "RUNNING"), 1.0) == [run] and waiting.update({}, 2.0) == []
    assert len(waiting.open) == len(planned.runs) - 1


def test_a_run_whose_job_has_ended_failed_only_after_its_file_had_time_to_appear(planned):
    waiting = Waiting(read_plan("smoke"), ["table5"])
    waiting.update({}, 100.0)
    assert waiting.failed(100.0 + LATE - 1) == [] and waiting.failed(100.0 + LATE) == list(planned.runs)
    finish(planned, next(iter(planned.runs)), 0.5)
    waiting.update({}, 101.0 + LATE)
    assert len(waiting.failed(101.0 + LATE)) == len(planned.runs) - 1


def test_a_job_that_slurm_says_has_failed_is_not_waited_for_and_one_that_ended_well_is(planned):
    waiting = Waiting(read_plan("smoke"), ["table5"])
    waiting.update(queue_of(planned, "COMPLETED"), 0.0)
    assert waiting.failed(1.0) == []
    waiting = Waiting(read_plan("smoke"), ["table5"])
    waiting.update(queue_of(planned, "CANCELLED"), 0.0)
    assert waiting.failed(0.0) == list(planned.runs)


def test_a_job_that_is_queued_again_is_not_gone(planned):
    waiting = Waiting(read_plan("smoke"), ["table5"])
    waiting.update({}, 0.0)
    waiting.update(queue_of(planned, "PENDING", "BeginTime"), 1.0)
    assert waiting.failed(1000.0) == []


def test_a_run_that_was_never_submitted_is_not_waited_for(planned):
    run = next(iter(planned.runs))
    (runs_folder("smoke") / run / JOB).unlink()
    waiting = Waiting(read_plan("smoke"), ["table5"])
    waiting.update(queue_of(planned, "PENDING"), 0.0)
    assert waiting.failed(0.0) == [run]


def test_the_line_of_a_failure_names_a_run_that_waited_for_no_other_and_what_it_said_last(planned):
    run = next(run for run in planned.runs if run.startswith("pretrain"))
    (runs_folder("smoke") / run / LOG).write_text(
        "step 1\nfailed: x: no space left\nerror: 1 of 1 runs failed; the finished\nsrun: error: node1: task 0: Exited with exit code 1\n"
    )
    waiting = Waiting(read_plan("smoke"), ["table5"])
    assert last_line("smoke", run) == "failed: x: no space left"
    assert failures(waiting).count("\n") == 0 and "runs are not finished and have no job" in failures(waiting)
    waiting.finished = set(planned.runs) - {run, *(other for other, one in planned.runs.items() if run in one.needs)}
    assert f"the first: {run} (failed: x: no space left)" in failures(waiting)


def test_the_summary_counts_jobs_and_slurms_reasons(planned):
    waiting = Waiting(read_plan("smoke"), ["table5"])
    queue = queue_of(planned, "PENDING", "Dependency")
    queue["0"] = Job("0", "RUNNING", "None", "1:00", "c", "x")
    count = len(planned.runs)
    assert (
        summary(waiting, queue)
        == f"0 of {count} runs finished, 1 running, {count - 1} waiting ({count - 1} Dependency)"
    )


def test_status_tells_time_left_reason_and_last_line(planned):
    runs = list(planned.runs)
    (runs_folder("smoke") / runs[2] / LOG).write_text("error: broken\n")
    states = {
        runs[0]: JobState("running", Job("0", "RUNNING", "None", "0:59", "c", runs[0])),
        runs[1]: JobState("queued", Job("1", "PENDING", "Priority", "1:00", "c", runs[1])),
        runs[2]: JobState("failed", None),
    }
    assert told("smoke", states) == [
        f"running: {runs[0]}: job 0, 0:59 left",
        f"queued: {runs[1]}: job 1, Priority",
        f"failed: {runs[2]}: error: broken",
    ]


# -------------------------------------------------------------------------------------------------- commands of Slurm


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A program in PATH that stands for one of Slurm's: squeue of this text."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(name, text):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return write


def test_jobs_of_other_checkouts_and_people_are_not_ours(command):
    command(
        "squeue",
        "echo '1|RUNNING|None|1:00|vit:a|run-1'; echo '2|PENDING|Priority|1:00|vit:b|run-2'; echo '3|RUNNING|None|1:00||x|y'",
    )
    assert jobs_of("vit:a") == {"run-1": Job("1", "RUNNING", "None", "1:00", "vit:a", "run-1")}


def test_a_controller_that_is_away_is_waited_for_and_a_refusal_is_one_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vit.cluster.slurm.PAUSE", 0.01)
    marker = tmp_path / "asked"
    away = "echo 'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)' >&2; exit 1"
    command("sbatch", f"[ -e {marker} ] && echo 7 && exit 0; touch {marker}; {away}")
    assert slurm("sbatch") == "7\n" and "Unable to contact slurm controller" in capsys.readouterr().err
    command("sbatch", "echo 'sbatch: error: invalid partition specified: gpux' >&2; exit 1")
    with pytest.raises(UserError, match=r"^sbatch: invalid partition specified: gpux$"):
        slurm("sbatch")
    with pytest.raises(UserError, match="sbatch-of-old: not found; CLUSTER needs Slurm's commands"):
        slurm("sbatch-of-old")


def test_slurm_is_not_asked_about_jobs_that_nobody_submitted(tmp_path, monkeypatch):
    """`make plan CLUSTER=NAME` alone leaves a list of jobs; the machine may have no Slurm that answers."""
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    monkeypatch.setattr("vit.cluster.state.jobs_of", lambda comment: pytest.fail("squeue was called"))
    assert job_states("smoke", ["a-run", "another"]) == {}
