"""`python -m data.overlap PRETRAIN TRANSFER ...` lists training images of one set that look like test images of others;
`python -m data.overlap SET` checks that the train, held-out and test images of one set are disjoint.

A set is its class and arguments in quotes: "ImageFolder folder=birds test_share=0.2", "MNIST5k".
"""

import argparse
import sys
from collections.abc import Sequence

from data.overlap.hashed import parse_set, side
from data.overlap.near import bands
from data.overlap.outputs import output_stem, write
from data.overlap.pairs import DISTANCE, described, overlap
from data.overlap.same_pixels import disjoint


def main(arguments: Sequence[str] | None = None) -> None:
    # Names of files may hold bytes that are not UTF-8; stderr escapes them already, stdout would raise.
    sys.stdout.reconfigure(errors="backslashreplace")
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m data.overlap", description=__doc__, formatter_class=formatter)
    parser.add_argument("set", metavar="PRETRAIN", help="a set in quotes")
    parser.add_argument(
        "transfer", metavar="TRANSFER", nargs="*", help="sets whose test images PRETRAIN should not hold"
    )
    parser.add_argument("--distance", type=int, default=DISTANCE, help="bits of 63 that may differ (%(default)s)")
    parser.add_argument("--mirrored", action="store_true", help="compare mirrored test images too")
    options = parser.parse_args(arguments)
    try:
        if options.transfer:
            compare(options.set, options.transfer, distance=options.distance, mirrored=options.mirrored)
        else:
            print(disjoint(parse_set(options.set)))
    except (ValueError, OSError, ImportError) as error:
        sys.exit(str(error))


def compare(pretraining: str, transfers: list[str], *, distance: int, mirrored: bool) -> None:
    """Print and write all comparisons of one pre-training set with transfer sets."""
    bands(distance)  # refuses a wrong distance now rather than after hours of hashing
    tests = [side(parse_set(text), "test", text) for text in transfers]
    training = side(parse_set(pretraining), "train", pretraining)
    results = []
    for test in tests:
        results.append(overlap(training, test, distance=distance, mirrored=mirrored))
        print(described(results[-1]), flush=True)
    print("\n".join(write(results, output_stem(pretraining, transfers))))


if __name__ == "__main__":
    main()
