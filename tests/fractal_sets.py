"""Small sets of fractals, and their images."""

from plain_data import PLAIN

from data import Fractals
from data.fractals.rendered import rendered

COMMON = PLAIN | {"image_size": 16, "batch_size": 8}


def fractals(categories=4, instances=3, **options):
    return Fractals(categories=categories, instances=instances, **{"fractal_seed": 0} | COMMON | options)


def images(seed, categories, instances, **options):
    return rendered(seed, categories, instances, **options).all()
