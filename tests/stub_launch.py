"""Stands where LAUNCH starts a run: USR1 is noted, TERM takes a moment to save, and both are written down."""

import signal
import sys
import time
from pathlib import Path

log = Path(sys.argv[1])


def note(text):
    with log.open("a") as file:
        file.write(text + "\n")


def save_and_end(*_):
    time.sleep(0.5)
    note("saved")
    sys.exit(143)


signal.signal(signal.SIGUSR1, lambda *_: note("usr1"))
signal.signal(signal.SIGTERM, save_and_end)
note("started")
while True:
    time.sleep(0.05)
