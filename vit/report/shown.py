"""An experiment as its files and the page show it."""

from dataclasses import dataclass

from vit.plan import Plan
from vit.report.collect import Records, Report
from vit.report.document import Document, document, read_report
from vit.report.facts.fact_results import FactReport


@dataclass(frozen=True)
class Shown:
    """Its numbers, and the texts and tables made of them."""

    report: Report | FactReport
    document: Document

    @property
    def name(self) -> str:
        return self.report.name


def read_shown(plan: Plan, name: str, records: Records | None = None) -> Shown:
    """records: those that other experiments have read."""
    report = read_report(plan, name, records)
    return Shown(report, document(report))
