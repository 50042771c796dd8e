"""python -m bench.archives: the cost of reading tars in place: random and sequential reads, and opening a large index."""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np

LARGE = 110_000  # bytes per image, the average of ImageNet
SMALL = 500  # bytes: for an index of a million members only their number matters
OPEN = """
import resource, sys, time
from pathlib import Path
from data.pictures.archives import open_archives
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
members = open_archives([Path(sys.argv[1])])
members.classes, members.folders, members.encoded(len(members) // 2)
print(len(members), time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def make_tar(path: Path, count: int, size: int) -> None:
    """A tar of `count` members of random bytes with image names, 1,000 per folder."""
    content = np.random.default_rng(0).bytes(size)
    with tarfile.open(path, "w") as archive:
        for number in range(count):
            member = tarfile.TarInfo(f"n{number // 1000:08d}/{number}.jpg")
            member.size = size
            archive.addfile(member, BytesIO(content))
            archive.members = []  # tarfile keeps every TarInfo in memory


def seconds(members, order, path: Path) -> float:
    """Seconds to read all members in this order, from the disk."""
    with open(path, "rb") as file:
        # drop the page cache of the file, which fadvise does for written pages only
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    start = time.perf_counter()
    for index in order:
        members.encoded(index)  # read, not decoded: decoding would hide the time of reading
    return time.perf_counter() - start


def random_reads(path: Path, rounds: int) -> list[float]:
    """Speed of random reads as a fraction of reads in the tar's order, one value per round."""
    from data.pictures.archives import open_archives

    members = open_archives([path])
    indices = np.arange(len(members))
    ratios = []
    for number in range(rounds):
        shuffled = np.random.default_rng(number).permutation(indices)
        orders = {"sequential": indices, "random": shuffled}
        names = list(orders) if number % 2 else list(reversed(orders))  # each order goes first in every second round
        times = {name: seconds(members, orders[name], path) for name in names}
        ratios.append(times["sequential"] / times["random"])
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.archives", description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000, help="members of the large index")
    parser.add_argument("--pictures", type=int, default=4_000, help="images to read, of 110 kB each")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VIT_DATA"] = folder
        make_tar(read := Path(folder) / "read.tar", options.pictures, LARGE)
        ratios = sorted(random_reads(read, options.rounds))
        spread = (
            f"{median(ratios):.2f} (quartiles {ratios[len(ratios) // 4]:.2f} to {ratios[-1 - len(ratios) // 4]:.2f})"
        )
        print(f"random reads at {spread} of the speed of sequential ones, {options.pictures:,} images of 110 kB")
        make_tar(large := Path(folder) / "large.tar", options.images, SMALL)
        for action in ("indexed and opened", "opened"):  # the first process writes the index, the second finds it
            process = subprocess.run([sys.executable, "-c", OPEN, large], capture_output=True, text=True, check=True)
            count, elapsed, memory = process.stdout.split()
            print(f"{int(count):,} images {action} in {float(elapsed):.2f} s, {int(memory) / 1024:.0f} MiB of memory")


if __name__ == "__main__":
    main()
