"""PASCAL VOC 2007 as a multi-label set (Everingham et al., 2010): which of 20 classes are in an image. Not in the paper."""

from torchvision import datasets
from torchvision.datasets.voc import ET_parse

from data.disk.folder import data_folder
from data.sets.torchvision_sets import TorchvisionData

CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


def labels_of(tree: dict) -> list[int]:
    """Of torchvision's dict of an annotation: 1 for a class of the image, 0 for another, -1 for one that is not judged.

    The rule of the challenge's classification task: an image whose objects of a class are all marked as difficult counts
    neither for nor against that class. ValueError for an object of another class.
    """
    annotation = tree["annotation"]
    labels = [0] * len(CLASSES)
    for each in annotation.get("object", []):
        if each["name"] not in CLASSES:
            raise ValueError(f"VOC2007: {annotation.get('filename')}: {each['name']!r} is not one of its 20 classes")
        number = CLASSES.index(each["name"])
        if each.get("difficult", "0") == "0":
            labels[number] = 1
        elif labels[number] == 0:
            labels[number] = -1
    return labels


class VOC2007(TorchvisionData):
    """20 classes, several an image: 5,011 train (the official trainval) and 4,952 test."""

    num_classes, class_names = len(CLASSES), CLASSES
    multi_label = True

    @staticmethod
    def sources(split):
        part = {"train": "trainval", "test": "test"}[split]
        folder = data_folder() / "voc2007"
        return [datasets.VOCDetection(folder, year="2007", image_set=part, target_transform=labels_of)]

    @staticmethod
    def originals(source):
        trees = (source.parse_voc_xml(ET_parse(path).getroot()) for path in source.annotations)
        return source.images, [labels_of(tree) for tree in trees]
