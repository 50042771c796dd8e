#!/usr/bin/env bash
# Lightning 2.6.6, torch 2.15.0. A process gets SIGTERM in the middle of Trainer.fit (a scheduler ends it, `make` is stopped).
# Guess: it ends with exit code 143, or with another that is not 0.
# Seen: Lightning ends the training by a SystemExit without a code, so the process ends with exit code 0 and without a word.
# make, shells and schedulers take the training for finished. This script fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 lightning==2.6.6 2>/dev/null
cat >"$folder/train.py" <<'PYTHON'
import os
import signal

import torch
from lightning import LightningModule, Trainer


class Model(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, batch_idx):
        if batch_idx == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return self.layer(batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
Trainer(accelerator="cpu", max_steps=1000, **quiet).fit(Model(), torch.utils.data.DataLoader(torch.ones(1000, 1)))
print("trained to the end")
PYTHON
code=0
(cd "$folder" && venv/bin/python train.py >out 2>err) || code=$?
echo "exit code after SIGTERM in fit: $code; reached the end: $(grep -c 'trained to the end' "$folder/out" || true)"
[ "$code" = 0 ] && ! grep -q 'trained to the end' "$folder/out"
