"""experiments/clusters/NAME.yaml: what a run asks of Slurm, by its size."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field

from vit import paths
from vit.errors import UserError
from vit.plan.overview import run_flops
from vit.plan.schema import PROCESSES
from vit.plan.variables import COUNTS, OTHERS
from vit.plan.yaml_files import build, check_keys, read_yaml

# Long options of sbatch that a size may state; those that name the job, its output and its signals are ours.
OPTIONS = (
    *("nodes", "ntasks-per-node", "cpus-per-task", "mem", "mem-per-cpu", "mem-per-gpu", "time", "partition", "account", "qos"),
    *("gres", "gpus-per-node", "gpus-per-task", "cpus-per-gpu", "constraint", "exclude", "nodelist", "reservation", "exclusive"),
    *("licenses", "priority", "nice", "hint", "tmp", "begin"),
)  # fmt: skip
LIMIT, ENVIRONMENT = "flops", "env"


@dataclass(frozen=True)
class Size:
    """Runs of at most so many FLOPs of training, the options of sbatch for them, and variables of their environment."""

    flops: float | None  # None: any number
    options: dict
    environment: dict

    def number(self, name: str, default: int = 1) -> int:
        return int(self.options.get(name, default))

    @property
    def variables(self) -> list[str]:
        """['VIT_SHARD=1'], quoted for a shell."""
        return [f"{name}={shlex.quote(str(value))}" for name, value in self.environment.items()]

    @property
    def tasks(self) -> int:
        """Processes of one run, one a device."""
        return self.number("nodes") * self.number("ntasks-per-node")


@dataclass(frozen=True)
class Cluster:
    """A file of experiments/clusters."""

    title: str
    sizes: list  # mappings as written, from small to large; `sized` has them read
    processes: str = "one-a-run"  # the runs that share a job: as `processes` of a scale
    setup: list = field(default_factory=list)  # lines of shell before the run, such as `module load cuda`
    warning: int = 120  # seconds before the time limit at which a run saves its state and its job is queued again

    @property
    def sized(self) -> list[Size]:
        return [
            Size(
                size.get(LIMIT),
                {key: value for key, value in size.items() if key not in (LIMIT, ENVIRONMENT)},
                size.get(ENVIRONMENT, {}),
            )
            for size in self.sizes
        ]

    def size_of(self, flops: float) -> Size:
        """The first that is large enough."""
        return next(size for size in self.sized if size.flops is None or flops <= size.flops)

    def size_for(self, runs: Iterable, costs: dict[str, dict]) -> Size:
        """Of a job that trains these runs: that of the largest. costs: of their models."""
        return self.size_of(max(run_flops(run, costs) for run in runs))


def read_cluster(name: str) -> Cluster:
    """UserError for a file that does not say of every run what it asks for."""
    path = paths.EXPERIMENTS / "clusters" / f"{name}.yaml"
    where, cluster = paths.name_of(path), build(Cluster, read_yaml(path), path)
    check_keys([cluster.processes], PROCESSES, f"{where}: processes")
    if not cluster.sizes:
        raise UserError(f"{where}: sizes: none; write one mapping at least, such as [{{cpus-per-task: 4, mem: 16G}}]")
    for place, size in enumerate(cluster.sizes):
        check_size(size, place == len(cluster.sizes) - 1, f"{where}: sizes[{place}]")
    limits = [size.flops for size in cluster.sized[:-1]]
    if limits != sorted(limits):
        raise UserError(
            f"{where}: sizes: {LIMIT} must grow from one to the next, found {', '.join(f'{limit:g}' for limit in limits)}"
        )
    return cluster


def check_size(size: object, last: bool, where: str) -> None:
    if not isinstance(size, dict):
        raise UserError(f"{where}: a mapping of sbatch's options was expected, found {size!r}")
    check_keys(size, (LIMIT, ENVIRONMENT, *OPTIONS), where)
    variables = size.get(ENVIRONMENT, {})
    if not isinstance(variables, dict) or not all(
        isinstance(name, str) and re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) and isinstance(value, int | str)
        for name, value in variables.items()
    ):
        raise UserError(
            f"{where}: {ENVIRONMENT}: variables of the environment were expected, such as {{VIT_SHARD: 1}}, found {variables!r}"
        )
    ours = [name for name in variables if name.startswith("VIT_")]
    check_keys(ours, (*COUNTS, *OTHERS), f"{where}: {ENVIRONMENT}")
    for name, least in COUNTS.items():
        value = variables.get(name, least)
        if isinstance(value, bool) or not str(value).isdecimal() or int(value) < least:  # YAML reads yes as a boolean
            raise UserError(
                f"{where}: {ENVIRONMENT}: {name}: a whole number of at least {least} was expected, found {value!r}"
            )
    limit = size.get(LIMIT)
    if last and limit is not None:
        raise UserError(f"{where}: {LIMIT}: the last size takes all larger runs, so it has no {LIMIT}")
    if not last and (isinstance(limit, bool) or not isinstance(limit, int | float) or limit <= 0):
        raise UserError(
            f"{where}: {LIMIT}: the largest run of this size was expected, such as 1.0e+16, found {limit!r}"
        )
    for key in ("nodes", "ntasks-per-node", "cpus-per-task"):
        if key in size and (not isinstance(size[key], int) or isinstance(size[key], bool) or size[key] < 1):
            raise UserError(f"{where}: {key}: a whole number of at least 1 was expected, found {size[key]!r}")


def as_arguments(options: dict) -> list[str]:
    """['--mem=16G', '--exclusive']; an option whose value is true has none."""
    return [f"--{key}" if value is True else f"--{key}={value}" for key, value in options.items() if value is not False]
