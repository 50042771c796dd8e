"""Finished runs by the thousand without training, for measuring what reads them: the paper's experiments with many seeds.

python tests/many_runs.py RUNS, in a copy of the repository: adds the scale `many` and that many finished runs or a few more.
"""

import random
import sys

from report_runs import finish, finish_inspected

from vit import paths
from vit.plan import make_plan
from vit.plan.measured_speed import UNITS as SPEEDS

SCALE = "many"
TEXT = """title: "many: the runs of scale paper, with {seeds} seeds"
like: paper
recipes: {{finetune: {{seeds: {seeds}}}, finetune-bit: {{seeds: {seeds}}}}}
"""


def many_runs(runs):
    """Write the scale and finish its runs; returns their number."""
    plan = planned(3)
    per_seed = len(planned(4).runs) - len(plan.runs)
    plan = planned(3 - (len(plan.runs) - runs) // per_seed)
    metrics = {
        "test_accuracy",
        "test_real_accuracy",
        "held_out_accuracy",
        *SPEEDS,
        *(cell.metric for cell in plan.cells),
    }
    for seed, run in enumerate(plan.runs):
        if run.startswith("inspect-"):
            finish_inspected(plan, run, seed)
        else:
            accuracy = random.Random(run).uniform(0.5, 1)
            finish(plan, run, accuracy, metrics=dict.fromkeys(metrics, accuracy))
    return len(plan.runs)


def planned(seeds):
    (paths.EXPERIMENTS / "scales" / f"{SCALE}.yaml").write_text(TEXT.format(seeds=seeds))
    return make_plan(SCALE)


if __name__ == "__main__":
    print(many_runs(int(sys.argv[1])), "finished runs")
