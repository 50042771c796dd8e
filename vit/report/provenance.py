"""Where the numbers come from: read from the runs' records only, so that rendering again later gives the same bytes."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from vit.plan.overview import duration
from vit.report.collect import Report

PARTS = re.compile(  # of the line that `provenance` writes
    r"^From (?P<runs>\d+ runs) .*? resumed\); (?P<dates>[^;]*); (?P<devices>.*); (?P<versions>[^;]*); commit (?P<commit>[^;(]*?)(?: \(.*\))?\.$",
    re.MULTILINE,
)


def provenance(report: Report) -> str:
    """One line: number of runs and their time, dates, devices, versions, commits."""
    records = list(report.finished.values())
    if not records:
        return "No run is finished yet."
    days = sorted(record["date"][:10] for record in records)
    dates = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    versions = distinct(f"{name} {version}" for record in records for name, version in record["versions"].items())
    commits = distinct(record["commit"] or "unknown" for record in records)
    resumed = sum(record["resumed"] for record in records)
    return (
        f"From {len(records)} runs of {duration(sum(record['seconds'] for record in records))} in sum, "
        f"{duration(wall_time(records))} from the first start to the last end ({resumed} resumed); "
        f"{dates}; {'; '.join(devices(records))}; {', '.join(versions)}; commit {', '.join(commits)}"
        f"{' (+: with uncommitted changes)' if any('+' in commit for commit in commits) else ''}."
    )


def provenance_of(document: str) -> dict[str, str]:
    """'runs', 'dates', 'devices', 'versions' and 'commit' of a rendered NAME.md; {} where it has no such line."""
    found = PARTS.search(document)
    return found.groupdict() if found else {}


def devices(records: Iterable[dict]) -> list[str]:
    """'a processor, 2 threads', each once."""
    return distinct(
        f"{record['device']}, {record['threads']} thread{'s' * (record['threads'] != 1)}" for record in records
    )


def wall_time(records: list[dict]) -> float:
    """Seconds from the first start to the last end, idle time between commands included."""
    ends = [(datetime.fromisoformat(record["date"]), record["seconds"]) for record in records]
    first = min(end - timedelta(seconds=seconds) for end, seconds in ends)
    return (max(end for end, _ in ends) - first).total_seconds()


def distinct(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts))
