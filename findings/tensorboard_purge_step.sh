#!/usr/bin/env bash
# TensorBoard 2.21.0. A run that is resumed at step 20 opens a second event file whose writer states purge_step=20 (a
# SessionLog START event of step 20): everything from step 20 on in the first file should disappear.
# Guess: both readers drop the old steps 20 to 25.
# Seen: the reader in Python (what --load_fast=false uses, and machines without the Rust server) drops them only if the
# FIRST file also begins with such an event (purge_step=0). Without it, steps 20 to 25 are shown twice, without a word.
# This script fails if either changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorboard==2.21.0 2>/dev/null
"$folder/venv/bin/python" - "$folder/logs" <<'PYTHON'
import sys
from collections import Counter

from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def write(folder, purge_step, steps, name):
    writer = EventFileWriter(folder, filename_suffix=name)
    if purge_step is not None:
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        writer.add_event(event_pb2.Event(step=purge_step, session_log=start))
    for step in steps:
        value = summary_pb2.Summary.Value(tag="loss", simple_value=float(step))
        writer.add_event(event_pb2.Event(step=step, summary=summary_pb2.Summary(value=[value])))
    writer.close()


def twice(first_purge_step):
    folder = f"{sys.argv[1]}/{first_purge_step}/run"
    write(folder, first_purge_step, range(26), ".first")
    write(folder, 20, range(20, 40), ".second")
    events = EventMultiplexer(tensor_size_guidance={"scalars": 0}).AddRun(folder, "run").Reload()
    counts = Counter(event.step for event in events.Tensors("run", "loss"))
    return sorted(step for step, count in counts.items() if count > 1)


without, with_it = twice(None), twice(0)
print("steps shown twice, first file without purge_step:", without)
print("steps shown twice, first file with purge_step=0: ", with_it)
sys.exit(0 if without == list(range(20, 26)) and with_it == [] else "TensorBoard behaves in another way now")
PYTHON
