"""Measured speed of inference, and the largest batch that fits (Appendix D.5, Figures 12 and 13); nothing is trained.

B batch, S image size.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from lightning import LightningModule
from torch import Tensor

from vit.errors import UserError
from vit.locks import locked
from vit.models import create_model
from vit.models.memory import peak_bytes
from vit.tasks.options import Options


class Speed(LightningModule):
    """Images per second of the model as initialised, on one device, at the best of several batch sizes.

    Metrics (units: vit/plan/measured_speed.py): images_per_second is the median of the repetitions at the batch size where that is
    highest, fastest_batch; images_per_second_lowest and _highest are the extremes of the same repetitions. largest_batch: of
    `batch_sizes`, on a GPU the largest of which a pass runs, on a CPU the largest whose counted memory
    (vit.models.memory) is at most memory_share of what is free. load_before: processes that ran on the machine in the
    minute before.

    batch_sizes: those tried, from the smallest up to the first that does not fit.
    seconds: of one measurement at least. repetitions: measurements of each batch size.
    longest_pass: batch sizes of which a pass is expected to take more seconds are not timed, but the smallest is.
    """

    def __init__(
        self,
        *,
        model: str,
        options: Options,
        num_classes: int,
        image_size: int,
        batch_sizes: list[int],
        seconds: float,
        repetitions: int,
        longest_pass: float,
        memory_share: float,
    ):
        super().__init__()
        self.save_hyperparameters()
        self.measured: dict[str, float] = {}  # stays empty in processes without a test image

    def setup(self, stage):
        hp = self.hparams
        self.model = create_model(hp.model, image_size=hp.image_size, num_classes=hp.num_classes, **hp.options)
        self.trainer.limit_test_batches = 1

    def test_step(self, batch, batch_idx):
        """Measure with batches of copies of the first image: the time does not depend on what is in it."""
        with locked(lock_file()):
            load = os.getloadavg()[0]
            self.measured = {**self.measure(batch[0][:1]), "load_before": load}

    def on_test_epoch_end(self):
        self.log_dict(self.measured)

    def measure(self, image: Tensor) -> dict[str, float]:
        """image: (1, 3, S, S), on the device."""
        hp, rates, largest = self.hparams, {}, None
        memory = Memory(image.device, hp.memory_share)
        for size in sorted(hp.batch_sizes):
            timed = not rates or size / median(rates[max(rates)]) <= hp.longest_pass
            if not memory.fits(self.model, image, size, run=timed):
                break
            largest = size
            if timed:
                images = image.repeat(size, 1, 1, 1)
                rates[size] = sorted(self.images_per_second(images) for _ in range(hp.repetitions))
        if largest is None:
            raise UserError(
                f"Speed: {hp.model} at {hp.image_size} px: a batch of {min(hp.batch_sizes)} does not fit into the memory of the"
                " device; take a smaller one among batch_sizes, or free some memory"
            )
        fastest = max(rates, key=lambda size: median(rates[size]))
        return {
            "images_per_second": median(rates[fastest]),
            "images_per_second_lowest": rates[fastest][0],
            "images_per_second_highest": rates[fastest][-1],
            "fastest_batch": float(fastest),
            "largest_batch": float(largest),
        }

    def images_per_second(self, images: Tensor) -> float:
        """One measurement: passes until `seconds` are over, each of them waited for. images: (B, 3, S, S)."""
        passes, start = 0, time.perf_counter()
        while passes == 0 or time.perf_counter() - start < self.hparams.seconds:
            self.model(images)
            wait_for(images.device)
            passes += 1
        return passes * len(images) / (time.perf_counter() - start)


class Memory:
    """Whether a batch fits: on a GPU it is tried, on a CPU counted, since a process that takes too much there is killed."""

    def __init__(self, device: torch.device, share: float):
        self.device, self.share = device, share
        self.bytes_per_image = 0.0  # of the largest batch that was counted: per image, larger ones need no more

    def fits(self, model: torch.nn.Module, image: Tensor, size: int, *, run: bool) -> bool:
        """run: may a pass of this size take its time on a CPU? It is also the first one, which no measurement counts."""
        if self.device.type != "cpu":
            return self.runs(model, image, size)
        if self.bytes_per_image * size > self.share * free_bytes():
            return False
        if run:
            self.bytes_per_image = peak_bytes(model, image.repeat(size, 1, 1, 1)) / size
        return True

    def runs(self, model: torch.nn.Module, image: Tensor, size: int) -> bool:
        try:
            model(image.repeat(size, 1, 1, 1))
            wait_for(self.device)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            return False
        return True


def free_bytes() -> int:
    """Memory of the machine that nothing holds, the cache of files included in what is held."""
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def wait_for(device: torch.device) -> None:
    """Until a GPU has computed what it was given; a CPU has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def lock_file() -> Path:
    """One measurement at a time on a machine, of all scales and folders of results of a user: two would slow each other."""
    return Path(tempfile.gettempdir()) / f"vit-speed-{os.getuid()}.lock"
