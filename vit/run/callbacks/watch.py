"""What a run tells while it trains: speed into the curves, progress to the person who waits."""

import sys
import time

from lightning.pytorch.callbacks import Callback
from tqdm import tqdm

from vit.run.processes import leads

LEEWAY = 0.02  # of a set's images: some copies of large sets lack a few


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


class SetSize(Callback):
    """Tells where a training set has not as many images as the scale says: its epochs are others than planned then."""

    def __init__(self, images, tell):
        self.images, self.tell = images, tell

    def on_fit_start(self, trainer, module):
        data = trainer.datamodule
        if data.subset < 1 or not leads():
            return
        train, held = (len(data.parts.get(name, ())) for name in ("train", "val"))
        if min(abs(here - self.images) for here in (train, train + held)) > LEEWAY * self.images:
            told = f"{train + held:,} training images are here, and the scale says images: {self.images:,}"
            self.tell(f"{type(data).__name__}: {told}; epochs are counted by the scale's number, mend it")


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
