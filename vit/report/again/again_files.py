"""NAME.md and NAME.csv of an experiment that was made anew, and what the terminal shows of them."""

from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.paths import name_of, results
from vit.plan.overview import aligned
from vit.report.again.measured import read_measured
from vit.report.again.move_rows import COLUMNS, as_csv, in_spreads, row
from vit.report.again.moves import FAR, Move, Moves, label, moves_between, root_mean_square, telling_axes
from vit.report.markdown import row_line, section
from vit.report.provenance import provenance_of

SAME = ("runs", "devices", "versions", "commit", "dates")  # what is told of both, where it is known


def write_again(scale: str, name: str, other: str) -> str:
    """Compare results/SCALE/NAME.csv with OTHER/SCALE/NAME.csv; write results/SCALE/again/NAME.md and .csv. Returns the text
    for the terminal. Errors: UserError where a file is missing or damaged."""
    stated, again = results(scale) / f"{name}.csv", Path(other) / scale / f"{name}.csv"
    if again.exists() and stated.exists() and again.samefile(stated):
        raise UserError(
            f"{name_of(again)}: this is the file to compare with; name another results folder under --other"
        )
    moves = moves_between(read_measured(stated), read_measured(again))
    if not moves.moves:
        raise UserError(
            f"{name_of(again)}: no cell has a number in {name_of(stated)} too, so there is nothing to compare"
        )
    differing, found = made_with(stated, again), [*summary(moves), *apart(moves)]
    folder = stated.parent / "again"
    write_text(folder / f"{name}.md", markdown(f"{name} at scale {scale}, made anew", moves, found, differing))
    write_text(folder / f"{name}.csv", as_csv(name, moves))
    axes = telling_axes(moves.cells)
    lines = aligned([COLUMNS, *(row(move, axes) for move in moves.moves)])
    files = (f"  {name_of(folder / name)}.{ending}" for ending in ("md", "csv"))
    return "\n".join(["", *lines, "", *found, "", *differing, "", *files])


def summary(moves: Moves) -> list[str]:
    """How many cells moved and how far, a line for each unit; then learning rates, then the runs' names."""
    lines = [line for unit, some in moves.by_unit().items() for line in summary_of(some, unit, moves)]
    count, rates, runs = len(moves.moves), len(moves.other_rates), len(moves.other_runs)
    lines.append(
        f"another learning rate was chosen in {rates} of {count} cells"
        if rates
        else "the same learning rates were chosen"
    )
    if runs:
        lines.append(
            f"{runs} of {count} cells come from runs of other names: their configs are not the same, so more than chance moves them"
        )
    return lines


def summary_of(some: list[Move], unit: str, moves: Moves) -> list[str]:
    moved, spread = [move for move in some if move.difference], [move for move in some if move.stated.std is not None]
    lines = [f"{len(moved)} of {len(some)} cells in {unit} moved"]
    if spread:
        squares = [
            root_mean_square(values) for values in zip(*((m.difference, m.stated.std) for m in spread), strict=True)
        ]
        lines += [
            f"{sum(move.far for move in spread)} of the {len(spread)} with a spread moved by more than {FAR} spreads",
            "root mean square over those: moves {:.2f}, stated spreads {:.2f} {}".format(*squares, unit),
        ]
    if len(spread) < len(some):
        lines.append(f"{len(some) - len(spread)} cells state no spread, as they have one seed")
    return lines + ([largest(moved, unit, moves)] if moved else [])


def largest(moved: list[Move], unit: str, moves: Moves) -> str:
    move = max(moved, key=lambda move: abs(move.difference))
    where = label(move.stated, telling_axes(moves.cells))
    return f"the largest move: {move.difference:+.2f} {unit} (in spreads: {in_spreads(move)}), {where}"


def apart(moves: Moves) -> list[str]:
    """Cells with a number in one of the files only."""
    axes = telling_axes(moves.cells)
    kinds = (("no number in the new file", moves.only_stated), ("no number in the stated file", moves.only_again))
    return [f"{text}: {label(cell, axes)}" for text, cells in kinds for cell in cells]


def made_with(stated: Path, again: Path) -> list[str]:
    """What each was made with, from the line that NAME.md ends in."""
    then, now = (provenance_of(read_text(path.with_suffix(".md"))) for path in (stated, again))
    return [compared(part, then.get(part, "unknown"), now.get(part, "unknown")) for part in SAME]


def compared(part: str, then: str, now: str) -> str:
    same = then == now and then != "unknown"
    return f"{part}: the same ({then})" if same else f"{part}: {then} → {now}"


def read_text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def markdown(title: str, moves: Moves, found: list[str], differing: list[str]) -> str:
    axes = telling_axes(moves.cells)
    table = [row_line(COLUMNS), row_line([":--"] + [":-:"] * (len(COLUMNS) - 1))]
    table += [row_line(row(move, axes)) for move in moves.moves]
    about = (
        "Each cell that has a number before and after: the mean over seeds with its standard deviation, the new mean, how far it moved,"
        " the same in stated standard deviations, and the learning rates."
    )
    parts = [f"# {title}", about, section("Moves", found), section("Made with, before → after", differing)]
    return "\n\n".join([*parts, "## The cells", "\n".join(table)]) + "\n"
