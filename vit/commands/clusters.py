"""queue, submit, wait, cancel: runs as jobs of Slurm, called by make where CLUSTER is set."""

import sys


def add(command):
    command("queue", queue_command, "ask Slurm once which jobs of this checkout there are")
    submit = command("submit", submit_command, "one job of Slurm for these runs, unless they are finished or have one")
    submit.add_argument("--cluster", required=True, help="a file of experiments/clusters")
    submit.add_argument("runs", nargs="+", help="run ids")
    wait = command("wait", wait_command, "wait until the jobs of experiments have ended")
    wait.add_argument("experiments", nargs="+")
    command("failed", failed_command, "the runs whose job has ended without finishing them")
    command("cancel", cancel_command, "end the jobs that this checkout has submitted")


def queue_command(arguments):
    from vit.cluster.jobs import write_queue

    if jobs := write_queue(arguments.scale):
        running = sum(job.is_running for job in jobs.values())
        print(f"{len(jobs)} jobs of this checkout: {running} running, {len(jobs) - running} waiting", file=sys.stderr)


def submit_command(arguments):
    from vit.cluster.submit import submit

    if line := submit(arguments.scale, arguments.cluster, arguments.runs):
        print(line, file=sys.stderr, flush=True)


def wait_command(arguments):
    from vit.cluster.wait import wait
    from vit.plan.stored import read_plan

    wait(read_plan(arguments.scale), arguments.experiments)


def cancel_command(arguments):
    from vit.cluster.cancel import cancel

    print(f"{cancel(arguments.scale)} jobs cancelled; running ones save their state first")


def failed_command(arguments):
    from vit.cluster.state import FAILED, job_states
    from vit.plan.stored import read_plan

    states = job_states(arguments.scale, read_plan(arguments.scale).runs)
    print("\n".join(run for run, job in states.items() if job.state == FAILED))
