"""An experiment as the page shows it."""

from dataclasses import dataclass

from vit.report.collect import Report
from vit.report.document import Document
from vit.report.facts.fact_results import FactReport


@dataclass(frozen=True)
class Shown:
    """Its numbers, and the texts and tables made of them."""

    report: Report | FactReport
    document: Document

    @property
    def name(self) -> str:
        return self.report.name
