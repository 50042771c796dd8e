"""What an experiment varies that the names of its runs do not say."""


def varied_values(plan, experiment: str) -> dict[str, str]:
    """Run -> 'pretrain.lr x3': values of recipes in rows and columns, of runs whose cells agree on them."""
    axes = [axis for axis in (*plan.experiments[experiment].rows, *plan.experiments[experiment].columns) if "." in axis]
    found = {}
    for cell in plan.cells if axes else ():
        for run in plan.with_needs(cell.runs) if cell.experiment == experiment else ():
            for axis in axes:
                found.setdefault(run, {}).setdefault(axis, set()).add(str(cell.axes.get(axis)))
    return {
        run: ", ".join(f"{axis} {next(iter(values))}" for axis, values in by_axis.items() if len(values) == 1)
        for run, by_axis in found.items()
    }
