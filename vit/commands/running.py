"""check, claim, run: what make calls before and for its training."""

import sys

from vit.commands.errors_at_end import print_errors


def add(command):
    about = "make every model, task and data module of a scale once, before anything is trained"
    check = command("check", check_command, about)
    check.add_argument("--goals", default="", help="experiments that make was called with; only their mistakes stop it")
    claim = command("claim", claim_command, "let only this make train the scale; fails if another one is training it")
    claim.add_argument("--elsewhere", action="store_true", help="runs are computed on other machines than this one")
    run = command("run", run_command, "train and evaluate runs, in order, in one process")
    run.add_argument("runs", nargs="+", help="run ids")
    run.add_argument(
        "--goals", default="", help="the experiments whose runs the printed progress counts (default: all)"
    )


def check_command(arguments):
    """A mistake in an experiment that is asked for ends with 1, so that make trains nothing; others are told."""
    from vit.paths import results
    from vit.plan import make_plan
    from vit.run.check import find_mistakes

    plan = make_plan(arguments.scale)
    plan.broken.update(find_mistakes(plan))
    print_errors(plan.mistakes())
    goals = arguments.goals.split()
    if any(plan.error_of(name) for name in goals) or (plan.broken and not goals):
        sys.exit(1)
    if not plan.broken:
        results(arguments.scale).mkdir(parents=True, exist_ok=True)
        (results(arguments.scale) / "checked").touch()  # its time is what make reads


def claim_command(arguments):
    from vit.plan.precision import check_fast
    from vit.run.env import check_variables
    from vit.run.scale_owner import claim_scale

    check_variables()
    if not arguments.elsewhere:
        check_fast(arguments.scale)
    claim_scale(arguments.scale)


def run_command(arguments):
    from vit.run.runner import run_all

    run_all(arguments.scale, arguments.runs, arguments.goals.split())
