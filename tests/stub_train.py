"""Stands where Make starts `python -m vit run`: writes a metrics.json for every run that has none, and a line for each."""

import json
import os
import sys
import time
from pathlib import Path

runs, log = Path(sys.argv[1]), Path(sys.argv[2])
for name in sys.argv[3:]:
    path = runs / name / "metrics.json"
    if path.exists():
        continue
    with log.open("a") as lines:
        lines.write(name + "\n")
    if name in os.environ.get("FAIL", "").split():
        sys.exit(f"{name} fails")
    if name in os.environ.get("LOSE", "").split():
        continue  # a trainer that ends as if all were well
    time.sleep(float(os.environ.get("PAUSE", "0")))
    metrics = {
        "format": 1,
        "id": name,
        "metrics": {"test_accuracy": 0.5, "held_out_accuracy": 0.5},
        "lr": 0.1,
        "images": 1,
        "seconds": 1.0,
    }
    record = {
        **metrics,
        "resumed": False,
        "flops": 1,
        "device": "stub",
        "threads": 1,
        "date": "2026-01-01T00:00:00+00:00",
        "commit": "0",
        "versions": {},
    }
    path.write_text(json.dumps(record))
