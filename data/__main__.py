"""`python -m data list` shows which data sets are present and how to get the others; `python -m data fetch NAME` fetches one."""

import argparse
import sys

from data.disk.lock import Busy
from data.fetch.download import Refused
from data.fetch.fetch import fetch
from data.fetch.ledger import LEDGER
from data.fetch.row import FETCHED, MANUAL, Row


def show() -> None:
    """Print a line a set."""
    width = max(map(len, LEDGER))
    for name, row in LEDGER.items():
        print(f"{name:{width}} {state(name, row)}")


def state(name: str, row: Row) -> str:
    if row.source in (FETCHED, MANUAL) and row.present():
        return "present"
    return row.how() if row.source != FETCHED else f"missing: python -m data fetch {name}"


def main() -> None:
    # Names of files may hold bytes that are not UTF-8; stderr escapes them already, stdout would raise.
    sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show which data sets are present")
    fetch_parser = commands.add_parser("fetch", help="download, check and unpack a data set")
    fetch_parser.add_argument("name", metavar="NAME", help="as in the list, or an alias: cifar10, pets, kitti")
    arguments = parser.parse_args()
    if arguments.command == "list":
        return show()
    try:
        print(fetch(arguments.name))
    except (OSError, ValueError, Refused, Busy, ImportError) as error:
        sys.exit(f"could not fetch {arguments.name}: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command resumes the download")


if __name__ == "__main__":
    main()
