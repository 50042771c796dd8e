"""The tasks of VTAB (Section 4.1, Appendix D.10; Zhai et al., 2019), and the published lists of VTAB-1k.

Labels follow VTAB's code. Some of its splits depend on the order in which TensorFlow Datasets (TFDS) stores the images,
which cannot be known without it: for these sets a seeded split of ours replaces VTAB's.
"""

from data.sets.vtab.natural import DTD, SUN397, SVHN, Caltech101
from data.sets.vtab.specialized import Camelyon, EuroSAT
from data.sets.vtab.structured import ClevrCount, ClevrDistance, KITTIDistance
from data.sets.vtab.vtab1k import Vtab1k

__all__ = [
    "DTD",
    "SUN397",
    "SVHN",
    "Caltech101",
    "Camelyon",
    "ClevrCount",
    "ClevrDistance",
    "EuroSAT",
    "KITTIDistance",
    "Vtab1k",
]
