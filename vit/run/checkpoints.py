"""Checkpoints: the last two, each written completely or not at all; a run resumes from the newest undamaged one."""

import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from vit.atomic import atomic_write
from vit.errors import UserError
from vit.paths import name_of
from vit.run.previous import LAST, PREVIOUS, make_previous
from vit.run.sharded_checkpoint import META, assembled, is_sealed
from vit.run.signals import Interrupted, signals

SECONDS = 60.0  # between two checkpoints, the time that a kill can cost; VIT_CHECKPOINT_SECONDS changes it
POLL_SECONDS = 2.0  # between two collective decisions to save or end: each makes all devices wait for the slowest
REQUEUED = "hpc_ckpt_*"  # written by Lightning for a requeued Slurm job, and loaded by it if no checkpoint is named
KEYS = ("global_step", "pieces")  # pieces: micro-batches per update and device


class RequestedCheckpointIO(TorchCheckpointIO):
    """Loads the checkpoints that the command names, and none that Lightning comes across by itself."""

    def load_checkpoint(self, path, *args, **kwargs):
        if Path(path).match(REQUEUED):
            raise requeued(Path(path))
        return assembled(Path(path)) if Path(path).is_dir() else super().load_checkpoint(path, *args, **kwargs)


class AtomicCheckpointIO(RequestedCheckpointIO):
    """Writes completely or not at all; the checkpoint that had the name becomes the previous one."""

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        with atomic_write(path) as temporary:
            torch.save(checkpoint, temporary)
            make_previous(Path(path))


def requeued(path: Path) -> UserError:
    """The error for a checkpoint of a requeued job."""
    return UserError(
        f"{name_of(path)}: written by Lightning for a requeued Slurm job and never loaded here; delete it and run the same command again"
    )


def refuse_requeued(folder: Path) -> None:
    """UserError if the folder holds a checkpoint that Lightning would load unasked."""
    if path := next(folder.glob(REQUEUED), None):
        raise requeued(path)


class Checkpoints(Checkpoint):
    """Saves between two updates, when `seconds` have passed or a signal asks for it; acts on signals that end a run.

    Lightning's own ModelCheckpoint saves inside an update: before its loss is logged, and in the middle of accumulated
    gradients, which a resumed run would lose.
    """

    def __init__(self, folder: Path):
        self.file = folder / "checkpoints" / LAST
        self.seconds = float(os.environ.get("VIT_CHECKPOINT_SECONDS", SECONDS))

    def on_train_start(self, trainer, module):
        self.saved_time, self.saved_step = time.monotonic(), trainer.global_step
        self.polled_time, self.polled_step, self.next_poll = self.saved_time, self.saved_step, self.saved_step
        signals.training = True
        signals.install()  # Lightning has installed its own since the process started

    def on_validation_start(self, trainer, module):
        if not trainer.training:
            signals.install()

    on_test_start = on_validation_start

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if batch_idx % trainer.accumulate_grad_batches == 0:
            self.save_or_end(trainer)

    def on_train_end(self, trainer, module):
        signals.training = False
        if trainer.world_size > 1 or signals.end_signal is not None:
            self.next_poll = trainer.global_step  # a signal may have come since the devices last polled each other
            self.save_or_end(trainer)

    def on_exception(self, trainer, module, exception):
        signals.training = False

    def save_or_end(self, trainer) -> None:
        """Save if it is time to; raise Interrupted if a signal ends the run."""
        save, end = self.decide(trainer)
        if (save or end) and trainer.global_step > self.saved_step:
            trainer.save_checkpoint(self.file)
            self.saved_time, self.saved_step = time.monotonic(), trainer.global_step
            signals.save_requested = False
        if end:
            raise Interrupted(end, self.saved_step or None)

    def decide(self, trainer) -> tuple[bool, int]:
        """(save now?, the signal that ends the run or 0), the same on every device."""
        save, end = self.is_due(trainer), signals.end_signal or 0
        if trainer.world_size == 1:
            return save, end
        if trainer.global_step < self.next_poll:
            return False, 0
        now, step = time.monotonic(), trainer.global_step
        updates = round((step - self.polled_step) * POLL_SECONDS / max(now - self.polled_time, 1e-3))
        request = torch.tensor([int(save), int(end), max(1, updates)], device=trainer.strategy.root_device)
        save, end, updates = trainer.strategy.reduce(request, reduce_op="max").tolist()
        self.polled_time, self.polled_step, self.next_poll = now, step, step + int(updates)
        return bool(save), int(end)

    def is_due(self, trainer) -> bool:
        """Whether this device wants a checkpoint: the time has passed or a signal asked for one."""
        return signals.save_requested or time.monotonic() - self.saved_time >= self.seconds

    def on_save_checkpoint(self, trainer, module, checkpoint):
        checkpoint["pieces"] = trainer.accumulate_grad_batches

    def on_load_checkpoint(self, trainer, module, checkpoint):
        """Lightning's loop counts micro-batches, of which an update may take another number after a resume."""
        step, loop = checkpoint["global_step"], checkpoint["loops"]["fit_loop"]
        micro_batches = step * trainer.accumulate_grad_batches
        progress = dict.fromkeys(("ready", "started", "processed", "completed"), micro_batches)
        loop["epoch_loop.batch_progress"].update(total=dict(progress), current=dict(progress))
        loop["epoch_loop.state_dict"]["_batches_that_stepped"] = step


class ResumePoint(NamedTuple):
    """A checkpoint to resume from."""

    path: Path
    step: int
    micro_batches: int  # per update and device


def resume_point(folder: Path, log: Callable[[str], None]) -> ResumePoint | None:
    """The newest undamaged checkpoint of a run's folder, or None; `log` is called with a line about damaged ones."""
    existing = [path for name in (LAST, PREVIOUS) if (path := folder / "checkpoints" / name).exists()]
    sound = next((path for path in existing if not is_damaged(path)), None)
    if sound is None:
        if existing:
            log(f"{name_of(existing[0])}: damaged, and there is no other checkpoint; training restarts at step 0")
        return None
    point = ResumePoint(sound, *header(sound))
    if sound is not existing[0]:
        log(f"{name_of(existing[0])}: damaged; resuming from {sound.name} at step {point.step}")
    return point


def is_damaged(path: Path) -> bool:
    """Whether it is not an intact zip archive, or not an intact folder; reads every byte to compare checksums."""
    if path.is_dir():
        return not is_sealed(path)
    with open(path, "rb") as file:
        try:
            return zipfile.ZipFile(file).testzip() is not None
        except (
            Exception
        ):  # damaged bytes raise many types in zipfile: BadZipFile, zlib.error, RuntimeError, struct.error...
            return True


def header(path: Path) -> tuple[int, int]:
    """The values of KEYS of an undamaged checkpoint, without loading tensors."""
    try:
        content = torch.load(path / META if path.is_dir() else path, map_location="meta", weights_only=False)
    except Exception as error:  # unpickling may raise any type, such as AttributeError for a class that was renamed
        raise UserError(
            f"{name_of(path)}: this version cannot read the checkpoint ({type(error).__name__}); delete it to train the run from its start"
        ) from None
    if not isinstance(content, dict) or not content.keys() >= set(KEYS):
        raise UserError(
            f"{name_of(path)}: not a checkpoint of a run (keys {' and '.join(KEYS)} expected); delete it to train the run from its start"
        )
    return content["global_step"], content["pieces"]


def checkpoint_before(folder: Path, step: int) -> str | None:
    """'last.ckpt (step 120)': the newest undamaged checkpoint from before update `step`, or None."""
    for name in (LAST, PREVIOUS):
        path = folder / "checkpoints" / name
        if path.exists() and not is_damaged(path) and (saved_step := header(path)[0]) < step:
            return f"{name_of(path)} (step {saved_step})"
    return None
