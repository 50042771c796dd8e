"""`make data-check`: for each data set whether it is present, its source and licence, and which table cells need it."""

import hashlib
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from glob import escape

import data
from data.base import Batches, ImageData
from data.disk.folder import data_folder
from data.disk.room import format_bytes
from data.fetch.download import WrongBytes, checksum_file
from data.fetch.fetch import verified
from data.fetch.ledger import LEDGER, row_of
from data.fetch.row import FETCHED, GENERATED, MANUAL, Row
from data.fetch.sources import File
from data.pictures.pictures import Pictures
from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.cells import Plan

REAL = "ImageNetReaL"  # labels that cells with the metric below need in addition to the sets of their runs
REAL_METRIC = "test_real_accuracy"
MATCHED, UNCHECKED, UNKNOWN = (
    "checksum matches",
    "not checked yet",
    "no checksum known, compared with the first download",
)
CHECKED = (MATCHED, UNCHECKED, UNKNOWN)
SPLIT = ("folder", "held_out", "split_seed", "subset")  # arguments that determine which images are held out


def data_check(scale: str, sets: Sequence[str] = (), hashes: bool = False) -> str:
    """A block of lines for each set, then a summary.

    sets: names or aliases; empty for all. hashes: read the files that are present, to compare checksums and to hash parts.
    """
    plan = make_plan(scale)
    needed = cells_of_sets(plan)
    try:
        selected = dict(map(row_of, sets)) or LEDGER
    except ValueError as error:
        raise UserError(str(error)) from None
    rows = {name: in_folders_of(row, name, plan) for name, row in LEDGER.items()}
    blocks = [block(name, rows[name], needed.get(name, {}), plan if hashes else None) for name in selected]
    return "\n\n".join([*blocks, summary(scale, rows.values())])


def cells_of_sets(plan: Plan) -> dict[str, Counter]:
    """Name of a set's class -> experiment -> how many of its cells have a run, or a run it starts from, on that set."""
    needed = {}
    for cell in plan.cells:
        names = {plan.runs[run].entry.set_name for run in plan.with_needs(cell.runs)}
        for name in names | ({REAL} if cell.runs and cell.metric == REAL_METRIC else set()):
            needed.setdefault(name, Counter())[cell.experiment] += 1
    return needed


def in_folders_of(row: Row, name: str, plan: Plan) -> Row:
    """The row of a set whose `folder` the scale states: present if every such folder exists in the data folder."""
    arguments = [run.config["data"]["init_args"] for run in plan.runs.values() if run.entry.set_name == name]
    folders = sorted({values["folder"] for values in arguments if "folder" in values})
    if not folders:
        return row
    put = f"{row.put} as {', '.join(f'{folder}/' for folder in folders)}"
    return replace(row, patterns=(tuple(map(escape, folders)),), put=put)


def block(name: str, row: Row, cells: Counter, plan: Plan | None) -> str:
    """What is known of one set, in lines of at most 120 characters. plan: None hashes nothing."""
    lines = [("state", state(name, row))]
    if row.bytes:
        lines.append(("size", format_bytes(row.bytes)))
    # The state of a manual download ends with its page already.
    lines += [("terms", row.terms), ("page", row.page)] if row.source != MANUAL else [("terms", row.terms)]
    if row.files:
        lines.append(("checksums", checksums(row, compare=plan is not None)))
    if row.images:
        classes = f"; {row.classes:,} classes" if row.classes else ""
        lines.append(("images", ", ".join(f"{split} {count:,}" for split, count in row.images.items()) + classes))
    if plan and row.present() and row.source != GENERATED:
        lines += [("parts", line) for line in parts(name, row, plan)]
    needed_by = ", ".join(f"{experiment}: {counted(count, 'cell')}" for experiment, count in cells.items())
    lines.append(("unlocks", needed_by or "-"))
    return "\n".join([f"{name}: {row.title}", *(wrapped(f"  {key:10} {text}") for key, text in lines)])


def wrapped(line: str) -> str:
    return textwrap.fill(line, 120, subsequent_indent=13 * " ", break_long_words=False, break_on_hyphens=False)


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def state(name: str, row: Row) -> str:
    """'present', or how to get the set; and the package to install."""
    present = row.present() and row.source in (FETCHED, MANUAL)
    how = "present" if present else row.how()
    if row.source == FETCHED and not present:
        how += f": make data SET={(*row.aliases, name.lower())[0]}"
    return how + (f"; needs {row.missing_package}: pip install {row.missing_package}" if row.missing_package else "")


def checksums(row: Row, compare: bool) -> str:
    """How many files have a known checksum and match it. compare: read those that are present now."""
    try:
        states = Counter(checked(file, compare) for file in row.files)
    except WrongBytes as error:
        return str(error)
    line = "; ".join(f"{state}: {counted(states[state], 'file')}" for state in CHECKED if states[state])
    return f"{line} (compare again with --hashes)" if states[MATCHED] and not compare else line


def checked(file: File, compare: bool) -> str:
    """One of CHECKED: a file beside its sha256 matched when it was downloaded."""
    path = data_folder() / file.path
    reread = compare and path.exists()
    if reread:
        verified(file, path)
    if not file.checksum:
        return UNKNOWN
    return MATCHED if reread or checksum_file(path).exists() else UNCHECKED


def parts(name: str, row: Row, plan: Plan) -> list[str]:
    """A line for each way in which the plan's recipes split the set: size and hash of each part."""
    kind, ways = getattr(data, name, None), {}
    for run in plan.runs.values():
        if run.entry.set_name == name:
            arguments = run.config["data"]["init_args"]
            ways.setdefault(tuple((key, arguments[key]) for key in SPLIT if key in arguments), arguments)
    lines = []
    for way, arguments in ways.items() if kind else ():
        try:
            module = kind(**{**arguments, "train_on": "train"})
            sizes = ", ".join(f"{part} {len(images):,} {digest(images)}" for part, images in loaded(module, row))
        except (OSError, ValueError, ImportError) as error:
            sizes = f"cannot be read: {error}"
        lines.append(f"{sizes} ({', '.join(f'{key} {value}' for key, value in way)})")
    return lines


def loaded(module: ImageData, row: Row) -> Iterable[tuple[str, Batches]]:
    """(name, images and labels) of the set's parts; a row without sizes is a folder of users, with train and test."""
    if {"train", "all"} & set(row.images) or not row.images:
        module.setup("fit")
    if {"test", "all"} & set(row.images) or not row.images:
        module.setup("test")
    return module.parts.items()


def digest(part: Batches) -> str:
    """Hash of labels and images; of encoded images only the names, so that none is decoded."""
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
    """The last line: counts over all sets."""
    present = [row for row in rows if row.present()]
    fetchable = [row for row in rows if row.source == FETCHED and row not in present]
    files = {row.files: row.bytes for row in fetchable}  # sets that share files are downloaded once
    manual = len(rows) - len(present) - len(fetchable)
    return (
        f"{len(present)} sets are present, {len(fetchable)} can be fetched ({format_bytes(sum(files.values()))}), "
        f"{manual} are manual downloads; cells are those of scale {scale}"
    )
