"""What the rendered files of an experiment show, whether its cells are means over runs or facts that need none."""

from dataclasses import dataclass

from vit.plan import Plan
from vit.report.against_base import explanation
from vit.report.collect import Records, Report, collect
from vit.report.facts.fact_header import fact_provenance, fact_sections, fact_summary
from vit.report.facts.fact_results import FactReport, collect_facts
from vit.report.facts.fact_table import lay_out_facts
from vit.report.findings import from_scratch
from vit.report.header import sections, summary
from vit.report.plus_minus import plus_minus
from vit.report.provenance import provenance
from vit.report.table import Table, lay_out


@dataclass(frozen=True)
class Document:
    """The parts of NAME.md, of a section of index.html and of what the terminal shows."""

    name: str
    title: str
    scale: str  # the title of the scale
    summary: tuple[str, str]  # what a number is, how much there is
    sections: list[tuple[str, list[str]]]
    table: Table
    plus_minus: list[str]  # what the ± of the table is, directly below it
    explanation: list[str]  # what must stand below the table in the terminal too
    findings: list[str]
    provenance: str


def read_report(plan: Plan, name: str, records: Records | None = None) -> Report | FactReport:
    """records: those that other experiments have read."""
    return collect_facts(plan, name) if plan.experiments[name].facts else collect(plan, name, records)


def document(report: Report | FactReport) -> Document:
    titles = (report.name, report.experiment.title, report.plan.scale.title)
    if isinstance(report, FactReport):
        parts = (fact_summary(report), fact_sections(report), lay_out_facts(report), [], report.experiment.notes, [])
        return Document(*titles, *parts, fact_provenance(report))
    parts = (summary(report), sections(report), lay_out(report))
    below = explanation(report.experiment, report.table_results)
    spreads = plus_minus(report.table_results)
    return Document(*titles, *parts, spreads, below, from_scratch(report), provenance(report))
