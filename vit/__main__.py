"""python -m vit COMMAND. Planning and reporting start without torch; fit, validate and test are LightningCLI's own."""

import argparse
import os
import sys

from vit.errors import UserError, reason
from vit.run.endings import Interrupted, signals
from vit.run.processes import leads


def plan_command(arguments):
    from vit.plan import make_plan
    from vit.plan.graph import describe, write_graph
    from vit.plan.overview import overview

    plan = make_plan(arguments.scale)
    if arguments.write:
        write_graph(plan)
        print(describe(plan))
        print_broken(plan)
        if not plan.experiments:
            sys.exit(1)
    else:
        print(overview(plan, arguments.jobs))
        end_with_broken(plan)


def print_broken(plan):
    """An experiment with a mistake is left out; the others go on."""
    for error in plan.broken.values():
        print(f"error: {error} (this experiment is left out, others are not)", file=sys.stderr)


def end_with_broken(plan):
    print_broken(plan)
    if plan.broken:
        sys.exit(1)


def status_command(arguments):
    from vit.plan import make_plan
    from vit.plan.overview import status

    plan = make_plan(arguments.scale)
    print(status(plan))
    end_with_broken(plan)


def report_command(arguments):
    from vit.plan import make_plan
    from vit.plan.yaml_files import check_keys

    plan = make_plan(arguments.scale)
    for name in arguments.experiments:
        if error := plan.error_of(name):
            raise UserError(error)
    check_keys(arguments.experiments, list(plan.experiments), "report: experiments")
    if arguments.complete:
        check_complete(plan, arguments.experiments)
    for name in arguments.experiments:
        render_one(plan, name)
    for name in () if arguments.experiments else plan.experiments:
        try:
            render_one(plan, name)
        except UserError as error:  # the others are rendered all the same
            plan.broken[name] = str(error)
    if not arguments.experiments:
        end_with_broken(plan)


def render_one(plan, name):
    from vit.paths import runs_folder
    from vit.record import read_record
    from vit.report import render

    if not plan.runs_of(name):
        print(f"{name}: nothing of it runs at scale {plan.scale_name}, which has none of the sets that it needs")
    elif not any(read_record(runs_folder(plan.scale_name) / run) for run in plan.runs_of(name)):
        print(f"{name}: no run is finished here yet; nothing is rendered, and what is there stays")
    else:
        print(render(plan, name))


def check_complete(plan, experiments):
    """UserError unless every run of these is finished: what looks like a table has no holes."""
    from vit.paths import runs_folder
    from vit.record import read_record

    for name in experiments:
        runs = plan.runs_of(name)
        missing = [run for run in runs if not read_record(runs_folder(plan.scale_name) / run)]
        if missing:
            told = f"{len(missing)} of {len(runs)} runs are not finished ({missing[0]}{', ...' * (len(missing) > 1)})"
            raise UserError(f"{name}: {told}; the same command goes on, `make report` renders what is finished")


def cost_command(arguments):
    from vit.report.cost.exaflops import as_csv, as_text

    bring_costs(arguments.write or "paper")
    if not arguments.write:
        print(as_csv() if arguments.csv else as_text(), end="")


def bring_costs(scale):
    from vit.plan import make_plan
    from vit.plan.cost_file import costs_file, is_current

    plan = make_plan(scale)
    if is_current(plan):
        costs_file(scale).touch()  # newer than the plan again, without the seconds that torch takes to start
    else:
        from vit.run.costs import write_costs

        write_costs(plan)


def claim_command(arguments):
    from vit.run.owner import claim

    claim(arguments.scale)


def diff_command(arguments):
    from vit.plan.difference import difference

    print(difference(arguments.run, arguments.preset, arguments.scale))


def data_command(arguments):
    from vit.data_check import data_check

    print(data_check(arguments.scale, arguments.sets, arguments.hashes))


def run_command(arguments):
    from vit.run.runner import run_all

    run_all(arguments.scale, arguments.runs, arguments.goals.split())


def parser():
    """The commands of this project; everything else goes to LightningCLI."""
    top = argparse.ArgumentParser(
        prog="python -m vit",
        description=__doc__,
        epilog="Also: fit, validate, test (LightningCLI; see `python -m vit fit --help`). A finished run is tested again"
        " with `test --config FOLDER/config.yaml --force` only, and its metrics.json says so.",
    )
    commands = top.add_subparsers(dest="command", required=True)

    def command(name, function, text, scale="mini"):
        one = commands.add_parser(name, help=text, description=text)
        one.add_argument("--scale", default=scale, help="a file of experiments/scales (default: %(default)s)")
        one.set_defaults(function=function)
        return one

    plan = command("plan", plan_command, "what a scale will run: runs, images, FLOPs, time, disk")
    plan.add_argument("--write", action="store_true", help="write the Make rules and the runs' configs instead")
    plan.add_argument("--jobs", type=int, default=1, help="processes at a time, for the estimate")
    command("status", status_command, "finished, running and missing runs")
    command("claim", claim_command, "make says that it trains a scale; a second one is refused")
    report = command("report", report_command, "render the tables from the runs that are finished")
    report.add_argument("experiments", nargs="*", help="names of experiments (default: all)")
    report.add_argument(
        "--complete", action="store_true", help="render nothing of an experiment some of whose runs are not finished"
    )
    diff = command(
        "diff", diff_command, "value by value, what a run sets otherwise than the paper or the released checkpoints"
    )
    diff.add_argument("run", help="id of a run at that scale, or a run's folder, which says its scale")
    diff.add_argument(
        "--preset",
        default="paper",
        choices=("paper", "released"),
        help="paper (default): the recipe that the run was made by; released: the '-released' one of its kind",
    )
    cost = commands.add_parser("cost", help="Table 6's exaFLOPs, counted, beside the paper's")
    cost.add_argument("--csv", action="store_true", help="the same for machines")
    cost.add_argument(
        "--write", metavar="SCALE", help="instead: count the models of a scale into results/SCALE/costs.json"
    )
    cost.set_defaults(function=cost_command)
    told = "every set: is it here, how does it come, which of the scale's cells need it"
    sets = command("data", data_command, told, scale="paper")
    sets.add_argument("sets", nargs="*", help="names, such as pets (default: all)")
    sets.add_argument("--hashes", action="store_true", help="read what is here: compare checksums, hash the parts")
    run = command("run", run_command, "train and evaluate runs, in order, in one process")
    run.add_argument("runs", nargs="+", help="run ids")
    run.add_argument(
        "--goals", default="", help="experiments that make was asked for; progress is counted in their runs"
    )
    return top


def main(arguments):
    """Run a command; whatever goes wrong is one line on stderr and an exit code that is not 0."""
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes; stderr shows them so already
    command = arguments[0] if arguments else ""
    try:
        if command in ("run", "fit", "validate", "test"):
            signals.handle()  # before the seconds that importing torch takes
        if command in ("fit", "validate", "test"):
            from vit.run.cli import lightning_main

            return lightning_main(arguments)
        options = parser().parse_args(arguments)
        return options.function(options)
    except Interrupted as end:
        if leads():
            print(end, file=sys.stderr)
        sys.exit(end.code)
    except SystemExit as end:
        if end.code is None:  # Lightning's, after a SIGTERM that it took; it would be a success
            sys.exit("error: a library ended the process before its work was done")
        raise
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command goes on from here")
    except Exception as error:
        if os.environ.get("VIT_DEBUG"):
            raise
        known = isinstance(error, UserError | OSError)
        sys.exit(f"error: {reason(error)}" + ("" if known else f" ({type(error).__name__}; VIT_DEBUG=1 shows where)"))


if __name__ == "__main__":
    main(sys.argv[1:])
