"""The paper's layout of rows and columns with an entry in each cell, the same for Markdown, HTML and the terminal."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from vit.errors import UserError
from vit.plan import Cell
from vit.plan.measured_speed import UNITS
from vit.plan.schema import Experiment
from vit.report.against_base import base_text
from vit.report.collect import Report
from vit.report.cost.columns import CoreDays
from vit.report.cost.rows import Cost
from vit.report.names import cell_text, key_texts, printed_in, stand_in, title, with_axis
from vit.report.provenance import devices
from vit.report.results import Result

Key = tuple[str, ...]  # a row or a column: the printed values of its axes


@dataclass(frozen=True)
class Entry:
    """One cell of a table: its text, small lines below it, and the verdict, which also sets its color."""

    main: str
    small: str = ""
    verdict: str = ""
    base: str = ""  # the difference to the experiment's base
    # the Result or FactResult whose number it is; None for labels and costs
    result: object = field(default=None, compare=False, repr=False)

    @property
    def smalls(self) -> list[str]:
        return [part for part in (self.small, self.base, self.verdict) if part]


@dataclass(frozen=True)
class Table:
    """Entries only. labels: number of columns at the left that name the row."""

    labels: int
    header: list[Entry]
    rows: list[list[Entry]]
    folded: str  # names of what is not shown because nothing of it runs at this scale
    below: int = 0  # of the rows, the last ones hold another quantity than those above


def lay_out(report: Report) -> Table:
    """Rows and columns without any planned run are folded away, except rows with a counted cost."""
    row_axes, column_axes = report.experiment.rows, report.experiment.columns
    results = results_by_key(report)
    rows, columns = ordered_keys(report, row_axes), ordered_keys(report, column_axes)
    costs = {key_texts(row_axes, key): cost for key, cost in report.costs.items()}
    busy = [result for result in report.table_results if result.cell.runs]
    busy_rows = {printed_key(result, row_axes) for result in busy} | set(costs)
    busy_columns = {printed_key(result, column_axes) for result in busy}
    shown = [column for column in columns if column in busy_columns]
    body = []
    for row in (row for row in rows if row in busy_rows):
        cells = [accuracy_entry(report.experiment, results.get((row, column))) for column in shown]
        body.append(label_entries(report, row_axes, row) + cells + (cost_entries(costs.get(row)) if costs else []))
    below = core_days_rows(report, shown) if body else []
    header = [Entry(title(axis)) for axis in row_axes] + [column_label(report, column_axes, key) for key in shown]
    header += [Entry("exaFLOPs", "counted"), Entry("exaFLOPs", "these runs")] if costs else []
    idle = [(row_axes, row) for row in rows if row not in busy_rows]
    idle += [(column_axes, column) for column in columns if column not in busy_columns]
    return Table(len(row_axes), header, body + below, folded_names(report, idle), len(below))


def printed_key(result: Result, axes: list[str]) -> Key:
    return tuple(cell_text(result.cell, axis) for axis in axes)


def ordered_keys(report: Report, axes: list[str]) -> list[Key]:
    """Keys of all rows or columns."""
    return ordered(printed_key(result, axes) for result in report.table_results)


def ordered(keys: Iterable[Key]) -> list[Key]:
    """The different keys, each axis in the order in which its values first appear."""
    keys = dict.fromkeys(keys)
    order = [list(dict.fromkeys(values)) for values in zip(*keys, strict=True)]
    return sorted(keys, key=lambda key: [known.index(value) for known, value in zip(order, key, strict=True)])


def results_by_key(report: Report) -> dict[tuple[Key, Key], Result]:
    """(row, column) -> result. UserError for two with the same keys: one would hide the other."""
    results = {}
    for result in report.table_results:
        row, column = printed_key(result, report.experiment.rows), printed_key(result, report.experiment.columns)
        # The planner compares the cells' axes; a label under `means` may still be the name of another row or column.
        if (row, column) in results:
            raise UserError(
                f"{report.name}.yaml: {' / '.join(row + column)} is printed for two results; rename one label"
            )
        results[row, column] = result
    return results


def label_entries(report: Report, axes: list[str], key: Key) -> list[Entry]:
    return [
        Entry(name, stand_in(report.plan, report.experiment, axis, name)) for axis, name in zip(axes, key, strict=True)
    ]


def column_label(report: Report, axes: list[str], key: Key) -> Entry:
    """A number, null, true and false are preceded by their axis: 'pretrain.lr x0.3'."""
    entries = label_entries(report, axes, key)
    named = (with_axis(axis, entry.main) for axis, entry in zip(axes, entries, strict=True))
    return Entry(" / ".join(named), " / ".join(entry.small for entry in entries if entry.small))


def accuracy_entry(experiment: Experiment, result: Result | None) -> Entry:
    if result is None:
        return Entry("")
    planned, n = result.planned, len(result.finished)
    main = "–" if not planned else "not finished" if not n else digits(result.cell, result.mean)
    main += f" ±{result.std:.2f}" if result.std is not None else ""
    main += f" (n={n} of {planned})" if 0 < n < planned else ""
    notes = devices(result.finished) if result.cell.metric in UNITS else []
    notes += [f"{printed_in(experiment)} {digits(result.cell, result.paper)}"] if result.paper is not None else []
    notes += [f"{result.difference:+.2f}"] if result.difference is not None else []
    return Entry(main, " · ".join(notes), result.verdict, base_text(experiment, result), result)


def digits(cell: Cell, value: float) -> str:
    """Two decimals; of speeds and batches, which span decades, three digits or whole numbers."""
    return f"{value:.2f}" if cell.metric not in UNITS else f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def cost_entries(cost: Cost | None) -> list[Entry]:
    """Counted cost beside the paper's; what these runs spent has nothing to be compared with."""
    if cost is None:
        return [Entry(""), Entry("")]
    digits = f" ({cost.exact:.2f})" if cost.exact != cost.paper else ""
    paper = f"paper {cost.paper:g}{digits} · {round(cost.difference, 1) + 0.0:+}%" if cost.paper else ""  # no '-0.0%'
    spent = "–" if not cost.planned else "not finished" if cost.spent is None else f"{cost.spent:.2g}"
    return [Entry(f"{cost.counted:.2f}", paper, cost.verdict), Entry(spent)]


def core_days_rows(report: Report, columns: list[Key]) -> list[list[Entry]]:
    """Two rows below the accuracies: counted exaFLOPs, and core-days of a TPUv3 beside the printed ones."""
    if not report.core_days:
        return []
    labels = [Entry("")] * (len(report.experiment.rows) - 1)
    days = {key_texts(report.experiment.columns, key): days for key, days in report.core_days.items()}
    spent = [days.get(column) for column in columns]
    return [
        [
            Entry("exaFLOPs of pre-training", "counted"),
            *labels,
            *(Entry(f"{d.exaflops:.0f}" if d else "") for d in spent),
        ],
        [Entry("TPUv3-core-days", "implied"), *labels, *map(core_days_entry, spent)],
    ]


def core_days_entry(days: CoreDays | None) -> Entry:
    if days is None:
        return Entry("")
    implied = " to ".join(f"{bound:.0f}" for bound in days.implied) if days.implied else "–"
    return Entry(implied, f"paper {days.printed:g}" if days.printed else "")


def folded_names(report: Report, keys: list[tuple[list[str], Key]]) -> str:
    """'transfer to ImageNet; model ViT-H/14': names that nothing runs for; whole keys if their names run elsewhere."""
    names = {}
    for axes, key in keys:
        idle = [(title(axis), name) for axis, name in zip(axes, key, strict=True) if not has_runs(report, axis, name)]
        for kind, name in idle or [(" / ".join(map(title, axes)), " / ".join(key))]:
            names.setdefault(kind, {})[name] = True
    return "; ".join(f"{kind} {', '.join(known)}" for kind, known in names.items())


def has_runs(report: Report, axis: str, name: str) -> bool:
    return any(cell_text(result.cell, axis) == name for result in report.planned)
