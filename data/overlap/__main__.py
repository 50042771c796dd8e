"""`python -m data.overlap PRETRAIN TRANSFER ...` lists training images of one set that look like test images of others;
`python -m data.overlap SET` says whether train, held-out and test images of one set are different ones.

A set is its class and arguments in quotes: "ImageFolder folder=birds test_share=0.2", "MNIST5k".
"""

import argparse
import sys
from collections.abc import Sequence

from data.overlap.common import DISTANCE, described, overlap
from data.overlap.hashed import given, side
from data.overlap.near import bands
from data.overlap.same_pixels import disjoint
from data.overlap.written import place, write


def main(arguments: Sequence[str] | None = None) -> None:
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes; stderr shows them so already
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m data.overlap", description=__doc__, formatter_class=kind)
    parser.add_argument("set", metavar="PRETRAIN", help="a set in quotes")
    parser.add_argument("transfer", metavar="TRANSFER", nargs="*", help="sets whose test images it should not hold")
    parser.add_argument("--distance", type=int, default=DISTANCE, help="bits of 63 that may differ (%(default)s)")
    parser.add_argument("--mirrored", action="store_true", help="compare mirrored test images too")
    asked = parser.parse_args(arguments)
    try:
        if asked.transfer:
            compare(asked.set, asked.transfer, distance=asked.distance, mirrored=asked.mirrored)
        else:
            print(disjoint(given(asked.set)))
    except (ValueError, OSError, ImportError) as error:
        sys.exit(str(error))


def compare(pretraining: str, transfers: list[str], *, distance: int, mirrored: bool) -> None:
    bands(distance)  # a slip of the pen shows before hours of hashing
    tests = [side(given(words), "test", words) for words in transfers]
    training = side(given(pretraining), "train", pretraining)
    found = []
    for test in tests:
        found.append(overlap(training, test, distance=distance, mirrored=mirrored))
        print(described(found[-1]), flush=True)
    print("\n".join(write(found, place(pretraining, transfers))))


if __name__ == "__main__":
    main()
