"""Data sets as LightningDataModules; knows nothing of models or experiments."""

from data.base import ImageData
from data.digits import Digits
from data.dmlab import DMLab
from data.dsprites import DSpritesLocation, DSpritesOrientation
from data.fractals import Fractals, UnseenFractals
from data.idx import MNIST, FashionMNIST
from data.image_folder import ImageFolder
from data.imagenet import ImageNet
from data.imagenet21k import ImageNet21k
from data.jft import JFT300M
from data.mnist import MNIST5k
from data.objectnet import ObjectNet
from data.resisc45 import Resisc45
from data.retinopathy import Retinopathy
from data.small_norb import SmallNORBAzimuth, SmallNORBElevation
from data.sprites import Sprites
from data.torchvision_sets import CIFAR10, CIFAR100, Flowers102, OxfordIIITPet
from data.vtab import DTD, SUN397, SVHN, Caltech101, Camelyon, ClevrCount, ClevrDistance, EuroSAT, KITTIDistance, Vtab1k

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "DTD",
    "JFT300M",
    "MNIST",
    "SUN397",
    "SVHN",
    "Caltech101",
    "Camelyon",
    "ClevrCount",
    "ClevrDistance",
    "DMLab",
    "DSpritesLocation",
    "DSpritesOrientation",
    "Digits",
    "EuroSAT",
    "FashionMNIST",
    "Flowers102",
    "Fractals",
    "ImageData",
    "ImageFolder",
    "ImageNet",
    "ImageNet21k",
    "KITTIDistance",
    "MNIST5k",
    "ObjectNet",
    "OxfordIIITPet",
    "Resisc45",
    "Retinopathy",
    "SmallNORBAzimuth",
    "SmallNORBElevation",
    "Sprites",
    "UnseenFractals",
    "Vtab1k",
]
