"""Data sets as LightningDataModules; knows nothing of models or experiments."""

from data.base import ImageData
from data.digits import Digits
from data.fractals import Fractals, UnseenFractals
from data.image_folder import ImageFolder
from data.imagenet import ImageNet
from data.imagenet21k import ImageNet21k
from data.jft import JFT300M
from data.mnist import MNIST5k
from data.sprites import Sprites
from data.torchvision_sets import CIFAR10, CIFAR100, Flowers102, OxfordIIITPet

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "JFT300M",
    "Digits",
    "Flowers102",
    "Fractals",
    "ImageData",
    "ImageFolder",
    "ImageNet",
    "ImageNet21k",
    "MNIST5k",
    "OxfordIIITPet",
    "Sprites",
    "UnseenFractals",
]
