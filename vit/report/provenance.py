"""Where the numbers come from: taken from the runs themselves, so that rendering later changes nothing."""

from datetime import datetime, timedelta

from vit.plan.overview import duration


def provenance(report):
    """One line: runs and their time, dates, devices, versions, commits."""
    runs = list(report.finished.values())
    if not runs:
        return "No run is finished yet."
    days = sorted(metrics["date"][:10] for metrics in runs)
    dates = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    devices = _distinct(
        f"{metrics['device']}, {metrics['threads']} thread{'s' * (metrics['threads'] != 1)}" for metrics in runs
    )
    versions = _distinct(f"{name} {version}" for metrics in runs for name, version in metrics["versions"].items())
    commits = _distinct(metrics["commit"] or "unknown" for metrics in runs)
    resumed = sum(metrics["resumed"] for metrics in runs)
    return (
        f"From {len(runs)} runs of {duration(sum(metrics['seconds'] for metrics in runs))} in sum, "
        f"{duration(wall_time(runs))} from the first start to the last end ({resumed} resumed); "
        f"{dates}; {'; '.join(devices)}; {', '.join(versions)}; commit {', '.join(commits)}"
        f"{' (+: with uncommitted changes)' if any('+' in commit for commit in commits) else ''}."
    )


def wall_time(runs):
    """Seconds by the clock, pauses between commands included."""
    ends = [(datetime.fromisoformat(metrics["date"]), metrics["seconds"]) for metrics in runs]
    first = min(end - timedelta(seconds=seconds) for end, seconds in ends)
    return (max(end for end, _ in ends) - first).total_seconds()


def _distinct(words):
    return sorted(set(words))
