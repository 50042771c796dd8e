"""Tasks, one LightningModule per file, with plain typed arguments; LightningCLI combines them with data modules."""

from vit.tasks.evaluate import Evaluate
from vit.tasks.fewshot import FewShot
from vit.tasks.finetune import Finetune
from vit.tasks.inspect import Inspect
from vit.tasks.masked_patch import MaskedPatch
from vit.tasks.pretrain import Pretrain
from vit.tasks.speed import Speed

__all__ = ["Evaluate", "FewShot", "Finetune", "Inspect", "MaskedPatch", "Pretrain", "Speed"]
