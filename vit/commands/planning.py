"""plan, memory, status, diff, data, new-ablation: what is to be trained, what is done, and what each takes."""

import sys

from vit.commands.errors_at_end import exit_if_any, print_errors
from vit.errors import UserError


def add(command):
    plan = command("plan", plan_command, "the planned runs of a scale: images, FLOPs, time, disk")
    plan.add_argument("--write", action="store_true", help="write the Make rules and the runs' configs instead")
    plan.add_argument("--experiment", help="only this one: new runs, and those that it shares with others")
    plan.add_argument("--cluster", help="a file of experiments/clusters: what is asked of Slurm, or its Make rules")
    plan.add_argument("--jobs", type=int, default=1, help="number of parallel processes, for the estimated time")
    memory = command(
        "memory", memory_command, "the memory that each kind of training takes of a device, before it starts"
    )
    memory.add_argument("--experiment", help="only this one")
    memory.add_argument("--cluster", help="a file of experiments/clusters: devices and environment of each training")
    command("status", status_command, "finished, running and missing runs")
    diff = command("diff", diff_command, "the values in which a run differs from the paper or the released checkpoints")
    diff.add_argument("run", help="id of a run at that scale, or the folder of a run at any scale")
    diff.add_argument(
        "--preset",
        default="paper",
        choices=("paper", "released"),
        help="paper (default): the run's own recipe; released: the '-released' recipe of its task",
    )
    about = "for each data set: present or missing, source, licence, and the table cells of the scale that need it"
    sets = command("data", data_command, about, scale="paper")
    sets.add_argument("sets", nargs="*", help="names, such as pets (default: all)")
    sets.add_argument("--hashes", action="store_true", help="compare checksums of present files and hash their splits")
    about = "write a commented experiments/ablations/NAME.yaml that runs as it is"
    ablation = command("new-ablation", new_ablation_command, about, scale=None)
    ablation.add_argument("name", help="of the ablation and its make target")


def plan_command(arguments):
    from vit.paths import name_of
    from vit.plan import make_plan
    from vit.plan.graph import CLUSTER_GRID, describe, write_graph
    from vit.plan.overview import addition, overview
    from vit.plan.resolve import experiment_path
    from vit.plan.yaml_files import check_keys

    plan, cluster = make_plan(arguments.scale), None
    if arguments.cluster:
        from vit.cluster.asked import asked
        from vit.cluster.cluster import read_cluster

        cluster = read_cluster(arguments.cluster)
    if arguments.experiment:
        if error := plan.error_of(arguments.experiment):
            path = name_of(experiment_path(arguments.experiment))
            raise UserError(error if path in error else f"{error} (nothing of {path} is planned)")
        check_keys([arguments.experiment], list(plan.experiments), "plan: experiments")
        print(addition(plan, arguments.experiment, arguments.jobs))
        if cluster:
            print(asked(plan, cluster, arguments.experiment))
        print_errors(plan.mistakes())
    elif arguments.write:
        write_graph(plan, cluster.processes, CLUSTER_GRID) if cluster else write_graph(plan)
        print(describe(plan))
        print_errors(plan.mistakes())
        if not plan.experiments:
            sys.exit(1)
    else:
        print(asked(plan, cluster, None) if cluster else overview(plan, arguments.jobs))
        exit_if_any(plan.mistakes())


def memory_command(arguments):
    from vit.plan import make_plan
    from vit.plan.overview import aligned
    from vit.plan.yaml_files import check_keys
    from vit.run.memory_needed import HEAD, PEAK_FACTOR, Division, rows, trainings

    plan = make_plan(arguments.scale)
    if arguments.experiment:
        check_keys([arguments.experiment], list(plan.experiments), "memory: experiments")
    asked = Division.of_environment()
    division_of = divisions(plan, arguments.cluster, asked) if arguments.cluster else lambda run: asked
    print("\n".join(aligned([HEAD, *rows(trainings(plan, arguments.experiment), division_of)])))
    print(
        f"peak: weights and moments, and {PEAK_FACTOR:g} times what a step keeps of the images that a device has at once"
    )


def divisions(plan, cluster, asked):
    """Run -> Division that a cluster's file gives to it, with what the environment asks for where the file is silent."""
    from vit.cluster.cluster import read_cluster
    from vit.plan.cost_file import costs_of

    cluster, costs = read_cluster(cluster), costs_of(plan)

    def of_run(run):
        size = cluster.size_for([run], costs)
        return asked.with_environment(size.environment, devices=size.tasks)

    return of_run


def status_command(arguments):
    from vit.plan import make_plan
    from vit.plan.overview import status

    plan = make_plan(arguments.scale)
    jobs = None
    if submitted(arguments.scale):
        from vit.cluster.state import job_states, told

        jobs = job_states(arguments.scale, plan.runs)
    table, damaged = status(plan, jobs and {run: job.state for run, job in jobs.items()})
    print(table)
    if jobs:
        print("\n".join(told(arguments.scale, jobs)))
    exit_if_any([*damaged, *plan.mistakes()])


def submitted(scale):
    """Has this checkout ever submitted jobs of the scale?"""
    from vit.paths import results
    from vit.plan.graph import CLUSTER_GRID

    return (results(scale) / CLUSTER_GRID).exists()


def diff_command(arguments):
    from vit.plan.difference import difference

    print(difference(arguments.run, arguments.preset, arguments.scale))


def data_command(arguments):
    from vit.data_check import data_check

    print(data_check(arguments.scale, arguments.sets, arguments.hashes))


def new_ablation_command(arguments):
    from vit.paths import name_of
    from vit.plan.new_ablation import write_new_ablation

    path = write_new_ablation(arguments.name)
    print(f"{name_of(path)}: edit it; `make {path.stem} SCALE=smoke` runs it as it is")
