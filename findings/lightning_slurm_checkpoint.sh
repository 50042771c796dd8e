#!/usr/bin/env bash
# Lightning 2.6.6, torch 2.15.0. Inside a Slurm task, Trainer.test(model) is called with a model and without a checkpoint.
# Guess: the model that was handed over is tested.
# Seen: if default_root_dir holds a file hpc_ckpt_N.ckpt (Lightning writes it when Slurm sends SIGUSR1, and leaves it there when
# the requeue is refused and training goes on), its weights replace those of the model, and test, validate and fit use them.
# Only a note at log level INFO says so. This script sets the variables that srun sets and fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 lightning==2.6.6 2>/dev/null
cat >"$folder/evaluate.py" <<'PYTHON'
import torch
from lightning import LightningModule, Trainer


class Model(LightningModule):
    def __init__(self, value):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((1,), value))

    def training_step(self, batch, batch_idx):
        return self.weight.sum()

    def test_step(self, batch, batch_idx):
        self.log("weight", self.weight.sum())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


quiet = {"accelerator": "cpu", "devices": 1, "logger": False, "enable_progress_bar": False, "enable_model_summary": False}
data = torch.utils.data.DataLoader(torch.ones(2, 1))
old = Trainer(max_steps=1, enable_checkpointing=False, **quiet)
old.fit(Model(1.0), data)
old.save_checkpoint("hpc_ckpt_1.ckpt")
(answer,) = Trainer(default_root_dir=".", enable_checkpointing=False, **quiet).test(Model(2.0), data, verbose=False)
print("weight that is tested:", answer["weight"])
PYTHON
task=(SLURM_JOB_ID=1 SLURM_JOB_NAME=train SLURM_NTASKS=1 SLURM_NTASKS_PER_NODE=1 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NODEID=0)
mkdir "$folder/plain" "$folder/task"
plain=$(cd "$folder/plain" && ../venv/bin/python ../evaluate.py 2>/dev/null)
task=$(cd "$folder/task" && env "${task[@]}" ../venv/bin/python ../evaluate.py 2>/dev/null)
echo "handed over: a model of weight 2; hpc_ckpt_1.ckpt holds 1"
echo "outside of Slurm: $plain"
echo "in a Slurm task:  $task"
[ "$plain" = "weight that is tested: 2.0" ] && [ "$task" = "weight that is tested: 1.0" ]
