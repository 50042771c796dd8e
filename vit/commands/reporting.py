"""report, claims, cost: tables from the finished runs, and counted FLOPs."""

import sys

from vit.commands.errors_at_end import exit_if_any
from vit.errors import UserError


def add(command):
    report = command("report", report_command, "render the tables from the finished runs")
    report.add_argument("experiments", nargs="*", help="names of experiments (default: all)")
    report.add_argument("--complete", action="store_true", help="fail if a run of these experiments is not finished")
    command("claims", claims_command, "test the paper's claims on the finished runs")
    cost = command("cost", cost_command, "Table 6's exaFLOPs: counted, and the paper's", scale=None)
    cost.add_argument("--csv", action="store_true", help="as CSV")
    cost.add_argument(
        "--write", metavar="SCALE", help="instead: count the models of a scale and write results/SCALE/costs.json"
    )


def report_command(arguments):
    plan = plan_with(arguments.scale, arguments.experiments, "report")
    if arguments.complete:
        check_complete(plan, arguments.experiments)
    if not arguments.experiments:
        report_all(plan)
        exit_if_any(plan.mistakes())
    from vit.report import render
    from vit.report.collect import Records

    records = Records(plan)
    for name in arguments.experiments:
        print(nothing_to_render(plan, name, records) or render(plan, name, records))


def report_all(plan):
    """Every experiment, then the page of all, once; an experiment that cannot be rendered is added to plan.broken."""
    from vit.report.collect import Records
    from vit.report.render import render_all
    from vit.report.shown import read_shown

    every, records = [], Records(plan)
    for name in plan.experiments:
        try:
            if reason := nothing_to_render(plan, name, records):
                print(reason)
            else:
                every.append(read_shown(plan, name, records))
        except UserError as error:  # the others are rendered all the same
            plan.broken[name] = str(error)
    for name, shown in render_all(plan, every):
        if isinstance(shown, UserError):
            plan.broken[name] = str(shown)
        else:
            print(shown, flush=True)


def plan_with(scale, experiments, command):
    """The plan of a scale. Errors: UserError where one of these experiments is not in it."""
    from vit.plan import make_plan
    from vit.plan.yaml_files import check_keys

    plan = make_plan(scale)
    for name in experiments:
        if error := plan.error_of(name):
            raise UserError(error)
    check_keys(experiments, list(plan.experiments), f"{command}: experiments")
    return plan


def nothing_to_render(plan, name, records):
    """Why nothing is rendered of an experiment; None where something is."""
    if any(fact.planned for fact in plan.facts_of(name)):
        return None
    if not plan.runs_of(name):
        return f"{name}: no runs at scale {plan.scale_name}, which has none of the data sets or models that it needs"
    if not any(records[run] for run in plan.runs_of(name)):
        return f"{name}: no run is finished yet; not rendered, existing files are kept"
    return None


def claims_command(arguments):
    from vit.paths import name_of
    from vit.plan import make_plan
    from vit.report.claims import judged_claims, write_claims
    from vit.report.claims.claims_files import terminal

    plan = make_plan(arguments.scale)
    claims = judged_claims(plan)
    print(terminal(claims))
    print("\n".join(f"written: {name_of(path)}" for path in write_claims(plan.scale_name, claims)))
    exit_if_any(plan.mistakes())


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
