"""Writes index.html from everything that is finished, also by earlier commands."""

import re
from pathlib import Path

from vit.atomic import write_text
from vit.errors import UserError
from vit.locks import locked
from vit.paths import results, runs_folder
from vit.plan import Plan
from vit.report.claims import Judged, judged_claims
from vit.report.collect import Records, Report
from vit.report.page.whole_page import page
from vit.report.shown import Shown, read_shown


def write_page(plan: Plan, known: dict[str, Shown] | None = None) -> Path:
    """known: experiment -> what this process has read of it; the others are read here."""
    folder = results(plan.scale_name)
    # Two `make` may render at once: the later one must read what the earlier one has written, not overwrite it.
    with locked(folder / ".page.lock"):
        records = Records(plan)
        shown, errors = read_every(plan, known or {}, records)
        judged = judge(plan, shown, records, errors)
        write_text(folder / "index.html", page(plan, shown, {**errors, **plan.broken}, judged))
    return folder / "index.html"


def judge(plan: Plan, shown: list[Shown], records: Records, errors: dict[str, str]) -> list[Judged]:
    """The claims; a mistake in claims.yaml is added to the errors, by the name of its target."""
    read = {one.report.name: one.report for one in shown if isinstance(one.report, Report)}
    try:
        return judged_claims(plan, read, records)
    except UserError as error:
        errors["claims"] = str(error)
        return []


def read_every(
    plan: Plan, known: dict[str, Shown], records: Records | None = None
) -> tuple[list[Shown], dict[str, str]]:
    """The experiments with output in reading order, and the errors of those that cannot be shown, by name."""
    shown, errors, records = [], {}, Records(plan) if records is None else records
    for name in sorted(plan.experiments, key=reading_order):
        if name in plan.broken or not (name in known or has_output(plan, name)):
            continue
        try:
            shown.append(known.get(name) or read_shown(plan, name, records))
        except UserError as error:  # only the experiment's own target fails; the page shows the others
            errors[name] = str(error)
    return shown, errors


def reading_order(name: str) -> tuple:
    """The paper's tables by their numbers, then its figures, then all others as the planner lists them."""
    kind, number = re.fullmatch(r"(table|figure)?(\d*).*", name).groups()
    return (("table", "figure", None).index(kind), int(number or 0) if kind else 0)


def has_output(plan: Plan, name: str) -> bool:
    """Does the experiment have a rendered table or a finished run?"""
    rendered = results(plan.scale_name) / f"{name}.md"
    return rendered.exists() or any(
        (runs_folder(plan.scale_name) / run / "metrics.json").exists() for run in plan.runs_of(name)
    )
