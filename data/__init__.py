"""Data sets as LightningDataModules; knows nothing of models or experiments."""

from data.base import ImageData
from data.digits import Digits
from data.fractals import Fractals, UnseenFractals
from data.image_folder import ImageFolder
from data.mnist import MNIST5k
from data.sprites import Sprites
from data.torchvision_sets import CIFAR10, CIFAR100, Flowers102, OxfordIIITPet

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "Digits",
    "Flowers102",
    "Fractals",
    "ImageData",
    "ImageFolder",
    "MNIST5k",
    "OxfordIIITPet",
    "Sprites",
    "UnseenFractals",
]
