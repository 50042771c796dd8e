"""From finished runs and the paper's numbers to tables, pictures and pages with a verdict in every cell. Never imports torch."""

from vit.report.render import render

__all__ = ["render"]
