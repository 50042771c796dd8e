"""Curves that a resumed run goes on with: what was logged after the checkpoint is logged again, so it is dropped first."""

import csv
import time
from pathlib import Path

from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from vit.atomic import whole_file


class Table(Logger):
    """metrics.csv, a row a logged step, which is on the disk when the step is over; Lightning's begins with an empty file."""

    name = version = ""

    def __init__(self, folder):
        super().__init__()
        self.file, self.columns = Path(folder) / "metrics.csv", []

    def log_hyperparams(self, *_):
        """They stand in the run's config."""

    @rank_zero_only
    def log_metrics(self, metrics, step=None):
        row = {"step": step, **metrics}
        if set(row) <= set(self.columns):
            with open(self.file, "a", newline="") as file:
                csv.DictWriter(file, self.columns).writerow(row)
        else:
            self.write([*self.rows(), row])

    def rows(self):
        """Of the file; a row that a kill cut short is none."""
        if not self.file.exists():
            return []
        with open(self.file, newline="") as file:
            return [row for row in csv.DictReader(file) if None not in row.values() and row["step"].isdecimal()]

    def write(self, rows):
        self.columns = list(dict.fromkeys(name for row in rows for name in row))
        with whole_file(self.file) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(rows)

    def close(self):
        """Each row is on the disk already."""

    @rank_zero_only
    def go_on_from(self, step):
        """Keep the rows of updates before `step`."""
        if kept := [row for row in self.rows() if int(row["step"]) < step]:
            self.write(kept)
        else:
            self.file.unlink(missing_ok=True)


class Events(TensorBoardLogger):
    """TensorBoard events, one file a process: its readers go through files by name, and two of one second may swap."""

    def __init__(self, folder):
        super().__init__(folder, name="", version="", default_hp_metric=False)

    @rank_zero_only
    def go_on_from(self, step):
        """TensorBoard forgets what earlier files hold from `step` on; where that is everything, they go.

        The first file says so too, or TensorBoard's reader in Python heeds no later one.
        """
        files = list(Path(self.save_dir).glob("events.out.tfevents.*"))
        if not step:
            for file in files:
                file.unlink()
        else:
            wait_for_the_second_after(max((second_of(file) for file in files), default=0))
        self._kwargs["purge_step"] = step
        assert self.experiment  # made here and now
        del self._kwargs["purge_step"]

    @rank_zero_only
    def finalize(self, status):
        """Lightning ends with this each of fit and test, and would begin a second file after it."""
        self.save()
        self.experiment.flush()

    @rank_zero_only
    def close(self):
        self.experiment.close()


def second_of(file):
    """events.out.tfevents.SECOND.HOST.PROCESS.NUMBER: when the file was begun."""
    return int(file.name.split(".")[3])


def wait_for_the_second_after(second):
    """At most a second: a clock that was set back is not waited for."""
    if second <= time.time() < second + 1:
        time.sleep(second + 1 - time.time())
