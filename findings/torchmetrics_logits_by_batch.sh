#!/usr/bin/env bash
# torchmetrics 1.9.0 with torch 2.9.1. Classification metrics take probabilities or logits; four logits rank all positives above
# all negatives, and are given in one update, then in two updates of two.
# Guess: the same value, 1.0, since an update adds to the state and AUROC depends on the order of the scores alone.
# Seen: each update decides by itself: where all of its scores are from 0 to 1 they count as probabilities, else it takes their
# sigmoids. So two updates mix logits and probabilities, and AUROC is 0.75, and average precision by label 0.83.
# This script fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "torch==2.9.1" "torchmetrics==1.9.0" numpy 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import torch
from torchmetrics.classification import BinaryAUROC, MultilabelAveragePrecision

LOGITS, POSITIVE = torch.tensor([0.8, 0.95, 1.2, -1.0]), torch.tensor([0, 1, 1, 0])


def value(metric, logits, labels, size):
    for part in zip(logits.split(size), labels.split(size), strict=True):
        metric.update(*part)
    return float(metric.compute())


for name, make, shape in (
    ("AUROC", BinaryAUROC, (4,)),
    ("average precision", lambda: MultilabelAveragePrecision(num_labels=2), (4, 2)),
):
    logits = LOGITS if len(shape) == 1 else LOGITS[:, None].expand(shape)
    labels = POSITIVE if len(shape) == 1 else POSITIVE[:, None].expand(shape)
    whole, parts = (value(make(), logits, labels, size) for size in (4, 2))
    print(f"{name}: in one update {whole:.2f}, in two {parts:.2f}")
    assert whole == 1 and parts < 1, "updates no longer decide by themselves: this has changed"
PYTHON
