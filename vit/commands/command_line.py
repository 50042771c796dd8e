"""The command line of `python -m vit`, except fit, validate and test, which are LightningCLI's."""

import argparse
from collections.abc import Callable

from vit.commands import any_checkpoint, clusters, comparing, planning, reporting, running


def parser() -> argparse.ArgumentParser:
    """Of every command except LightningCLI's."""
    parser = argparse.ArgumentParser(
        prog="python -m vit",
        description="python -m vit COMMAND. fit, validate and test are LightningCLI's; planning and reporting do not import torch.",
        epilog="Also: fit, validate, test (LightningCLI; see `python -m vit fit --help`). Testing a finished run again needs"
        " `test --config FOLDER/config.yaml --force` and is counted in its metrics.json.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, function: Callable, text: str, scale: str | None = "mini") -> argparse.ArgumentParser:
        """scale: the default of --scale; None for a command without it."""
        subparser = commands.add_parser(name, help=text, description=text)
        if scale:
            subparser.add_argument("--scale", default=scale, help="a file of experiments/scales (default: %(default)s)")
        subparser.set_defaults(function=function)
        return subparser

    for module in (planning, running, clusters, reporting, comparing, any_checkpoint):
        module.add(command)
    return parser
