"""'run 12 of 60, about 7 min left': counted over the runs that make was asked for, from what is finished and how fast it was."""

import sys
import time

from vit.cost import forward_cost
from vit.plan.folders import read_metrics, runs_folder
from vit.plan.overview import duration

START = 1.0  # seconds a run takes besides its images: building, reading data, evaluating


class Progress:
    """One line a run, from every process; the counts are read from the disk, so that they agree between processes."""

    def __init__(self, plan, experiments, jobs):
        self.plan, self.jobs = plan, jobs
        names = experiments or list(plan.experiments)
        self.wanted = list(dict.fromkeys(run for name in names for run in plan.runs_of(name)))

    def _flops(self, run):
        return 3 * forward_cost(run.model, run.options, run.image_size)["flops"] * run.images

    def title(self, run):
        return run.id.rsplit("-", 1)[0]

    def start(self, run):
        self.since = time.perf_counter()
        if sys.stderr.isatty():
            return
        self.line(f"{self.place()}: {self.title(run)}")

    def place(self):
        """'run 12 of 60, about 7 min left'."""
        self.done = {
            name: metrics for name in self.wanted if (metrics := read_metrics(runs_folder(self.plan.scale_name) / name))
        }
        return f"run {min(len(self.done) + 1, len(self.wanted))} of {len(self.wanted)}, about {duration(self.seconds_left())} left"

    def seconds_left(self):
        """What is left at the speed of what is done, shared among the processes."""
        runs = self.plan.runs
        seconds = sum(metrics["seconds"] - START for metrics in self.done.values())
        flops = sum(self._flops(runs[name]) for name in self.done)
        speed = flops / seconds if seconds > 0 else self.plan.scale.assumed_flops_per_second
        left = [runs[name] for name in self.wanted if name not in self.done]
        return sum(self._flops(run) / speed + START for run in left) / self.jobs

    def finish(self, run):
        metrics = read_metrics(runs_folder(self.plan.scale_name) / run.id)
        accuracy = next(
            (
                f"{name.replace('_', ' ')} {100 * value:.1f}%"
                for name, value in metrics["metrics"].items()
                if name in ("test_accuracy", "held_out_accuracy")
            ),
            "",
        )
        self.line(f"{self.place()}: {self.title(run)}: {accuracy} in {time.perf_counter() - self.since:.0f} s")

    def line(self, text):
        print(text, file=sys.stderr, flush=True)
