"""python -m vit COMMAND. fit, validate and test are LightningCLI's; planning and reporting do not import torch."""

import argparse
import os
import sys

from vit.errors import UserError, reason
from vit.paths import EXPERIMENTS, name_of
from vit.run.distributed import is_main_process
from vit.run.signals import Interrupted, signals


def plan_command(arguments):
    from vit.plan import make_plan
    from vit.plan.graph import describe, write_graph
    from vit.plan.overview import addition, overview
    from vit.plan.resolve import experiment_path
    from vit.plan.yaml_files import check_keys

    plan = make_plan(arguments.scale)
    if arguments.experiment:
        if error := plan.error_of(arguments.experiment):
            path = name_of(experiment_path(arguments.experiment))
            raise UserError(error if path in error else f"{error} (nothing of {path} is planned)")
        check_keys([arguments.experiment], list(plan.experiments), "plan: experiments")
        print(addition(plan, arguments.experiment, arguments.jobs))
        print_broken(plan)
    elif arguments.write:
        write_graph(plan)
        print(describe(plan))
        print_broken(plan)
        if not plan.experiments:
            sys.exit(1)
    else:
        print(overview(plan, arguments.jobs))
        exit_if_broken(plan)


def new_ablation_command(arguments):
    from vit.plan.new_ablation import write_new_ablation

    path = write_new_ablation(arguments.name)
    print(f"{name_of(path)}: edit it; `make {path.stem} SCALE=smoke` runs it as it is")


def print_broken(plan):
    for line in plan.mistakes():
        print(f"error: {line}", file=sys.stderr)


def exit_if_broken(plan):
    print_broken(plan)
    if plan.broken:
        sys.exit(1)


def status_command(arguments):
    from vit.plan import make_plan
    from vit.plan.overview import status

    plan = make_plan(arguments.scale)
    table, damaged = status(plan)
    print(table)
    for error in damaged:
        print(f"error: {error}", file=sys.stderr)
    exit_if_broken(plan)
    if damaged:
        sys.exit(1)


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
        report_one(plan, name)
    for name in () if arguments.experiments else plan.experiments:
        try:
            report_one(plan, name)
        except UserError as error:  # the others are rendered all the same
            plan.broken[name] = str(error)
    if not arguments.experiments:
        exit_if_broken(plan)


def report_one(plan, name):
    from vit.paths import runs_folder
    from vit.record import read_record
    from vit.report import render

    if any(fact.planned for fact in plan.facts_of(name)):
        print(render(plan, name))
    elif not plan.runs_of(name):
        print(f"{name}: no runs at scale {plan.scale_name}, which has none of the data sets or models that it needs")
    elif not any(read_record(runs_folder(plan.scale_name) / run) for run in plan.runs_of(name)):
        print(f"{name}: no run is finished yet; not rendered, existing files are kept")
    else:
        print(render(plan, name))


def check_complete(plan, experiments):
    """UserError unless every run of these experiments is finished, so that no rendered table has empty cells."""
    from vit.paths import runs_folder
    from vit.record import read_record

    for name in experiments:
        runs = plan.runs_of(name)
        missing = [run for run in runs if not read_record(runs_folder(plan.scale_name) / run)]
        if missing:
            raise UserError(
                f"{name}: {len(missing)} of {len(runs)} runs are not finished (the first: {missing[0]}); run the same command again,"
                " or `make report` to render the finished ones"
            )


def cost_command(arguments):
    from vit.report.cost.exaflops import as_csv, as_text

    update_costs(arguments.write or "paper")
    if not arguments.write:
        print(as_csv() if arguments.csv else as_text(), end="")


def update_costs(scale):
    """Count costs.json of a scale if it is missing or of other code or models."""
    from vit.plan import make_plan
    from vit.plan.cost_file import costs_file, is_current

    plan = make_plan(scale)
    if is_current(plan):
        costs_file(scale).touch()  # newer than the plan for make, without the seconds that importing torch takes
    else:
        from vit.run.costs import write_costs

        print(f"counting the FLOPs of the models of scale {scale}: once, up to a minute", file=sys.stderr)
        write_costs(plan)


def check_command(arguments):
    """A mistake in an experiment that is asked for ends with 1, so that make trains nothing; others are told."""
    from vit.paths import results
    from vit.plan import make_plan
    from vit.run.check import find_mistakes

    plan = make_plan(arguments.scale)
    plan.broken.update(find_mistakes(plan))
    print_broken(plan)
    goals = arguments.goals.split()
    if any(plan.error_of(name) for name in goals) or (plan.broken and not goals):
        sys.exit(1)
    if not plan.broken:
        results(arguments.scale).mkdir(parents=True, exist_ok=True)
        (results(arguments.scale) / "checked").touch()  # its time is what make reads


def claim_command(arguments):
    from vit.run.scale_owner import claim_scale

    claim_scale(arguments.scale)


def diff_command(arguments):
    from vit.plan.difference import difference

    print(difference(arguments.run, arguments.preset, arguments.scale))


def data_command(arguments):
    from vit.data_check import data_check

    print(data_check(arguments.scale, arguments.sets, arguments.hashes))


def run_command(arguments):
    from vit.run.runner import run_all

    run_all(arguments.scale, arguments.runs, arguments.goals.split())


def inspect_command(arguments):
    from vit.inspect.command import inspect

    problems = inspect(arguments.checkpoint, arguments.images, arguments.out)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)


def predict_command(arguments):
    from vit.predict.predict import predict

    wanted = {"count": arguments.top, "json": arguments.json, "maps": arguments.map, "out": arguments.out}
    for problem in (problems := predict(arguments.checkpoint, arguments.images, **wanted)):
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)


def parser() -> argparse.ArgumentParser:
    """Of every command except LightningCLI's."""
    parser = argparse.ArgumentParser(
        prog="python -m vit",
        description=__doc__,
        epilog="Also: fit, validate, test (LightningCLI; see `python -m vit fit --help`). Testing a finished run again needs"
        " `test --config FOLDER/config.yaml --force` and is counted in its metrics.json.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, function, text, scale="mini"):
        subparser = commands.add_parser(name, help=text, description=text)
        subparser.add_argument("--scale", default=scale, help="a file of experiments/scales (default: %(default)s)")
        subparser.set_defaults(function=function)
        return subparser

    plan = command("plan", plan_command, "the planned runs of a scale: images, FLOPs, time, disk")
    plan.add_argument("--write", action="store_true", help="write the Make rules and the runs' configs instead")
    plan.add_argument("--experiment", help="only this one: new runs, and those that it shares with others")
    plan.add_argument("--jobs", type=int, default=1, help="number of parallel processes, for the estimated time")
    command("status", status_command, "finished, running and missing runs")
    check = command(
        "check", check_command, "make every model, task and data module of a scale once, before anything is trained"
    )
    check.add_argument("--goals", default="", help="experiments that make was called with; only their mistakes stop it")
    command("claim", claim_command, "let only this make train the scale; fails if another one is training it")
    report = command("report", report_command, "render the tables from the finished runs")
    report.add_argument("experiments", nargs="*", help="names of experiments (default: all)")
    report.add_argument("--complete", action="store_true", help="fail if a run of these experiments is not finished")
    diff = command("diff", diff_command, "the values in which a run differs from the paper or the released checkpoints")
    diff.add_argument("run", help="id of a run at that scale, or the folder of a run at any scale")
    diff.add_argument(
        "--preset",
        default="paper",
        choices=("paper", "released"),
        help="paper (default): the run's own recipe; released: the '-released' recipe of its task",
    )
    about = "write a commented experiments/ablations/NAME.yaml that runs as it is"
    ablation = commands.add_parser("new-ablation", help=about, description=about)
    ablation.add_argument("name", help="of the ablation and its make target")
    ablation.set_defaults(function=new_ablation_command)
    cost = commands.add_parser("cost", help="Table 6's exaFLOPs: counted, and the paper's")
    cost.add_argument("--csv", action="store_true", help="as CSV")
    cost.add_argument(
        "--write", metavar="SCALE", help="instead: count the models of a scale and write results/SCALE/costs.json"
    )
    cost.set_defaults(function=cost_command)
    about = "for each data set: present or missing, source, licence, and the table cells of the scale that need it"
    sets = command("data", data_command, about, scale="paper")
    sets.add_argument("sets", nargs="*", help="names, such as pets (default: all)")
    sets.add_argument("--hashes", action="store_true", help="compare checksums of present files and hash their splits")
    about = "draw what a checkpoint looks like inside: attention over images, its distances, filters, positions"
    inspect = commands.add_parser("inspect", help=about, description=about)
    inspect.add_argument("checkpoint", help="a run's folder or id, or a file or folder of weights of any known format")
    inspect.add_argument("images", nargs="+", metavar="image", help="picture files")
    inspect.add_argument("--out", metavar="DIR", help="folder to write to (default: a new one, inspect-NAME)")
    inspect.set_defaults(function=inspect_command)
    about = "the most probable classes of pictures"
    predict = commands.add_parser("predict", help=about, description=about)
    predict.add_argument("checkpoint", help="a run's folder or id, or a file or folder of weights of any known format")
    predict.add_argument("images", nargs="+", metavar="image", help="picture files, and folders of them at any depth")
    predict.add_argument("--top", type=int, default=5, metavar="N", help="number of classes (default: %(default)s)")
    predict.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
    predict.add_argument(
        "--map", action="store_true", help="write NAME.map.png: the attention rollout over the picture"
    )
    predict.add_argument("--out", default=".", metavar="DIR", help="folder for maps and, of a folder, predictions.csv")
    predict.set_defaults(function=predict_command)
    run = command("run", run_command, "train and evaluate runs, in order, in one process")
    run.add_argument("runs", nargs="+", help="run ids")
    run.add_argument(
        "--goals", default="", help="the experiments whose runs the printed progress counts (default: all)"
    )
    return parser


def main(arguments: list[str]) -> None:
    """Run a command. Every error is one line on stderr and a non-zero exit code."""
    sys.stdout.reconfigure(errors="backslashreplace")  # as stderr by default: file names may be any bytes
    command = arguments[0] if arguments else ""
    sys.path.append(str(EXPERIMENTS / "ablations"))  # where one's own classes may lie beside the YAML that names them
    try:
        if command in ("run", "fit", "validate", "test"):
            signals.install()  # before importing torch, which takes seconds
        if command in ("fit", "validate", "test"):
            from vit.run.cli import lightning_main

            return lightning_main(arguments)
        options = parser().parse_args(arguments)
        options.function(options)
    except Interrupted as end:
        if is_main_process():
            print(end, file=sys.stderr)
        sys.exit(end.code)
    except SystemExit as end:
        if end.code is None:  # Lightning's handler of SIGTERM exits without a code, which would mean success
            sys.exit("error: a library ended the process before the command was complete")
        raise
    except KeyboardInterrupt:
        sys.exit("interrupted; run the same command again to resume")
    except Exception as error:
        if os.environ.get("VIT_DEBUG"):
            raise
        if isinstance(error, UserError | OSError):
            sys.exit(f"error: {reason(error)}")
        sys.exit(f"error: {reason(error)} ({type(error).__name__}; set VIT_DEBUG=1 for the traceback)")


if __name__ == "__main__":
    main(sys.argv[1:])
