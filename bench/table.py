"""results/bench/DEVICE.md for people and DEVICE.csv for machines."""

import csv
import io
import re

HEAD = (
    "model",
    "step",
    "who",
    "ms (quartiles)",
    "× timm's speed (quartiles)",
    "images/s",
    "share of peak",
    "peak memory",
)


def file_name(device):
    """'intel-r-xeon-r-processor'."""
    return re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")


def as_markdown(rows, about):
    """about: lines above the table."""
    lines = [
        "# Speed and memory beside timm",
        "",
        *(f"- {line}" for line in about),
        "",
    ]
    return "\n".join([*lines, as_table(HEAD, map(_cells, rows))]) + "\n"


def as_table(head, rows):
    return "\n".join([_line(head), _line(["---"] * len(head)), *map(_line, rows)])


def _line(cells):
    return f"| {' | '.join(cells)} |"


def _cells(row):
    seconds, ratio = row.seconds, row.ratio
    memory = f"{row.memory / 2**20:,.0f} MiB" if row.memory is not None else ""
    return (
        row.model, row.step, row.who, f"{1e3 * seconds.middle:.1f} ({1e3 * seconds.low:.1f} to {1e3 * seconds.high:.1f})",
        f"{ratio.middle:.2f} ({ratio.low:.2f} to {ratio.high:.2f})", f"{row.images_per_second:.1f}", f"{row.share:.0%}", memory,
    )  # fmt: skip


def as_csv(rows, same):
    """same: columns with the same value in every row."""
    text, lines = io.StringIO(), [{**_numbers(row), **same} for row in rows]
    writer = csv.DictWriter(text, lines[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _numbers(row):
    spreads = {"milliseconds": (row.seconds, 1e3), "ratio": (row.ratio, 1)}
    numbers = {
        f"{name}_{part}": f"{factor * getattr(spread, key):.4f}"
        for name, (spread, factor) in spreads.items()
        for part, key in (("q1", "low"), ("median", "middle"), ("q3", "high"))
    }
    rest = {"images_per_second": f"{row.images_per_second:.3f}", "share_of_peak": f"{row.share:.4f}"}
    return {"model": row.model, "step": row.step, "who": row.who, **numbers, **rest, "memory_bytes": row.memory}
