"""What page.js shows of a cell's runs, as one JSON object: each run and each text once, however many cells share them."""

import json

from vit.paths import runs_folder
from vit.plan import Plan
from vit.plan.units import UNITS
from vit.report.collect import Report
from vit.report.facts.fact_header import fact_provenance
from vit.report.facts.fact_results import FactReport, FactResult
from vit.report.page.training_curve import training_curve
from vit.report.results import Result
from vit.report.table import digits
from vit.report.verdicts import MEANING


class Distinct:
    """Values that repeat, each stored once and named by its position."""

    def __init__(self):
        self.positions, self.values = {}, []

    def position(self, value: object) -> int:
        key = (value,) if isinstance(value, str) else json.dumps(value)
        if key not in self.positions:
            self.positions[key] = len(self.values)
            self.values.append(value)
        return self.positions[key]


class ProvenanceData:
    """Filled while the tables are written: cell() returns the number by which a cell finds its runs."""

    def __init__(self, plan: Plan):
        self.plan, self.folder = plan, runs_folder(plan.scale_name)
        self.cells, self.runs, self.shared = [], [], Distinct()
        self.positions = {}  # run id -> its position in runs
        self.order = {run: i for i, run in enumerate(plan.runs)}

    def content(self) -> dict:
        return {"meanings": MEANING, "cells": self.cells, "runs": self.runs, "shared": self.shared.values}

    def cell(self, report: Report | FactReport, result: Result | FactResult | None) -> int | None:
        """None where nothing is finished or nothing was run."""
        if isinstance(result, FactResult):
            lines = [fact_provenance(report), *([result.assumed] if result.assumed else [])]
            self.cells.append({"notes": [self.shared.position(line) for line in lines]})
        elif isinstance(result, Result) and result.finished:
            self.cells.append(self.of_runs(report, result))
        else:
            return None
        return len(self.cells) - 1

    def of_runs(self, report: Report, result: Result) -> dict:
        """seeds: (run, its value) of the runs whose mean the cell is. before: runs that those start from or choose by."""
        ids = [record["id"] for record in result.finished]
        values = (value_of(record, result) for record in result.finished)
        seeds = [[self.run(run, report), value] for run, value in zip(ids, values, strict=True)]
        before = sorted(self.plan.with_needs(ids) - set(ids), key=self.order.get)
        return {"seeds": seeds, "before": [self.run(run, report) for run in before if run in report.finished]}

    def run(self, name: str, report: Report) -> int:
        """The position of a run; its files are read the first time."""
        if name not in self.positions:
            self.positions[name] = len(self.runs)
            self.runs.append(self.facts(name, report.finished[name]))
        return self.positions[name]

    def facts(self, name: str, record: dict) -> dict:
        planned, metrics, share = self.plan.runs[name], record["metrics"], self.shared.position
        measured = [share(list(metrics)), [significant(value, 6) for value in metrics.values()]]
        known = {key: record[key] for key in ("lr", "seconds", "date")}
        texts = {key: share(record[key]) for key in ("device", "commit")}
        config = {part: share(value) for part, value in planned.config.items()}
        facts = {"id": name, "seed": planned.config["seed_everything"], **known, **texts}
        for start in (self.plan.runs[need] for need in planned.needs):
            facts |= {"pretrain_seed": start.config["seed_everything"]} if start.pretrains else {}
        if planned.keeps_weights:  # a point of a sweep is one of many short runs: its numbers are enough
            steps, losses = training_curve(self.folder / name / "metrics.csv")
            facts |= {"steps": share(steps), "loss": [significant(loss, 4) for loss in losses]} if steps else {}
        return {**facts, "measured": measured, "config": config}


def value_of(record: dict, result: Result) -> str:
    """What the run adds to the cell, as the table prints it; of a mean over cells, some may have another metric."""
    metric, metrics = result.cell.metric, record["metrics"]
    factor = 100 if UNITS.get(metric, "percent") == "percent" else 1
    return digits(result.cell, metrics[metric] * factor) if metric in metrics else "–"


def significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
