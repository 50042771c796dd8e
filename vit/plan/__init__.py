"""From the paper's names to runs: experiments x scale -> configs, Make rules, tables of what is to come. Never imports torch."""

from vit.plan.cells import Cell, Plan
from vit.plan.experiment import make_plan

__all__ = ["Cell", "Plan", "make_plan"]
