"""Finished runs and the paper's numbers -> tables, pictures and pages with a verdict in every cell. Never imports torch."""

from vit.report.frame import frame
from vit.report.render import render

__all__ = ["frame", "render"]
