"""Callbacks that monitor a run: images per second, the size of the training set, a progress bar."""

import sys
import time
from collections.abc import Callable

from lightning.pytorch.callbacks import Callback
from tqdm import tqdm

from vit.run.distributed import is_main_process

SIZE_TOLERANCE = 0.02  # of a set's images: some copies of large sets lack a few


class Throughput(Callback):
    """Logs training images per second, over the updates since the last logged step."""

    def on_train_start(self, trainer, module):
        self.start, self.images = time.perf_counter(), 0

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.images += len(batch[1]) * trainer.world_size
        if trainer.global_step % trainer.log_every_n_steps == 0:
            now = time.perf_counter()
            module.log("images_per_second", self.images / (now - self.start))
            self.start, self.images = now, 0


class TrainingSetSize(Callback):
    """Prints a line if the training set has another size than the scale file says, from which epochs become steps."""

    def __init__(self, images: int, print_line: Callable[[str], None]):
        self.images, self.print_line = images, print_line  # not `log`, which Lightning sets in every callback

    def on_fit_start(self, trainer, module):
        data = trainer.datamodule
        if data.subset < 1 or not is_main_process():
            return
        train, held_out = (len(data.parts.get(name, ())) for name in ("train", "val"))
        # the scale may count the whole training set or the part that remains without held-out images
        if min(abs(count - self.images) for count in (train, train + held_out)) > SIZE_TOLERANCE * self.images:
            self.print_line(
                f"{type(data).__name__}: the data set has {train + held_out:,} training images, but the scale file says"
                f" images: {self.images:,}, which sets the number of steps; correct the scale file"
            )


class ProgressBar(Callback):
    """One bar per run on a terminal, in the line of its slot. Elsewhere the runner prints a line per run instead."""

    def __init__(self, title: str, position: int):
        self.title, self.position = title, position

    def on_train_start(self, trainer, module):
        self.bar = tqdm(
            total=trainer.max_steps, initial=trainer.global_step, desc=self.title, position=self.position, leave=False,
            unit="step", disable=not sys.stderr.isatty() or not is_main_process(), dynamic_ncols=True,
        )  # fmt: skip

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.bar.update(trainer.global_step - self.bar.n)

    def on_train_end(self, trainer, module):
        self.bar.close()

    def on_exception(self, trainer, module, exception):
        if hasattr(self, "bar"):  # it may have been raised before on_train_start
            self.bar.close()
