"""python -m bench.fractals: speed of drawing fractals on one core and of reading them from a pack, relative to plain numpy."""

from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch

from bench.timing import interleaved
from data.disk.pack import packed
from data.fractals.chaos_game import BURN_IN
from data.fractals.ifs import affine, candidates
from data.fractals.rendered import rendered
from data.sets.fractals import grid

IMAGES = {32: 192, 64: 96, 128: 32, 224: 16}  # size -> images per round, each of a different category
ON_GPU = 512  # images per round
PLAIN = "plain numpy, grey"


def measure(sizes=tuple(IMAGES), rounds=7):
    """Rows of name, images/s, and the ratio to plain numpy at the same size in the same run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [row for size in sizes for row in rows(size, rounds)]
    finally:
        torch.set_num_threads(threads)


def rows(size, rounds):
    with TemporaryDirectory() as folder:
        steps = contenders(size, Path(folder))
        seconds = interleaved({what: step for what, (step, _) in steps.items()}, rounds)
    speed = {what: count / median(seconds[what]) for what, (_, count) in steps.items()}
    return [
        {"what": f"{size} px, {what}", "images/s": value, "ratio": value / speed[PLAIN]}
        for what, value in speed.items()
    ]


def contenders(size, folder):
    """{name: (function, number of images it makes)}; the pack fits into the page cache."""
    count = IMAGES[size]
    order = np.random.default_rng(0).permutation(count)
    grey, colored = (rendered(0, *grid(count, 1), size=size, color=color) for color in (False, True))
    maps = affine(candidates(0, grey.categories, grey.attempts)).float().numpy()
    steps = {PLAIN: (partial(plain, maps, size), count)}
    for name, images in (("grey", grey), ("colored", colored)):
        every = images.drawn(np.arange(count), "cpu")
        pack = packed(folder / f"{name}.npy", tuple(every.shape), lambda every=every: [every.numpy()])
        steps[f"{name}, on the fly"] = partial(images.drawn, order, "cpu"), count
        if torch.cuda.is_available():
            steps[f"{name}, on the fly by the GPU"] = partial(images.drawn, np.resize(order, ON_GPU), "cuda"), ON_GPU
        steps[f"{name}, packed"] = partial(pack.index_select, 0, torch.from_numpy(order)), count
    return steps


def plain(maps, size):
    """The straightforward chaos game, with as many points as ours: image by image, a map drawn for each point."""
    random, steps = np.random.default_rng(0), 9 * size // 8
    images = np.empty((len(maps), size, size), np.uint8)
    for image, system in zip(images, maps, strict=True):  # system: the affine maps (K, 2, 3) of an image
        # a map is drawn in proportion to its determinant, the area that it covers; rows of zeros are padding
        area = np.abs(system[:, 0, 0] * system[:, 1, 1] - system[:, 0, 1] * system[:, 1, 0]) + 1e-3 * system.any((1, 2))
        chosen = random.choice(len(system), (BURN_IN + steps, 4 * size), p=area / area.sum())
        points = np.zeros((BURN_IN + steps, 2, 4 * size), np.float32)
        for step, (a, b, e, c, d, f) in enumerate(system.reshape(-1, 6).T[:, chosen].swapaxes(0, 1)):
            x, y = points[step - 1]
            points[step] = a * x + b * y + e, c * x + d * y + f
        points = points[BURN_IN:]
        low, high = points.min((0, 2))[:, None], points.max((0, 2))[:, None]
        x, y = ((points - low) * ((size - 1) / (high - low))).astype(np.int32).swapaxes(0, 1)
        hits = np.bincount((y * size + x).ravel(), minlength=size**2)
        image[:] = (255 * np.sqrt(np.minimum(hits, 32) / 32)).reshape(size, size)
    return images


if __name__ == "__main__":
    for row in measure():
        print(f"{row['what']:<32} {row['images/s']:>9,.0f} images/s  {row['ratio']:6.1f} × plain numpy", flush=True)
