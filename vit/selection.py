"""The learning rate is chosen on held-out images (Appendix B.1.1); test images never select anything."""

from vit.errors import UserError
from vit.plan.folders import read_metrics


def best_learning_rate(folders):
    """The rate of the run with the highest held-out accuracy; of equals, the one named first."""
    finished = [(folder, metrics) for folder in folders if (metrics := read_metrics(folder))]
    missing = [folder.name for folder in folders if folder not in {folder for folder, _ in finished}]
    if missing:
        raise UserError(
            f"the learning rate is chosen among {len(folders)} runs, and {missing[0]} is not finished; run it first"
        )
    best = max((metrics for _, metrics in finished), key=lambda metrics: metrics["metrics"]["held_out_accuracy"])
    return best["lr"]
