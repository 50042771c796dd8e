"""Where the numbers come from: taken from the runs themselves, so that rendering later changes nothing."""

from vit.plan.overview import duration


def provenance(report):
    """One line: runs and their time, dates, devices, versions, commits."""
    runs = list(report.finished.values())
    if not runs:
        return "No run is finished yet."
    days = sorted(metrics["date"][:10] for metrics in runs)
    dates = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    devices = _distinct(f"{metrics['device']}, {metrics['threads']} thread{'s' * (metrics['threads'] != 1)}" for metrics in runs)
    versions = _distinct(f"{name} {version}" for metrics in runs for name, version in metrics["versions"].items())
    commits = _distinct(metrics["commit"] or "unknown" for metrics in runs)
    resumed = sum(metrics["resumed"] for metrics in runs)
    return (
        f"From {len(runs)} runs that took {duration(sum(metrics['seconds'] for metrics in runs))} in sum ({resumed} of them resumed); "
        f"{dates}; {'; '.join(devices)}; {', '.join(versions)}; commit {', '.join(commits)}"
        f"{' (+: with uncommitted changes)' if any('+' in commit for commit in commits) else ''}."
    )


def _distinct(words):
    return sorted(set(words))
