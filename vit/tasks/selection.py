"""Selection of the learning rate on held-out images (Appendix B.1.1); test images never select anything."""

from collections.abc import Sequence
from pathlib import Path

from vit.errors import UserError
from vit.record import held_out_score, read_record


def best_learning_rate(folders: Sequence[Path], select_by: str = "accuracy") -> float:
    """The learning rate of the run that did best on held-out images, the first in the list if several are equal.

    select_by: one of vit.record.MEASURES.
    """
    records = [read_record(folder) for folder in folders]
    missing = [folder.name for folder, record in zip(folders, records, strict=True) if record is None]
    if missing:
        raise UserError(
            f"learning-rate sweep: {len(folders) - len(missing)} of {len(folders)} runs are finished; run {missing[0]} first"
        )
    candidates = [record for record in records if "diverged_at_step" not in record["metrics"]]
    if not candidates:
        rates = ", ".join(f"{record['lr']:g}" for record in records)
        raise UserError(
            f"learning-rate sweep: training diverged with every learning rate ({rates}); give the recipe's lr lower values"
        )
    return max(candidates, key=lambda record: held_out_score(record, select_by))["lr"]
