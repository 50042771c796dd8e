"""`make data-check`: of every set whether it is here, how it comes, whose it is, and which cells of which tables need it."""

import hashlib
import textwrap
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from glob import escape

import data
from data.base import Batches, ImageData
from data.disk.folder import data_folder
from data.disk.room import human
from data.fetch.download import WrongBytes, checksum_file
from data.fetch.fetch import compared
from data.fetch.ledger import LEDGER, row_of
from data.fetch.row import BRING, FETCHED, MADE, Row
from data.fetch.sources import File
from data.pictures.pictures import Pictures
from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.cells import Plan

REAL = "ImageNetReaL"  # labels that cells with the metric below need besides their runs' sets
REAL_METRIC = "test_real_accuracy"
MATCHED, UNCHECKED, UNKNOWN = "known and matched", "known, not checked yet", "none known, the first download counts"
CHECKED = (MATCHED, UNCHECKED, UNKNOWN)
SPLIT = ("folder", "held_out", "split_seed", "subset")  # what of a recipe says which images are held out, and of which


def data_check(scale: str, sets: Sequence[str] = (), hashes: bool = False) -> str:
    """A block a set; `hashes` reads what is here, to compare checksums and to take those of its parts.

    sets: their names or short names; none are all of them.
    """
    plan = make_plan(scale)
    needed = cells_of_sets(plan)
    try:
        asked = dict(map(row_of, sets)) or LEDGER
    except ValueError as error:
        raise UserError(str(error)) from None
    rows = {name: in_folders_of(row, name, plan) for name, row in LEDGER.items()}
    blocks = [block(name, rows[name], needed.get(name, {}), plan if hashes else None) for name in asked]
    return "\n\n".join([*blocks, summary(scale, rows.values())])


def cells_of_sets(plan: Plan) -> dict[str, Counter]:
    """Name of a set's class -> experiment -> how many of its cells have a run, or the start of one, on that set."""
    needed = {}
    for cell in plan.cells:
        names = {plan.runs[run].entry.set_name for run in plan.with_needs(cell.runs)}
        for name in names | ({REAL} if cell.runs and cell.metric == REAL_METRIC else set()):
            needed.setdefault(name, Counter())[cell.experiment] += 1
    return needed


def in_folders_of(row: Row, name: str, plan: Plan) -> Row:
    """A set of which the scale says the folder: present if each of these folders lies in the data folder."""
    arguments = [run.config["data"]["init_args"] for run in plan.runs.values() if run.entry.set_name == name]
    folders = sorted({given["folder"] for given in arguments if "folder" in given})
    if not folders:
        return row
    return replace(
        row, places=(tuple(map(escape, folders)),), to=f"{row.to} as {', '.join(f'{one}/' for one in folders)}"
    )


def block(name: str, row: Row, cells: Counter, plan: Plan | None) -> str:
    """What there is to say of one set, in lines of at most 120 characters."""
    lines = [("state", state(name, row))]
    if row.bytes:
        lines.append(("size", human(row.bytes)))
    lines += [("terms", row.terms), ("page", row.page)] if row.way != BRING else [("terms", row.terms)]
    if row.files:
        lines.append(("checksums", checksums(row, compare=plan is not None)))
    if row.images:
        classes = f"; {row.classes:,} classes" if row.classes else ""
        lines.append(("images", ", ".join(f"{split} {count:,}" for split, count in row.images.items()) + classes))
    if plan and row.present() and row.way != MADE:
        lines += [("parts", line) for line in parts(name, row, plan)]
    lines.append(("unlocks", ", ".join(f"{one}: {counted(count, 'cell')}" for one, count in cells.items()) or "-"))
    return "\n".join([f"{name}: {row.title}", *(wrapped(f"  {key:10} {text}") for key, text in lines)])


def wrapped(line: str) -> str:
    return textwrap.fill(line, 120, subsequent_indent=13 * " ", break_long_words=False, break_on_hyphens=False)


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def state(name: str, row: Row) -> str:
    """Present, or how it comes."""
    here = "present" if row.present() and row.way in (FETCHED, BRING) else row.how()
    command = f": make data SET={(*row.names, name.lower())[0]}" if row.way == FETCHED and here != "present" else ""
    return f"{here}{command}" + (f"; needs {row.lacks}: pip install {row.lacks}" if row.lacks else "")


def checksums(row: Row, compare: bool) -> str:
    """Of how many files one is known, and has been compared; `compare` does so now with those that are here."""
    try:
        found = Counter(checked(file, compare) for file in row.files)
    except WrongBytes as error:
        return str(error)
    again = "" if compare or not found[MATCHED] else " (--hashes compares what is here again)"
    return "; ".join(f"{word}: {counted(found[word], 'file')}" for word in CHECKED if found[word]) + again


def checked(file: File, compare: bool) -> str:
    """One of CHECKED: a download leaves the sha256 beside the file when it was the right one."""
    path = data_folder() / file.place
    here = compare and path.exists()
    if here:
        compared(file, path)
    if not file.checksum:
        return UNKNOWN
    return MATCHED if here or checksum_file(path).exists() else UNCHECKED


def parts(name: str, row: Row, plan: Plan) -> list[str]:
    """For every way in which the plan's recipes divide the set: size and hash of each part."""
    kind, ways = getattr(data, name, None), {}
    for run in plan.runs.values():
        if run.entry.set_name == name:
            arguments = run.config["data"]["init_args"]
            ways.setdefault(tuple((key, arguments[key]) for key in SPLIT if key in arguments), arguments)
    lines = []
    for way, arguments in ways.items() if kind else ():
        try:
            module = kind(**{**arguments, "train_on": "train"})
            told = ", ".join(f"{part} {len(images):,} {digest(images)}" for part, images in loaded(module, row))
        except (OSError, ValueError, ImportError) as error:
            told = f"cannot be read: {error}"
        lines.append(f"{told} ({', '.join(f'{key} {value}' for key, value in way)})")
    return lines


def loaded(module: ImageData, row: Row):
    """(name, images and labels) of the parts that the set has; those of people's pictures are train and test."""
    if {"train", "all"} & set(row.images) or not row.images:
        module.setup("fit")
    if {"test", "all"} & set(row.images) or not row.images:
        module.setup("test")
    return module.parts.items()


def digest(part: Batches) -> str:
    """Of labels and images; where those stay encoded, of their names, which decodes none."""
    total = hashlib.sha256()
    for labels in part.all_labels:
        total.update(labels.contiguous().numpy().tobytes())
    if isinstance(part.images, Pictures):
        inside = f"{data_folder()}/"
        for index in range(len(part.images)):
            total.update(part.images.name(index).removeprefix(inside).encode(errors="surrogateescape") + b"\n")
    else:
        total.update(part.images.contiguous().numpy())
    return total.hexdigest()[:10]


def summary(scale: str, rows: Collection[Row]) -> str:
    """The last line, of all sets."""
    here = [row for row in rows if row.present()]
    fetched = [row for row in rows if row.way == FETCHED and row not in here]
    files = {row.files: row.bytes for row in fetched}  # some sets share theirs
    brought = len(rows) - len(here) - len(fetched)
    return (
        f"{len(here)} sets are here, {len(fetched)} can be fetched ({human(sum(files.values()))}), {brought} have to be"
        f" brought; cells are those of scale {scale}"
    )
