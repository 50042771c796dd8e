"""Data sets as LightningDataModules; knows nothing of models or experiments."""

from data.base import ImageData
from data.sets.digits import Digits
from data.sets.fractals import Fractals, UnseenFractals
from data.sets.image_folder import ImageFolder
from data.sets.imagenet import ImageNet
from data.sets.imagenet21k import ImageNet21k
from data.sets.jft import JFT300M
from data.sets.mnist import MNIST, FashionMNIST
from data.sets.mnist5k import MNIST5k
from data.sets.objectnet import ObjectNet
from data.sets.sprite_scenes import SpriteScenes
from data.sets.sprites import Sprites
from data.sets.torchvision_sets import CIFAR10, CIFAR100, Flowers102, OxfordIIITPet
from data.sets.voc import VOC2007
from data.sets.vtab import (
    DTD,
    SUN397,
    SVHN,
    Caltech101,
    Camelyon,
    ClevrCount,
    ClevrDistance,
    EuroSAT,
    KITTIDistance,
    Vtab1k,
)
from data.sets.vtab.dmlab import DMLab
from data.sets.vtab.dsprites import DSpritesLocation, DSpritesOrientation
from data.sets.vtab.resisc45 import Resisc45
from data.sets.vtab.retinopathy import Retinopathy
from data.sets.vtab.small_norb import SmallNORBAzimuth, SmallNORBElevation

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "DTD",
    "JFT300M",
    "MNIST",
    "SUN397",
    "SVHN",
    "VOC2007",
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
    "SpriteScenes",
    "Sprites",
    "UnseenFractals",
    "Vtab1k",
]
