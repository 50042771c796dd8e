"""Where things lie: experiments, results, and how a path is shown to people."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = ROOT / "experiments"
PAPER = ROOT / "results" / "paper"  # the published numbers


def name_of(path: Path | str) -> str:
    """The path as people type it: relative to the repository where it lies inside."""
    path = Path(path).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def results(scale_name: str) -> Path:
    """results/SCALE; VIT_RESULTS points elsewhere (a bigger disk, a test)."""
    return Path(os.environ.get("VIT_RESULTS", ROOT / "results")) / scale_name


def runs_folder(scale_name: str) -> Path:
    """results/SCALE/runs: a folder for each run, named by its id."""
    return results(scale_name) / "runs"
