#!/usr/bin/env bash
# tensorboard 2.21.0. One process writes eleven event files into a folder, one after the other; each resumes at the step where
# the one before ended (a START event with that step, as torch's SummaryWriter(purge_step=...) writes it) and adds one value.
# Guess: a reader goes through the files in the order in which they were written and shows eleven values.
# Seen: within a second, names differ in the writer's number alone, and readers sort names as text: .10 comes before .2. The
# file that was written last is read early, and the START events that are read after it remove its value: ten values are left.
# This script fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "tensorboard==2.21.0" "setuptools<81" 2>/dev/null
"$folder/venv/bin/python" - "$folder/logs" <<'PYTHON' 2>/dev/null
import sys
import time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

FILES = 11
time.sleep(1 - time.time() % 1)  # the beginning of a second
for step in range(FILES):
    writer = EventFileWriter(sys.argv[1])
    writer.add_event(Event(wall_time=time.time(), step=step, session_log=SessionLog(status=SessionLog.START)))
    value = Summary(value=[Summary.Value(tag="loss", simple_value=1.0)])
    writer.add_event(Event(wall_time=time.time(), step=step, summary=value))
    writer.close()
steps = [event.step for event in EventAccumulator(sys.argv[1]).Reload().Scalars("loss")]
print(f"written: steps 0 to {FILES - 1}; shown: {steps}")
assert steps != list(range(FILES)) and len(steps) < FILES, "all values are shown: this has changed"
PYTHON
