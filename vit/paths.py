"""Folders of experiments, results and runs, and how messages show a path."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = ROOT / "experiments"
PAPER = ROOT / "results" / "paper"  # the published numbers


def name_of(path: Path | str) -> str:
    """Relative to the repository if the path lies inside it, else absolute."""
    path = Path(path).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def results(scale_name: str) -> Path:
    """results/SCALE, in VIT_RESULTS if that is set."""
    return Path(os.environ.get("VIT_RESULTS", ROOT / "results")) / scale_name


def runs_folder(scale_name: str) -> Path:
    """results/SCALE/runs, with one folder per run, named by its id."""
    return results(scale_name) / "runs"
