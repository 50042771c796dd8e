"""verify, again: finished cells against the paper, and against the same cells made anew. Neither trains anything."""

import sys

from vit.commands.errors_at_end import exit_if_any
from vit.commands.reporting import plan_with
from vit.errors import UserError

NOTHING_FINISHED = 3  # exit code of verify; 1 is a cell that is OFF, or an error


def add(command):
    about = "print each finished cell that is OFF; exit with 1 if one is, with 3 if nothing is finished"
    verify = command("verify", verify_command, about)
    verify.add_argument("experiments", nargs="*", help="names of experiments (default: all)")
    about = "how far the numbers of an experiment move when it is made anew: two NAME.csv, cell by cell"
    again = command("again", again_command, about)
    again.add_argument("experiment", help="its name")
    again.add_argument("--other", required=True, metavar="FOLDER", help="a results folder with SCALE/NAME.csv")


def verify_command(arguments):
    from vit.report.verify import as_text, failing, verify

    plan, verified = plan_with(arguments.scale, arguments.experiments, "verify"), []
    for name in arguments.experiments or list(plan.experiments):
        try:
            verified.append(verify(plan, name))
        except UserError as error:  # the others are verified all the same
            plan.broken[name] = str(error)
    if verified:
        print(as_text(verified, arguments.scale))
    exit_if_any(
        [error for name, error in plan.broken.items() if not arguments.experiments or name in arguments.experiments]
    )
    if failing(verified):
        sys.exit(1)
    if not any(one.finished for one in verified):
        sys.exit(NOTHING_FINISHED)


def again_command(arguments):
    from vit.report.again.again_files import write_again

    print(write_again(arguments.scale, arguments.experiment, arguments.other))
