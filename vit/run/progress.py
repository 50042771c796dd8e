"""'run 12 of 60, about 7 min left': counted over the runs that make was asked for, from what is finished and how fast it was."""

import sys

from tqdm import tqdm

from vit.paths import runs_folder
from vit.plan.overview import duration
from vit.record import read_record
from vit.run.callbacks.watch import Bar
from vit.run.costs import training_flops
from vit.run.processes import leads

START = 1.0  # seconds a run takes besides its images: building, reading data, evaluating


class Progress:
    """A line for each run, from every process; counted on the disk, so that the processes agree."""

    def __init__(self, plan, experiments, jobs, position):
        self.plan, self.jobs, self.position = plan, jobs, position
        names = experiments or list(plan.experiments)
        self.wanted = list(dict.fromkeys(run for name in names for run in plan.runs_of(name)))

    def start(self, run):
        """Say which run it is: in a bar on a terminal, in a line elsewhere. Returns the bar."""
        text = f"{self.place()}: {run.name}"
        if not sys.stderr.isatty():
            self.line(text)
        return Bar(text, self.position)

    def finish(self, run, metrics, seconds):
        self.line(f"{self.place()}: {run.name}: {result(metrics)} in {seconds:.0f} s")

    def place(self):
        """'run 12 of 60, about 7 min left'."""
        folder = runs_folder(self.plan.scale_name)
        done = {name: metrics for name in self.wanted if (metrics := read_record(folder / name))}
        left = duration(self.seconds_left(done))
        return f"run {min(len(done) + 1, len(self.wanted))} of {len(self.wanted)}, about {left} left"

    def seconds_left(self, done):
        """What is left at the speed of what is done, shared among the processes."""
        runs = self.plan.runs
        seconds = sum(metrics["seconds"] - START for metrics in done.values())
        flops = sum(metrics["flops"] for metrics in done.values())
        speed = flops / seconds if seconds > 0 else self.plan.assumed_flops_per_second
        left = [runs[name] for name in self.wanted if name not in done]
        return sum(expected_flops(run) / speed + START for run in left) / self.jobs

    def line(self, text):
        """To stderr, above the bars where there are any; of several processes that train a run, one speaks."""
        if leads():
            tqdm.write(text, file=sys.stderr)
            sys.stderr.flush()


def expected_flops(run):
    """Nothing for a model that cannot be made: its own run says what is wrong, and the others go on."""
    try:
        return training_flops(run)
    except (ValueError, TypeError):
        return 0.0


def result(metrics):
    """'test accuracy 91.5%', or the loss where a task has no accuracy."""
    names = ("test_accuracy", "held_out_accuracy", "test_loss", "held_out_loss")
    measured = next(name for name in names if name in metrics)
    value = f"{100 * metrics[measured]:.1f}%" if measured.endswith("accuracy") else f"{metrics[measured]:.4f}"
    return f"{measured.replace('_', ' ')} {value}"
