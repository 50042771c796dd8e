"""A real Slurm on this machine alone: munged, slurmctld and a slurmd for each of several virtual nodes, on loopback, as root.

The nodes share a host name, which Debian's build allows (several slurmd). No cgroups, no accounting: what jobs of a user see is the same.
"""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
MISSING = [name for name in PROGRAMS if not shutil.which(name)]
REASON = f"not installed: {', '.join(MISSING)}" if MISSING else "" if os.geteuid() == 0 else "Slurm's daemons need root"
CONFIG = """ClusterName=virtual
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket
CommunicationParameters=NoCtldInAddrAny
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,requeue_delay=1
ReturnToService=2
KillWait=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
NODE = (
    "NodeName=node{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory=4000 State=UNKNOWN"
)


class SlurmMachine:
    """Started by `with`; `environment` leads Slurm's commands to it."""

    def __init__(self, folder: Path, nodes: int = 2, cpus: int = 1):
        self.folder, self.nodes, self.cpus = folder, nodes, cpus
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    def __enter__(self):
        munge, host = self.folder / "munge", socket.gethostname().split(".")[0]
        for path in (self.folder, munge, self.folder / "state"):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        (munge / "key").write_bytes(os.urandom(1024))
        (munge / "key").chmod(0o400)
        files = {name: munge / name for name in ("socket", "pid-file", "log-file", "seed-file")} | {
            "key-file": munge / "key"
        }
        options = [f"--{name}={path}" for name, path in files.items()]
        self.call("munged", "--force", *options)
        ports = free_ports(self.nodes + 1)
        nodes = [NODE.format(number=i + 1, host=host, port=port, cpus=self.cpus) for i, port in enumerate(ports[1:])]
        content = CONFIG.format(host=host, port=ports[0], folder=self.folder, nodes="\n".join(nodes))
        (self.folder / "slurm.conf").write_text(content)
        self.start_controller()
        for number in range(1, self.nodes + 1):
            (self.folder / f"node{number}").mkdir(exist_ok=True)
            self.call("slurmd", "-N", f"node{number}")
        self.until(lambda: self.call("sinfo", "-hN", "-o", "%t").split() == ["idle"] * self.nodes, "idle nodes")
        return self

    def __exit__(self, *error):
        self.call("scancel", "--user=root", check=False)
        self.until(
            lambda: not self.call("squeue", "-h", check=False).strip(), "an empty queue", seconds=20, needed=False
        )
        for file in (*self.folder.glob("node*.pid"), self.folder / "slurmctld.pid", self.folder / "munge" / "pid-file"):
            stop(file)

    def start_controller(self):
        self.call("slurmctld")

    def stop_controller(self):
        stop(self.folder / "slurmctld.pid")

    def call(self, *arguments, check=True):
        """What a command prints; its output is not a pipe that a daemon would inherit and keep open."""
        with open(self.folder / "said", "w+") as said:
            done = subprocess.run(
                arguments, env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
            said.seek(0)
            text = said.read()
        assert not check or done.returncode == 0, (arguments, text)
        return text

    def jobs(self):
        """Name -> (id, state) of the jobs in the queue."""
        lines = self.call("squeue", "-h", "-o", "%j|%i|%T", check=False).splitlines()
        return {name: (job, state) for name, job, state in (line.split("|") for line in lines if line.count("|") == 2)}

    def until(self, condition, what, seconds=120.0, needed=True):
        """Poll until it is true; returns whether it is. AssertionError after so many seconds, if it is needed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.1)
        assert not needed, f"no {what} within {seconds} s: {self.call('squeue', check=False)}"
        return False


def stop(file):
    """The daemon of this pid file, and wait for its end."""
    try:
        process = int(file.read_text())
        os.kill(process, 15)
        for _ in range(100):
            os.kill(process, 0)
            time.sleep(0.1)
        os.kill(process, 9)
    except (OSError, ValueError):  # it has ended
        return


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
