"""Every claim of claims.yaml at one scale."""

from collections.abc import Mapping

from vit.errors import UserError
from vit.plan import Plan
from vit.report.claims.claim import Claim, read_claims
from vit.report.claims.judge import judge
from vit.report.claims.judged import NOT_RUN, Judged
from vit.report.claims.noise import pooled
from vit.report.collect import Records, Report, collect


def judged_claims(
    plan: Plan, reports: Mapping[str, Report] | None = None, records: Records | None = None
) -> list[Judged]:
    """In the order of the file. plan: of all experiments of a scale. reports, records: those read already, by name and run.

    A claim on an experiment with a mistake, which the plan leaves out, is NOT RUN.
    """
    reports, records = dict(reports or {}), Records(plan) if records is None else records
    for name, experiment in plan.experiments.items():
        if name not in reports and name not in plan.broken and not experiment.facts:
            try:
                reports[name] = collect(plan, name, records)
            except UserError:  # such as a damaged record: the experiment's own target says so
                continue
    noise = pooled(reports.values())
    return [
        judge(name, claim, reports, noise) if known(claim, reports) else left_out(name, claim)
        for name, claim in read_claims(plan.scale_name).items()
    ]


def known(claim: Claim, reports: Mapping[str, Report]) -> bool:
    return claim.experiment in reports and (claim.other is None or claim.other in reports)


def left_out(name: str, claim: Claim) -> Judged:
    return Judged(
        name=name, statement=claim.statement, section=claim.section, verdict=NOT_RUN, quantity="", value=None, low=None, high=None,
        threshold=claim.threshold, unit="points", direction=claim.side, rests_on=(), experiments=(claim.experiment,), note=claim.note,
    )  # fmt: skip
