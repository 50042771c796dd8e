"""The paper's layout: rows, columns and what stands in each place, the same for Markdown, HTML and the terminal."""

from dataclasses import dataclass

from vit.errors import UserError
from vit.report.names import stand_in, text, title


@dataclass(frozen=True)
class Entry:
    """One place of a table: a text, a small one below it, and the verdict that colours it."""

    main: str
    small: str = ""
    verdict: str = ""

    @property
    def below(self):
        return " · ".join(part for part in (self.small, self.verdict) if part)


@dataclass(frozen=True)
class Table:
    """Entries only; `labels` is how many columns at the left name the row."""

    labels: int
    header: list
    rows: list
    folded: str  # what is not shown because nothing of it runs at this scale


def lay_out(report):
    """Rows and columns without any planned run are folded away, unless a counted cost stands in the row."""
    row_axes, column_axes = report.experiment.rows, report.experiment.columns
    places = _places(report)
    rows, columns = _keys(report, row_axes), _keys(report, column_axes)
    costs = {tuple(map(text, key)): cost for key, cost in report.costs.items()}
    busy = [result for result in report.shown if result.cell.runs]
    busy_rows = {_key(result, row_axes) for result in busy} | set(costs)
    busy_columns = {_key(result, column_axes) for result in busy}
    shown = [column for column in columns if column in busy_columns]
    body = []
    for row in (row for row in rows if row in busy_rows):
        cells = [_cell_entry(places.get((row, column))) for column in shown]
        body.append(_labels(report, row_axes, row) + cells + (_cost_entries(costs.get(row)) if costs else []))
    header = [Entry(title(axis)) for axis in row_axes] + [
        _column_label(report, column_axes, column) for column in shown
    ]
    header += [Entry("exaFLOPs", "counted"), Entry("exaFLOPs", "these runs")] if costs else []
    idle = [(row_axes, row) for row in rows if row not in busy_rows]
    idle += [(column_axes, column) for column in columns if column not in busy_columns]
    return Table(len(row_axes), header, body, _folded(report, idle))


def _key(result, axes):
    return tuple(map(text, result.cell.key(axes)))


def _keys(report, axes):
    """Names of rows or columns, each axis in the order in which its values first appear."""
    keys = dict.fromkeys(_key(result, axes) for result in report.shown)
    order = [list(dict.fromkeys(values)) for values in zip(*keys, strict=True)]
    return sorted(keys, key=lambda key: [known.index(value) for known, value in zip(order, key, strict=True)])


def _places(report):
    """(row, column) -> result; two results in one place would hide each other."""
    rows, columns, places = report.experiment.rows, report.experiment.columns, {}
    for result in report.shown:
        place = _key(result, rows), _key(result, columns)
        if place in places:
            one, other = places[place].cell.axes, result.cell.axes
            hidden = [axis for axis in {**one, **other} if one.get(axis) != other.get(axis)]
            cause = f"name '{hidden[0]}' in rows or columns too" if hidden else "the grid names it twice"
            raise UserError(f"{report.name}.yaml: several cells stand at {' / '.join(place[0] + place[1])}; {cause}")
        places[place] = result
    return places


def _labels(report, axes, key):
    return [
        Entry(name, stand_in(report.plan, report.experiment, axis, name)) for axis, name in zip(axes, key, strict=True)
    ]


def _column_label(report, axes, key):
    entries = _labels(report, axes, key)
    return Entry(
        " / ".join(entry.main for entry in entries), " / ".join(entry.small for entry in entries if entry.small)
    )


def _cell_entry(result):
    if result is None:
        return Entry("")
    planned, n = result.planned, len(result.finished)
    main = "–" if not planned else "not finished" if not n else f"{result.mean:.2f}"
    main += f" ±{result.std:.2f}" if result.std is not None else ""
    main += f" (n={n} of {planned})" if 0 < n < planned else ""
    notes = [f"paper {result.paper:.2f}"] if result.paper is not None else []
    notes += [f"{result.difference:+.2f}"] if result.difference is not None else []
    return Entry(main, " · ".join(notes), result.verdict)


def _cost_entries(cost):
    """Counted cost beside the paper's; what these runs spent has nothing to be compared with."""
    if cost is None:
        return [Entry(""), Entry("")]
    digits = f" ({cost.exact:.2f})" if cost.exact != cost.paper else ""
    paper = f"paper {cost.paper:g}{digits} · {round(cost.difference, 1) + 0.0:+}%" if cost.paper else ""  # no '-0.0%'
    spent = "–" if not cost.planned else "not finished" if cost.spent is None else f"{cost.spent:.2g}"
    return [Entry(f"{cost.counted:.2f}", paper, cost.verdict), Entry(spent)]


def _folded(report, keys):
    """'transfer to ImageNet; model ViT-H/14': names of which nothing runs, or whole keys where the names run elsewhere."""
    names = {}
    for axes, key in keys:
        idle = [(title(axis), name) for axis, name in zip(axes, key, strict=True) if not _runs(report, axis, name)]
        for kind, name in idle or [(" / ".join(map(title, axes)), " / ".join(key))]:
            names.setdefault(kind, {})[name] = True
    return "; ".join(f"{kind} {', '.join(known)}" for kind, known in names.items())


def _runs(report, axis, name):
    return any(text(result.cell.axes.get(axis)) == name for result in report.planned)
