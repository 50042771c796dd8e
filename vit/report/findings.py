"""Is pre-training worth it? Computed from the table where it has from-scratch rows, and said plainly."""

from vit.plan.schema import SCRATCH
from vit.report.names import stand_in, text

SHARED = ("model", "transfer", "options", "metric")


def from_scratch(report):
    """A line for each transfer set, then the cells where pre-training is not ahead."""
    gains = _gains(report)
    lines, behind = [], [pair for pair in gains if pair[0] <= 0]
    for transfer in dict.fromkeys(result.cell.axes["transfer"] for _, result in gains):
        lines.append(_line(report, transfer, [pair for pair in gains if pair[1].cell.axes["transfer"] == transfer]))
    if gains:
        where = "; ".join(
            f"{_name(report, result)} on {result.cell.axes['transfer']} ({gain:+.2f})" for gain, result in behind
        )
        lines.append(f"not ahead in {len(behind)} of {len(gains)} cells{': ' + where if where else ''}")
    return lines


def _gains(report):
    """(points ahead of the same model from scratch, result) for every pre-trained cell where both are there."""
    measured = [result for result in report.results if result.mean is not None and "pretrain" in result.cell.axes]
    scratch = {_pair(result): result.mean for result in measured if result.cell.axes["pretrain"] == SCRATCH}
    others = [result for result in measured if result.cell.axes["pretrain"] != SCRATCH]
    return [(result.mean - scratch[_pair(result)], result) for result in others if _pair(result) in scratch]


def _pair(result):
    """What a pre-trained cell shares with the from-scratch cell that it is compared with: all but the pre-training."""
    recipe = result.cell.recipes[-1]
    shared = {key: value for key, value in result.cell.axes.items() if key in SHARED or key.startswith(f"{recipe}.")}
    return str(shared), recipe, result.cell.schedule.get(recipe)


def _line(report, transfer, pairs):
    (worst, worst_result), (best, best_result) = (
        min(pairs, key=lambda pair: pair[0]),
        max(pairs, key=lambda pair: pair[0]),
    )
    ahead = sum(gain > 0 for gain, _ in pairs)
    instead = stand_in(report.plan, report.experiment, "transfer", transfer)
    where = f"{transfer} ({instead})" if instead else transfer
    return (
        f"{where}: with equal fine-tuning steps, pre-trained is ahead of from scratch in {ahead} of {len(pairs)} cells; "
        f"worst {worst:+.2f} points ({_name(report, worst_result)}), best {best:+.2f} ({_name(report, best_result)})"
    )


def _name(report, result):
    """'ViT-B/16, ImageNet-21k': what names the cell's row and column, without the transfer set."""
    axes = [axis for axis in (*report.experiment.columns, *report.experiment.rows) if axis != "transfer"]
    return ", ".join(text(result.cell.axes[axis]) for axis in axes)
