"""The learning rate is chosen on held-out images (Appendix B.1.1); test images never select anything."""

from vit.errors import UserError
from vit.record import read_record


def best_learning_rate(folders):
    """The rate of the run with the highest held-out accuracy; of equals, the one named first."""
    found = [read_record(folder) for folder in folders]
    missing = [folder.name for folder, metrics in zip(folders, found, strict=True) if metrics is None]
    if missing:
        finished = f"{len(folders) - len(missing)} of the {len(folders)} runs among which the learning rate is chosen"
        raise UserError(f"{finished} are finished; first run {missing[0]}")
    points = [metrics for metrics in found if "diverged_at_step" not in metrics["metrics"]]
    if not points:
        tried = ", ".join(f"{metrics['lr']:g}" for metrics in found)
        raise UserError(
            f"training diverged with every learning rate of the sweep ({tried}); give the recipe's lr lower ones"
        )
    return max(points, key=lambda metrics: metrics["metrics"]["held_out_accuracy"])["lr"]
