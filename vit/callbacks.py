"""What a run tells while it trains: speed into the curves, progress to the person who waits."""

import sys
import time

from lightning.pytorch.callbacks import Callback
from tqdm import tqdm

from vit.ranks import leads


class Speed(Callback):
    """Logs images/s of training between two logged steps."""

    def on_train_start(self, trainer, module):
        self.since, self.images = time.perf_counter(), 0

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.images += len(batch[1]) * trainer.world_size
        if trainer.global_step % trainer.log_every_n_steps == 0:
            now = time.perf_counter()
            module.log("images_per_second", self.images / (now - self.since))
            self.since, self.images = now, 0


class Bar(Callback):
    """One bar a run on a terminal, one below the other when several processes run; plain lines elsewhere come from the runner."""

    def __init__(self, title, position):
        self.title, self.position = title, position

    def on_train_start(self, trainer, module):
        self.bar = tqdm(
            total=trainer.max_steps, initial=trainer.global_step, desc=self.title, position=self.position, leave=False,
            unit="step", disable=not sys.stderr.isatty() or not leads(), dynamic_ncols=True,
        )  # fmt: skip

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.bar.update(trainer.global_step - self.bar.n)

    def on_train_end(self, trainer, module):
        self.bar.close()

    def on_exception(self, trainer, module, exception):
        if hasattr(self, "bar"):
            self.bar.close()
