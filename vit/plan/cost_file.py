"""The counted costs of a scale's models (results/SCALE/costs.json): counted in vit/run/costs.py, read without torch."""

import hashlib
import json
from pathlib import Path

from vit.errors import UserError
from vit.paths import ROOT, name_of, results

TRAINING = 3  # forward passes: backward costs twice as much as forward; explains every row of Table 6


def costs_file(scale_name: str) -> Path:
    return results(scale_name) / "costs.json"


def planned_keys(plan) -> list[str]:
    """Of all models that are counted: those of runs, and those whose sizes an experiment shows."""
    return sorted(trained_keys(plan) | {fact.cost_key for fact in plan.facts if fact.cost_key})


def trained_keys(plan) -> set[str]:
    return {run.cost_key for run in plan.runs.values()}


def code_digest() -> str:
    """Changes when the code that is counted changes."""
    files = [*sorted((ROOT / "vit" / "models").glob("*.py")), ROOT / "vit" / "run" / "costs.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def is_current(plan) -> bool:
    """Is every planned model in costs.json, counted by this code?"""
    path = costs_file(plan.scale_name)
    if not path.exists():
        return False
    try:
        content = json.loads(path.read_text())
        known = {*content["models"], *content.get("errors", {})}
        return content["code"] == code_digest() and set(planned_keys(plan)) <= known
    except (ValueError, KeyError, TypeError):
        return False


def forward_costs(scale_name: str) -> dict[str, dict]:
    """cost_key -> {flops of a forward pass of one image, parameters, and sizes of a ViT}. Errors: UserError where the file cannot be read."""
    return _content(scale_name)["models"]


def _content(scale_name: str) -> dict:
    path = costs_file(scale_name)
    try:
        content = json.loads(path.read_text())
        return {"models": content["models"], "errors": content.get("errors", {})}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{name_of(path)}: missing or damaged; `python -m vit cost --write {scale_name}` counts it anew"
        ) from None


def costs_of(plan) -> dict[str, dict]:
    """forward_costs, with every model that the plan trains. Errors: UserError where one is missing or cannot be built."""
    content = _content(plan.scale_name)
    costs, missing = content["models"], trained_keys(plan) - set(content["models"])
    if known := sorted(missing & set(content["errors"])):
        raise UserError(content["errors"][known[0]])
    if missing:
        path = name_of(costs_file(plan.scale_name))
        raise UserError(
            f"{path}: older than the experiments; `python -m vit cost --write {plan.scale_name}` counts again"
        )
    return costs
