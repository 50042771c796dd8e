"""Replaces the process that LAUNCH starts: logs USR1; on TERM it needs half a second to save, logs that and exits."""

import signal
import sys
import time
from pathlib import Path

log = Path(sys.argv[1])


def append(line):
    with log.open("a") as file:
        file.write(line + "\n")


def save_and_exit(*_):
    time.sleep(0.5)
    append("saved")
    sys.exit(143)


signal.signal(signal.SIGUSR1, lambda *_: append("usr1"))
signal.signal(signal.SIGTERM, save_and_exit)
append("started")
while True:
    time.sleep(0.05)
