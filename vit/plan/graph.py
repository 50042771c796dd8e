"""The plan as Make rules, one a process: targets are its runs' metrics.json, order-only prerequisites the runs they need."""

import re
import shutil
from pathlib import Path

import yaml

from vit.atomic import write_text
from vit.errors import UserError
from vit.paths import name_of, results, runs_folder
from vit.plan.cells import digest
from vit.plan.experiment import MAKE_NAME, TARGETS
from vit.plan.stored import write_plan
from vit.plan.yaml_files import read_yaml

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the same bytes, faster where PyYAML was built with libyaml
GRID, CLUSTER_GRID = "grid.mk", "cluster.mk"  # of this machine, and of a cluster, where other runs may share a process
HEAD = """# Made by `python -m vit plan --scale {scale} --write` from experiments/; make renews it, nobody edits it.
"""


def groups(plan, processes: str | None = None) -> list[list[str]]:
    """Lists of run ids that share a process, by `processes` or as the scale says. Runs of different experiments are kept apart, so
    that `make table5` trains no others.

    one-a-table: no fewer are possible then. No two wait for each other, since what a run needs is needed by all of its
    experiments: it is in the same process, or in one of more experiments.

    Longest first, or the last process would run alone: most images first; among equals the order of the tables
    reversed, since the paper lists small models before large ones.
    """
    wanted = {name: set(plan.runs_of(name)) for name in plan.experiments}
    by_key = {}
    for run in plan.runs.values():
        askers = tuple(name for name in wanted if run.id in wanted[name])
        part = {"one-a-run": run.id, "one-a-chain": run.chain, "one-a-table": ""}[processes or plan.scale.processes]
        by_key.setdefault((part, askers), []).append(run.id)
    return sorted(reversed(by_key.values()), key=lambda group: -sum(plan.runs[run].images for run in group))


def write_graph(plan, processes: str | None = None, file: str = GRID) -> None:
    """results/SCALE/FILE, and for every run its folder with config.yaml. processes: as of a scale, whose own is the default."""
    folder = runs_folder(plan.scale_name)
    folder.mkdir(parents=True, exist_ok=True)
    for run in plan.runs.values():
        write_config(run, folder / run.id)
    _forget_unstarted(plan, folder)
    lines = [
        HEAD.format(scale=plan.scale_name),
        f"EXPERIMENTS := {' '.join([*plan.experiments, *_targets_of_broken(plan)])}",
    ]
    together = groups(plan, processes)
    for name in plan.experiments:
        wanted = set(plan.runs_of(name))
        lines.append(f"{name}.runs := {' '.join(run for group in together for run in group if run in wanted)}")
    # Make deletes what an interrupted or failed process made, unless it is named here; a pattern would not do.
    lines.append(f".PRECIOUS: {' '.join(f'$(RUNS)/{run}/metrics.json' for run in plan.runs)}")
    lines += [_rule(plan, group) for group in together]
    write_plan(plan)
    write_text(results(plan.scale_name) / file, "\n".join(lines) + "\n")


def _targets_of_broken(plan):
    """Experiments with a mistake are targets too, without runs: `make NAME` ends with the mistake."""
    names = (name.removeprefix("ablations/") for name in plan.broken)
    return [
        name for name in names if name not in plan.experiments and name not in TARGETS and re.fullmatch(MAKE_NAME, name)
    ]


def write_config(run, folder: Path) -> None:
    write_text(folder / "config.yaml", yaml.dump(run.config, Dumper=DUMPER, sort_keys=False))


def check_config(folder: Path) -> None:
    """UserError unless the config in a run's folder has the digest that ends the folder's name."""
    path = Path(folder) / "config.yaml"
    if digest(read_yaml(path)) != Path(folder).name.rsplit("-", 1)[-1]:
        raise UserError(
            f"{name_of(path)}: edited after planning, so it no longer matches the hash in its folder's name; delete it and give the same command again"
        )


def _rule(plan, group):
    runs = [plan.runs[run] for run in group]
    needed = dict.fromkeys(need for run in runs for need in run.needs if need not in group)
    targets = " ".join(f"$(RUNS)/{run}/metrics.json" for run in group)
    order_only = ["claim", "$(RESULTS)/checked", *(f"$(RUNS)/{run}/metrics.json" for run in needed)]
    order_only += [f"$(DATA)/{name}.fetched" for name in _to_fetch(plan, runs)]
    return f"{targets} &: | {' '.join(order_only)}\n\t$(TRAIN) {' '.join(group)}"


def _to_fetch(plan, runs):
    """Names, as `python -m data fetch` takes them, of the sets that must be brought for these runs."""
    callbacks = [callback["init_args"] for run in runs for callback in run.config["trainer"].get("callbacks", ())]
    evaluated = {arguments["data"]["class_path"] for arguments in callbacks if "data" in arguments}
    beside = [entry for entry in plan.scale.transfer.values() if entry.data in evaluated]
    return sorted({entry.set_name for entry in (*(run.entry for run in runs), *beside) if entry.fetch})


def _forget_unstarted(plan, folder):
    """Delete the folders of runs that are no longer planned and never started: they hold nothing but config.yaml."""
    for path in folder.iterdir():
        if path.name not in plan.runs and [entry.name for entry in path.iterdir()] == ["config.yaml"]:
            shutil.rmtree(path)


def describe(plan) -> str:
    """One line for people: what was planned and where."""
    return (
        f"{len(plan.runs)} runs of {len(plan.experiments)} experiments planned in {name_of(results(plan.scale_name))}"
    )
