"""Pre-training against training from scratch, computed from tables that have from-scratch rows."""

from vit.plan.schema import SCRATCH
from vit.report.collect import Report
from vit.report.names import axis_text, stand_in
from vit.report.results import Result

SHARED = ("model", "transfer", "options", "metric")


def from_scratch(report: Report) -> list[str]:
    """One line per transfer set, then one that lists every cell in which pre-training does not win; [] without pairs."""
    gains = scratch_gains(report)
    lines, behind = [], [pair for pair in gains if pair[0] <= 0]
    for transfer in dict.fromkeys(result.cell.axes["transfer"] for _, result in gains):
        pairs = [pair for pair in gains if pair[1].cell.axes["transfer"] == transfer]
        lines.append(transfer_line(report, transfer, pairs))
    if gains:
        listed = "; ".join(
            f"{cell_label(report, result)} on {result.cell.axes['transfer']} ({gain:+.2f})" for gain, result in behind
        )
        lines.append(f"not ahead in {len(behind)} of {len(gains)} cells{': ' + listed if listed else ''}")
    return lines


def scratch_gains(report: Report) -> list[tuple[float, Result]]:
    """(points ahead of the same model from scratch, result) for each pre-trained cell; both must be measured."""
    measured = [result for result in report.results if result.mean is not None and "pretrain" in result.cell.axes]
    scratch = {scratch_key(result): result.mean for result in measured if result.cell.axes["pretrain"] == SCRATCH}
    others = [result for result in measured if result.cell.axes["pretrain"] != SCRATCH]
    return [(result.mean - scratch[scratch_key(result)], result) for result in others if scratch_key(result) in scratch]


def scratch_key(result: Result) -> tuple:
    """Equal for a pre-trained cell and its from-scratch counterpart: everything but the pre-training."""
    recipe = result.cell.recipes[-1]
    shared = {key: value for key, value in result.cell.axes.items() if key in SHARED or key.startswith(f"{recipe}.")}
    return str(shared), recipe, result.cell.schedule.get(recipe)


def transfer_line(report: Report, transfer: str, pairs: list[tuple[float, Result]]) -> str:
    (worst, worst_result), (best, best_result) = (
        min(pairs, key=lambda pair: pair[0]),
        max(pairs, key=lambda pair: pair[0]),
    )
    ahead = sum(gain > 0 for gain, _ in pairs)
    substitute = stand_in(report.plan, report.experiment, "transfer", transfer)
    name = f"{transfer} ({substitute})" if substitute else transfer
    return (
        f"{name}: with equal fine-tuning steps, pre-trained is ahead of from scratch in {ahead} of {len(pairs)} cells; "
        f"worst {worst:+.2f} points ({cell_label(report, worst_result)}), best {best:+.2f} ({cell_label(report, best_result)})"
    )


def cell_label(report: Report, result: Result) -> str:
    """'ViT-B/16, ImageNet-21k': the cell's column and row, without the transfer set."""
    axes = [axis for axis in (*report.experiment.columns, *report.experiment.rows) if axis != "transfer"]
    return ", ".join(axis_text(axis, result.cell.axes[axis]) for axis in axes)
