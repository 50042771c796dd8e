"""python -m bench.archives: what reading tars in place costs: random against sequential reads, and opening a large index.

Whole pictures are read and not decoded, so that nothing hides the reading.
"""

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

LARGE = 110_000  # bytes of a picture, as ImageNet's
SMALL = 500
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
    """`count` members of random bytes that are called pictures; 1,000 a folder."""
    content = np.random.default_rng(0).bytes(size)
    with tarfile.open(path, "w") as archive:
        for number in range(count):
            member = tarfile.TarInfo(f"n{number // 1000:08d}/{number}.jpg")
            member.size = size
            archive.addfile(member, BytesIO(content))
            archive.members = []


def seconds(members, order, path: Path) -> float:
    """To read all of them in this order, from the disk: what the system keeps of the file in memory is dropped first."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    start = time.perf_counter()
    for index in order:
        members.encoded(index)
    return time.perf_counter() - start


def random_reads(path: Path, rounds: int) -> list[float]:
    """Ratios, round by round, of the speed of random reads to that of reads in the tar's order."""
    from data.pictures.archives import open_archives

    members = open_archives([path])
    there = np.arange(len(members))
    ratios = []
    for number in range(rounds):
        shuffled = np.random.default_rng(number).permutation(there)
        orders = {"sequential": there, "random": shuffled}
        names = list(orders) if number % 2 else list(reversed(orders))
        took = {name: seconds(members, orders[name], path) for name in names}
        ratios.append(took["sequential"] / took["random"])
    return ratios


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.archives", description=__doc__)
    options.add_argument("--images", type=int, default=1_000_000, help="of the index that is opened")
    options.add_argument("--pictures", type=int, default=4_000, help="read in turn, 110 kB each")
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VIT_DATA"] = folder
        make_tar(read := Path(folder) / "read.tar", given.pictures, LARGE)
        ratios = sorted(random_reads(read, given.rounds))
        spread = (
            f"{median(ratios):.2f} (quartiles {ratios[len(ratios) // 4]:.2f} to {ratios[-1 - len(ratios) // 4]:.2f})"
        )
        print(f"random reads at {spread} of the speed of sequential ones, {given.pictures:,} pictures of 110 kB")
        make_tar(large := Path(folder) / "large.tar", given.images, SMALL)
        for what in ("indexed and opened", "opened"):
            done = subprocess.run([sys.executable, "-c", OPEN, large], capture_output=True, text=True, check=True)
            count, took, memory = done.stdout.split()
            print(f"{int(count):,} pictures {what} in {float(took):.2f} s, {int(memory) / 1024:.0f} MiB of memory")


if __name__ == "__main__":
    main()
