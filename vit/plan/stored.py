"""results/SCALE/plan.json: what training needs to know of a plan, so that it depends on no YAML that is edited meanwhile."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.paths import name_of, results, runs_folder
from vit.plan.yaml_files import read_yaml

FACTS = ("name", "needs", "images", "set_images", "keeps_weights", "cost_key")  # of a Run, beside its config


@dataclass(frozen=True)
class StoredRun:
    """A planned run, its config read from its folder when it is needed; the fields are those of Run."""

    id: str
    folder: Path
    name: str
    needs: list
    images: int
    set_images: int | None
    keeps_weights: bool
    cost_key: str

    @cached_property
    def config(self) -> dict:
        return read_yaml(self.folder / "config.yaml")


@dataclass(frozen=True)
class StoredPlan:
    """experiments: name -> ids of its runs, in an order that can be followed. runs: id -> StoredRun. varied: see varied_of."""

    scale_name: str
    assumed_flops_per_second: float
    experiments: dict
    runs: dict
    varied: dict

    def varied_of(self, experiment: str) -> dict[str, str]:
        """Run of an experiment -> what varies that its name does not say."""
        return self.varied[experiment]

    def runs_of(self, experiment: str) -> list[str]:
        return self.experiments[experiment]


def write_plan(plan) -> None:
    runs = {run.id: {fact: getattr(run, fact) for fact in FACTS} for run in plan.runs.values()}
    experiments = {name: plan.runs_of(name) for name in plan.experiments}
    varied = {name: plan.varied_of(name) for name in plan.experiments}
    facts = {"assumed_flops_per_second": plan.assumed_flops_per_second, "varied": varied}
    content = {**facts, "experiments": experiments, "runs": runs}
    write_text(plan_file(plan.scale_name), json.dumps(content, indent=0) + "\n")


def read_plan(scale_name: str) -> StoredPlan:
    """The plan that `python -m vit plan --write` left. Errors: UserError where it is missing or damaged."""
    path, folder = plan_file(scale_name), runs_folder(scale_name)
    try:
        content = json.loads(path.read_text())
        runs = {run_id: StoredRun(run_id, folder / run_id, **facts) for run_id, facts in content.pop("runs").items()}
        return StoredPlan(scale_name, runs=runs, **content)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        command = f"python -m vit plan --scale {scale_name} --write"
        raise UserError(f"{name_of(path)}: missing, damaged or of another version; `{command}` writes it") from None


def plan_file(scale_name: str) -> Path:
    return results(scale_name) / "plan.json"
