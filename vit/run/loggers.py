"""Loggers of a run's curves. A resumed run repeats the updates after its checkpoint, whose values are dropped first."""

import csv
import time
from pathlib import Path

from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from vit.atomic import atomic_write


class MetricsCsv(Logger):
    """metrics.csv: one row per logged step, written at once. On a resume Lightning's CSVLogger empties the file."""

    name = version = ""

    def __init__(self, folder: Path | str):
        super().__init__()
        self.file, self.columns = Path(folder) / "metrics.csv", []

    def log_hyperparams(self, *_):
        """They are in the run's config.yaml."""

    @rank_zero_only
    def log_metrics(self, metrics, step=None):
        row = {"step": step, **metrics}
        if set(row) <= set(self.columns):
            with open(self.file, "a", newline="") as file:
                csv.DictWriter(file, self.columns).writerow(row)
        else:
            self.write([*self.rows(), row])

    def rows(self) -> list[dict[str, str]]:
        """The rows of the file, without one that a kill has truncated."""
        if not self.file.exists():
            return []
        with open(self.file, newline="") as file:
            return [row for row in csv.DictReader(file) if None not in row.values() and row["step"].isdecimal()]

    def write(self, rows: list[dict]) -> None:
        self.columns = list(dict.fromkeys(name for row in rows for name in row))
        with atomic_write(self.file) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(rows)

    def close(self):
        """Nothing is buffered."""

    @rank_zero_only
    def resume_from(self, step: int) -> None:
        """Keep the rows of updates before `step`."""
        if kept := [row for row in self.rows() if int(row["step"]) < step]:
            self.write(kept)
        else:
            self.file.unlink(missing_ok=True)


class TensorBoardEvents(TensorBoardLogger):
    """TensorBoard's event files, one per process."""

    def __init__(self, folder: Path | str):
        super().__init__(folder, name="", version="", default_hp_metric=False)

    @rank_zero_only
    def resume_from(self, step: int) -> None:
        """Begin a file that makes TensorBoard discard what earlier files hold from `step` on; at 0, delete those."""
        files = list(Path(self.save_dir).glob("events.out.tfevents.*"))
        if not step:
            for file in files:
                file.unlink()
        else:
            # readers sort files by name, where two files of the same second are in no order of time
            wait_until_after(max((creation_second(file) for file in files), default=0))
        # In the first file too: otherwise TensorBoard's reader in Python ignores the purge step of later files.
        self._kwargs["purge_step"] = step
        assert self.experiment  # the property creates the file
        del self._kwargs["purge_step"]

    @rank_zero_only
    def finalize(self, status):
        """Flush only: Lightning closes the file here after each of fit and test, and test would begin a second one."""
        self.save()
        self.experiment.flush()

    @rank_zero_only
    def close(self):
        self.experiment.close()


def creation_second(file: Path) -> int:
    """From a name events.out.tfevents.SECOND.HOST.PROCESS.NUMBER."""
    return int(file.name.split(".")[3])


def wait_until_after(second: int) -> None:
    """At most one second: a `second` in the future, of a clock that was set back, is not waited for."""
    if second <= time.time() < second + 1:
        time.sleep(second + 1 - time.time())
