"""Curves that a resumed run goes on with: what was logged after the checkpoint is logged again, so it is dropped first."""

import csv
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger


class Table(CSVLogger):
    """metrics.csv, one row a logged step."""

    def __init__(self, folder):
        super().__init__(folder, name="", version="")
        self.file = Path(folder) / "metrics.csv"

    def go_on_from(self, step):
        """Keep the rows of updates before `step`; Lightning's writer begins with an empty file."""
        rows = list(csv.DictReader(self.file.open())) if self.file.exists() else []
        self.experiment.metrics = [row for row in rows if int(row["step"]) < step]


class Events(TensorBoardLogger):
    """TensorBoard events."""

    def __init__(self, folder):
        super().__init__(folder, name="", version="", default_hp_metric=False)

    def go_on_from(self, step):
        """TensorBoard forgets what earlier files hold from `step` on."""
        self._kwargs["purge_step"] = step
