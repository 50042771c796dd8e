"""The tasks of VTAB (Section 4.1, Appendix D.10; Zhai et al., 2019) that torchvision has the images of, and VTAB-1k itself.

Their rules for labels are those of VTAB's own code. Some of its splits lie in the order in which TensorFlow Datasets stores
the images, which cannot be known without it: there a seeded test split of ours takes the place of VTAB's.
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
