"""Names of sets, and the files that they consist of."""

import inspect
from pathlib import Path

import pytest
from torchvision import datasets

from data.fetch.fetch import fetch
from data.fetch.ledger import LEDGER, row_of
from data.fetch.sources import CALTECH101, EUROSAT, FILES, File


@pytest.mark.parametrize(
    "said, meant",
    [
        *(("cifar10", "CIFAR10"), ("cifar-10", "CIFAR10"), ("CIFAR100", "CIFAR100"), ("pets", "OxfordIIITPet")),
        *(("flowers102", "Flowers102"), ("dtd", "DTD"), ("svhn", "SVHN"), ("caltech101", "Caltech101")),
        *(("eurosat", "EuroSAT"), ("camelyon", "Camelyon"), ("clevr", "ClevrCount"), ("kitti", "KITTIDistance")),
        *(("dsprites", "DSpritesLocation"), ("smallnorb", "SmallNORBAzimuth"), ("resisc45", "Resisc45")),
        *(("dmlab", "DMLab"), ("fashion-mnist", "FashionMNIST"), ("real", "ImageNetReaL"), ("mnist", "MNIST")),
    ],
)
def test_short_names_mean_what_people_mean_by_them(said, meant):
    assert row_of(said) == (meant, LEDGER[meant])


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"'cifr100', did you mean CIFAR100\? \(python -m data list"):
        fetch("cifr100")


def test_what_torchvision_says_only_in_its_code_is_what_stands_here():
    for set_, (url, md5) in ((datasets.Caltech101, CALTECH101), (datasets.EuroSAT, EUROSAT)):
        code = inspect.getsource(set_.download)
        assert f'"{url}"' in code and f'"{md5}"' in code


def test_every_file_has_an_address_a_place_of_its_own_and_a_checksum_if_any_is_known():
    paths = {}
    for name, files in FILES.items():
        assert files, name
        for file in files:
            assert isinstance(file, File) and all(url.startswith(("https://", "http://")) for url in file.urls), name
            assert not Path(file.path).is_absolute() and ".." not in Path(file.path).parts
            assert paths.setdefault(file.path, file) == file  # sets may share a file, not a name
            assert file.checksum is None or len(bytes.fromhex(file.checksum)) in (16, 32)
    assert {path.split("/")[0] for path, file in paths.items() if not file.checksum} == {"dmlab", "dsprites"}
