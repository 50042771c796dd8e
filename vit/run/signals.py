"""Signals that end a run or ask for a checkpoint: noted when they arrive, acted on between two updates.

These handlers replace Lightning's, which end the process with exit code 0 at SIGTERM, write a checkpoint at Slurm's
SIGUSR1 that later evaluations load unasked, and communicate with the other ranks in the middle of an update.
"""

import os
import signal
import time
from contextlib import contextmanager

from vit.errors import UserError
from vit.run.distributed import is_main_process

SAVE_SIGNALS = (signal.SIGUSR1,)  # `sbatch --signal=USR1@60` sends it 60 s before the time limit
END_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
DUPLICATE_SECONDS = 1.0  # make forwards to its children a SIGTERM that the whole process group has received already
ADVICE = "run the same command again to resume"


class Interrupted(SystemExit):
    """A signal ended the process; the exit code is 128 + its number, as in shells. saved_step: of the checkpoint."""

    def __init__(self, number: int, saved_step: int | None = None, advice: str = ADVICE):
        super().__init__(128 + number)
        self.number, self.saved_step, self.advice = number, saved_step, advice

    def __str__(self):
        name = signal.Signals(self.number).name
        if self.saved_step is None:
            return f"interrupted by {name}; {self.advice}"
        return f"interrupted by {name}; step {self.saved_step} is saved; {self.advice}"


class Signals:
    """The requests that this process has received and not yet acted on."""

    def __init__(self):
        self.pid = None  # of the process that installed the handlers; forked loader processes inherit but ignore them
        self.save_requested = False  # write a checkpoint and continue
        self.end_signal, self.end_time = None, 0.0  # the first signal that asks to end, and when it arrived
        self.training = False  # between on_train_start and on_train_end, when each update checks for requests

    def install(self) -> None:
        """Set the handlers; Lightning sets its own in each fit, so this is called again after that."""
        self.pid = os.getpid()
        for number in (*SAVE_SIGNALS, *END_SIGNALS):
            if signal.getsignal(number) != signal.SIG_IGN:  # `nohup` has SIGHUP ignored
                signal.signal(number, self.receive)

    def receive(self, number, frame=None):
        """Note a signal; raise Interrupted if no update will check for it, or if an end signal is repeated."""
        if os.getpid() != self.pid:
            return
        if number in SAVE_SIGNALS:
            self.save_requested = True
        elif self.training and self.end_signal is None:
            self.end_signal, self.end_time = number, time.monotonic()
            if is_main_process():
                name = signal.Signals(number).name
                text = (
                    f"{name}: saving a checkpoint after this update, then exiting; repeat the signal to exit at once\n"
                )
                os.write(2, text.encode())  # print is not reentrant: the signal may have interrupted another print
        elif not self.training or time.monotonic() - self.end_time > DUPLICATE_SECONDS:
            raise Interrupted(number)


signals = Signals()


@contextmanager
def exit_guard():
    """The block completes or raises: a library's SystemExit, which may carry exit code 0, becomes a UserError.

    After an end signal every error is Interrupted.
    """
    try:
        yield
    except Interrupted:
        raise
    except SystemExit as end:
        raise UserError(
            f"a library ended the process (exit code {end.code}) before the run was complete; run the same command again to resume"
        ) from end
    except Exception as error:
        if signals.end_signal is not None:  # other ranks may have received the signal too and closed their connections
            raise Interrupted(signals.end_signal) from error
        from data.batches.shared_memory import KILLED, LOADER_KILLED

        # torch's SIGCHLD handler raises this wherever the main process is when a loader process dies
        if isinstance(error, RuntimeError) and KILLED.match(str(error)):
            raise UserError(LOADER_KILLED) from error
        raise
