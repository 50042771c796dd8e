"""`python -m data list` says which sets are here and how the others come, `python -m data fetch NAME` brings one."""

import argparse
import sys

from data.fetch.fetch import fetch
from data.fetch.ledger import LEDGER
from data.fetch.row import BRING, FETCHED, Row


def show() -> None:
    """A line a set."""
    width = max(map(len, LEDGER))
    for name, row in LEDGER.items():
        print(f"{name:{width}} {state(name, row)}")


def state(name: str, row: Row) -> str:
    if row.way in (FETCHED, BRING) and row.present():
        return "here"
    return row.how() if row.way != FETCHED else f"missing: python -m data fetch {name}"


def main() -> None:
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes; stderr shows them so already
    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="which sets are here")
    fetched = commands.add_parser("fetch", help="download one, check and unpack it")
    fetched.add_argument("name", metavar="NAME", help="as in the list, or short: cifar10, pets, kitti")
    arguments = parser.parse_args()
    if arguments.command == "list":
        return show()
    try:
        print(fetch(arguments.name))
    except (
        OSError,
        ValueError,
        RuntimeError,
        ImportError,
    ) as error:  # no network, no space, wrong checksum, no such set
        sys.exit(f"could not fetch {arguments.name}: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command goes on from here")


if __name__ == "__main__":
    main()
