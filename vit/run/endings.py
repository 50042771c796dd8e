"""How a process ends before its work is done. Signals are noted at once and heeded between two updates.

Lightning's own handlers are replaced while a trainer works: TERM ends a process with exit code 0 there, Slurm's USR1 writes
a checkpoint that later evaluations load, and both talk to other devices in the middle of an update.
"""

import os
import signal
import time
from contextlib import contextmanager

from vit.errors import UserError
from vit.run.processes import leads

SAVES = (signal.SIGUSR1,)  # what Slurm sends before the time is up: --signal=USR1@60
ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
ONCE = 1.0  # seconds in which several are one: make hands on the TERM that its processes have had already


class Interrupted(SystemExit):
    """A signal ended the work. The exit code is 128 + its number, as shells have it; `saved` is the step of a checkpoint."""

    def __init__(self, number, saved=None, advice="the same command goes on from here"):
        super().__init__(128 + number)
        self.number, self.saved, self.advice = number, saved, advice

    def __str__(self):
        kept = "" if self.saved is None else f"; step {self.saved} is saved"
        return f"interrupted by {signal.Signals(self.number).name}{kept}; {self.advice}"


class Signals:
    """What this process has been asked for since it last looked."""

    def __init__(self):
        self.process = None  # that handles signals; one that was forked off it does not
        self.save = False  # a checkpoint, and the training goes on
        self.end, self.since = None, 0.0  # the signal that ends the work at the next update, and when it came
        self.training = False  # somebody looks at every update

    def handle(self):
        """Take the signals, from whoever has them; those that are ignored stay so, as `nohup` wants it."""
        self.process = os.getpid()
        for number in (*SAVES, *ENDS):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.note)

    def note(self, number, frame=None):
        """Interrupted at once where no training would look, and at a second signal that ends, a second later."""
        if os.getpid() != self.process:
            return
        if number in SAVES:
            self.save = True
        elif self.training and self.end is None:
            self.end, self.since = number, time.monotonic()
            if leads():  # print may not be called again while it prints
                text = (
                    f"{signal.Signals(number).name}: a checkpoint after this update, then the end; once more: at once\n"
                )
                os.write(2, text.encode())
        elif not self.training or time.monotonic() - self.since > ONCE:
            raise Interrupted(number)


signals = Signals()


@contextmanager
def to_its_end():
    """What runs in the block comes to its end, or raises an error that shows: no library may end the process instead."""
    try:
        yield
    except Interrupted:
        raise
    except SystemExit as end:
        told = f"a library ended the process (exit code {end.code}) before the work was done"
        raise UserError(f"{told}; the same command goes on from here") from end
    except Exception as error:
        if signals.end is not None:  # the signal may have met others that this process needs
            raise Interrupted(signals.end) from error
        from data.batches.shared_memory import KILLED, LOADER_KILLED

        if isinstance(error, RuntimeError) and KILLED.match(str(error)):
            raise UserError(LOADER_KILLED) from error  # torch says so wherever this process is when it hears of a death
        raise
