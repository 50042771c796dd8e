"""The batch script of a job: it runs under srun, and before the time limit has the run save its state and queues itself again."""

import shlex
from collections.abc import Sequence

from vit.cluster.cluster import Cluster, Size

# Slurm sends USR1 to this shell alone (--signal=B:USR1@...), which tells the step: TERM has a run save a checkpoint and end with 143.
# srun itself would answer a TERM by killing its tasks at once, so the step is signalled through scancel. A shell that waits is woken
# by a signal with a status above 128, hence the loop.
SCRIPT = """#!/bin/bash
{setup}unset MAKEFLAGS MFLAGS MAKELEVEL VIT_MAKE
export VIT_JOB=1
again=
trap 'again=yes; scancel --signal=TERM "$SLURM_JOB_ID"' USR1
trap : TERM
srun --ntasks={tasks} --ntasks-per-node={per_node}{cpus} --kill-on-bad-exit=1 --job-name={name} {command} &
step=$!
while true; do
  wait "$step"; code=$?
  kill -0 "$step" 2>/dev/null || break
done
if [ "$again" ] && [ "$code" -ne 0 ]; then
  scontrol requeue "$SLURM_JOB_ID" && sleep 600
fi
exit "$code"
"""


def job_script(cluster: Cluster, size: Size, name: str, command: Sequence[str]) -> str:
    """name: of the job. command: that each of its tasks runs."""
    cpus = f" --cpus-per-task={size.options['cpus-per-task']}" if "cpus-per-task" in size.options else ""
    setup = "".join(f"{line}\n" for line in (*cluster.setup, *(f"export {variable}" for variable in size.variables)))
    shared = {"tasks": size.tasks, "per_node": size.number("ntasks-per-node"), "cpus": cpus}
    return SCRIPT.format(setup=setup, name=shlex.quote(name), command=shlex.join(command), **shared)
