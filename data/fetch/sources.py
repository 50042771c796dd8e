"""The files of each public data set: URLs, path in the data folder, checksum.

URLs and checksums of torchvision's sets are read from its classes. For the others the md5 or sha256 is one that another
project has published, or None; later downloads are then compared with the first.
"""

from dataclasses import dataclass

from torchvision import datasets

HUGGING_FACE = "https://huggingface.co/datasets"


@dataclass(frozen=True)
class File:
    """One file to download and, if it is an archive, to unpack."""

    path: str  # in the data folder
    urls: tuple[str, ...]  # mirrors of the same bytes
    checksum: str | None = None  # md5 or sha256, hexadecimal
    unpack: bool = False  # into its own folder
    inner: tuple[str, ...] = ()  # archives inside this one, unpacked into the same folder


def cifar(set_) -> tuple[File, ...]:
    return (File(set_.filename, (set_.url,), set_.tgz_md5, unpack=True),)


def flowers() -> tuple[File, ...]:
    names = datasets.Flowers102._file_dict.values()
    prefix = datasets.Flowers102._download_url_prefix
    return tuple(File(f"flowers-102/{name}", (prefix + name,), md5, name.endswith("tgz")) for name, md5 in names)


def pets() -> tuple[File, ...]:
    resources = datasets.OxfordIIITPet._RESOURCES
    return tuple(File(f"oxford-iiit-pet/{last(url)}", (url,), md5, unpack=True) for url, md5 in resources)


def voc2007() -> tuple[File, ...]:
    parts = [datasets.voc.DATASET_YEAR_DICT[key] for key in ("2007", "2007-test")]
    return tuple(File(f"voc2007/{part['filename']}", (part["url"],), part["md5"], unpack=True) for part in parts)


def svhn() -> tuple[File, ...]:
    lists = datasets.SVHN.split_list
    return tuple(File(lists[split][1], (lists[split][0],), lists[split][2]) for split in ("train", "test"))


def single_archive(folder: str, url: str, md5: str) -> tuple[File, ...]:
    return (File(f"{folder}/{last(url)}", (url,), md5, unpack=True),)


def camelyon() -> tuple[File, ...]:
    """From Zenodo: torchvision has the same files (its md5 say so) on Google Drive, which takes a package and has a daily limit."""
    zenodo = "https://zenodo.org/record/2546921/files"
    names = [file for part in datasets.PCAM._FILES.values() for file in part.values()]
    return tuple(File(f"pcam/{name}.gz", (f"{zenodo}/{name}.gz",), md5, unpack=True) for name, _, md5 in names)


def kitti() -> tuple[File, ...]:
    """Checksums from TensorFlow Datasets; torchvision has none."""
    url = datasets.Kitti.data_url
    return tuple(File(f"Kitti/raw/{name}", (url + name,), KITTI[name], True) for name in datasets.Kitti.resources)


KITTI = {
    "data_object_image_2.zip": "351c5a2aa0cd9238b50174a3a62b846bc5855da256b82a196431d60ff8d43617",
    "data_object_label_2.zip": "4efc76220d867e1c31bb980bbf8cbc02599f02a9cb4350effa98dbb04aaed880",
}


def idx(set_, folder: str) -> tuple[File, ...]:
    """MNIST and Fashion-MNIST, which are read gzipped."""
    return tuple(
        File(f"{folder}/raw/{name}", tuple(mirror + name for mirror in set_.mirrors), md5)
        for name, md5 in set_.resources
    )


def small_norb() -> tuple[File, ...]:
    """Read gzipped; checksums from TensorFlow Datasets."""
    page = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small"
    return tuple(
        File(f"smallnorb/smallnorb-{name}.mat.gz", (f"{page}/smallnorb-{name}.mat.gz",), sha256)
        for name, sha256 in SMALL_NORB.items()
    )


TRAINING, TESTING = "5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing"
SMALL_NORB = {
    f"{TRAINING}-dat": "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
    f"{TRAINING}-cat": "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
    f"{TRAINING}-info": "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
    f"{TESTING}-dat": "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
    f"{TESTING}-cat": "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
    f"{TESTING}-info": "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
}


def resisc45() -> tuple[File, ...]:
    """The archive, read in place, and lists of a 60/20/20 split, the sizes of VTAB's."""
    page = f"{HUGGING_FACE}/torchgeo/resisc45/resolve/883edc0eee77b2c84225472f10f126e3ed83fa6e"
    return tuple(File(f"resisc45/{name}", (f"{page}/{name}",), sha256) for name, sha256 in RESISC45)


RESISC45 = (
    ("NWPU-RESISC45.zip", "beeecd0b63656290ae6d65cf7763185b0c1c4c54a753ef8088d6fba3faaf1f53"),
    ("resisc45-train.txt", "ecfa963be4d85eac83665f8be8634abcb4fe6f3546472cc0e87999e2cab4449b"),
    ("resisc45-val.txt", "08d81f642526bec240589000af7f49a47e8d071a6e7925b0f36246a78ab64342"),
    ("resisc45-test.txt", "e0927e80130b47317a2f18520d98382b6fc56f0d3edd3345140f7d02267c3805"),
)


def dmlab() -> tuple[File, ...]:
    """WebDataset tars, read in place. No checksum is known."""
    train, test = f"{HUGGING_FACE}/clip-benchmark/wds_vtab-dmlab", f"{HUGGING_FACE}/djghosh/wds_vtab-dmlab_test"
    parts = [f"{train}/resolve/main/train/{number}.tar" for number in range(7)]
    parts += [f"{test}/resolve/main/test/{number}.tar" for number in range(3)]
    return tuple(File(f"dmlab/{'/'.join(url.split('/')[-2:])}", (url,)) for url in parts)


def last(url: str) -> str:
    return url.rpartition("/")[2]


# torchvision has these two addresses and sums inside its functions only; a test compares them.
CALTECH101 = "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip", "3138e1922a9193bfa496528edbbc45d0"
EUROSAT = (
    f"{HUGGING_FACE}/torchgeo/eurosat/resolve/c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
    "c8fa014336c82ac7804f0398fcb19387",
)
DSPRITES = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
DSPRITES_FILE = File(
    f"dsprites/{DSPRITES}", (f"https://github.com/google-deepmind/dsprites-dataset/raw/master/{DSPRITES}",)
)
REAL = File(
    "imagenet/real.json",
    ("https://raw.githubusercontent.com/google-research/reassessed-imagenet/master/real.json",),
    "d83e9bff374c631aae8439eb064c7019acc56e1b3bc3f56b8380c2a710b0220b",
)
CALTECH_INNER = ("caltech-101/101_ObjectCategories.tar.gz",)

FILES: dict[str, tuple[File, ...]] = {  # name of the class -> its files
    "CIFAR10": cifar(datasets.CIFAR10),
    "CIFAR100": cifar(datasets.CIFAR100),
    "OxfordIIITPet": pets(),
    "Flowers102": flowers(),
    "VOC2007": voc2007(),
    "Caltech101": (File("caltech101/caltech-101.zip", CALTECH101[:1], CALTECH101[1], True, CALTECH_INNER),),
    "DTD": single_archive("dtd", datasets.DTD._URL, datasets.DTD._MD5),
    "SVHN": svhn(),
    "Camelyon": camelyon(),
    "EuroSAT": single_archive("eurosat", *EUROSAT),
    "Resisc45": resisc45(),
    "ClevrCount": single_archive("clevr", datasets.CLEVRClassification._URL, datasets.CLEVRClassification._MD5),
    "ClevrDistance": single_archive("clevr", datasets.CLEVRClassification._URL, datasets.CLEVRClassification._MD5),
    "DMLab": dmlab(),
    "DSpritesLocation": (DSPRITES_FILE,),
    "DSpritesOrientation": (DSPRITES_FILE,),
    "KITTIDistance": kitti(),
    "SmallNORBAzimuth": small_norb(),
    "SmallNORBElevation": small_norb(),
    "ImageNetReaL": (REAL,),
    "MNIST": idx(datasets.MNIST, "MNIST"),
    "FashionMNIST": idx(datasets.FashionMNIST, "FashionMNIST"),
}
