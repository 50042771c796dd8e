"""Progress of the runs that make was asked for: 'run 12 of 60, about 7 min left', estimated from finished runs."""

import sys

from tqdm import tqdm

from vit.errors import UserError
from vit.paths import runs_folder
from vit.plan.cost_file import forward_costs
from vit.plan.overview import duration, run_flops
from vit.plan.time_needed import OVERHEAD_SECONDS, measured_speed
from vit.record import read_record
from vit.run.callbacks.monitoring import ProgressBar
from vit.run.costs import training_flops
from vit.run.distributed import is_main_process


class Progress:
    """Prints a line per run. Counts records on disk, so that make's parallel processes print consistent numbers."""

    def __init__(self, plan, experiments, jobs, position):
        self.plan, self.jobs, self.position = plan, jobs, position
        names = experiments or list(plan.experiments)
        self.wanted = list(dict.fromkeys(run for name in names for run in plan.runs_of(name)))
        self.costs = known_costs(plan.scale_name)
        self.varied = {run: text for name in names for run, text in plan.varied_of(name).items()}

    def start(self, run) -> ProgressBar:
        """The run's bar, which is shown on a terminal; elsewhere print a line."""
        text = f"{self.summary()}: {self.title(run)}"
        if not sys.stderr.isatty():
            self.line(text)
        return ProgressBar(text, self.position)

    def finish(self, run, metrics: dict[str, float], seconds: float) -> None:
        self.line(f"{self.summary()}: {self.title(run)}: {result(metrics)} in {seconds:.0f} s")

    def title(self, run) -> str:
        """The run's name, and in brackets what an experiment varies that the name does not say: '(pretrain.lr x3)'."""
        values = self.varied.get(run.id)
        return f"{run.name} ({values})" if values else run.name

    def summary(self) -> str:
        """'run 12 of 60, about 7 min left'."""
        folder = runs_folder(self.plan.scale_name)
        finished = {name: record for name in self.wanted if (record := read_record(folder / name))}
        remaining = duration(self.remaining_seconds(finished))
        return f"run {min(len(finished) + 1, len(self.wanted))} of {len(self.wanted)}, about {remaining} left"

    def remaining_seconds(self, finished: dict[str, dict]) -> float:
        """At the speed of the finished runs (id -> record), divided among the jobs."""
        runs = self.plan.runs
        seconds, flops = (sum(record[key] for record in finished.values()) for key in ("seconds", "flops"))
        speed = measured_speed(flops, seconds, len(finished)) or self.plan.assumed_flops_per_second
        remaining = [runs[name] for name in self.wanted if name not in finished]
        return sum(expected_flops(run, self.costs) / speed + OVERHEAD_SECONDS for run in remaining) / self.jobs

    def line(self, text: str) -> None:
        """Print to stderr, from the main process only."""
        if is_main_process():
            tqdm.write(text, file=sys.stderr)  # above the bars of a terminal
            sys.stderr.flush()


def known_costs(scale: str) -> dict[str, dict]:
    """Of costs.json, which make has counted before; empty without it (a run by hand)."""
    try:
        return forward_costs(scale)
    except UserError:
        return {}


def expected_flops(run, costs: dict[str, dict]) -> float:
    """0 for a model that cannot be built: that run fails with its own message, and the others go on."""
    if run.cost_key in costs:  # counting a model takes a tenth of a second, and a scale has a hundred
        return run_flops(run, costs)
    try:
        return training_flops(run)
    except (ValueError, TypeError):
        return 0.0


def result(metrics: dict[str, float]) -> str:
    """'test accuracy 91.5%', the mean average precision, the loss of a task without either, or the first of other metrics."""
    kinds = ("accuracy", "mean_average_precision", "loss")
    names = (f"{split}_{kind}" for kind in kinds for split in ("test", "held_out"))
    name = next((name for name in names if name in metrics), next(iter(metrics)))
    value = f"{100 * metrics[name]:.1f}%" if name.endswith(("accuracy", "precision")) else f"{metrics[name]:.4f}"
    return f"{name.replace('_', ' ')} {value}"
