"""The ledger has a row for every set, and `make data-check` tells what is here and which cells need it."""

import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from plain_data import PLAIN

import data
from data import ImageData
from data.fetch.download import record
from data.fetch.ledger import LEDGER, advice, plain, row_of
from data.fetch.row import FETCHED, GENERATED, MANUAL, PACKAGE
from data.fetch.sources import FILES, File
from data.transforms.resize import resized
from vit.commands.command_line import parser
from vit.data_check import cells_of_sets, data_check
from vit.errors import UserError
from vit.paths import ROOT
from vit.plan import make_plan
from vit.plan.resolve import load_scale


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


def blocks(text):
    """Name -> key -> text, as it is printed; lines that were wrapped are one again."""
    found = {}
    for block in text.split("\n\n")[:-1]:
        head, *lines = re.sub(r"\n {13}", " ", block).split("\n")
        rows = [line.split(maxsplit=1) for line in lines]
        found[head.partition(":")[0]] = {key: text for key, text in rows}
    return found


def test_every_set_that_there_is_has_a_row():
    sets = {name for name in data.__all__ if getattr(data, name) is not ImageData}
    assert sets <= set(LEDGER)
    assert sets >= {name for name, row in LEDGER.items() if row.source in (GENERATED, PACKAGE)}


def test_every_set_of_the_paper_has_a_row():
    scale = load_scale("paper")
    entries = (*scale.pretrain.values(), *scale.transfer.values())
    assert {entry.data.rsplit(".", 1)[-1] for entry in entries} <= set(LEDGER)


def test_every_set_that_a_scale_has_fetched_can_be():
    for scale in ("small", "released"):
        fetched = [entry.data.rsplit(".", 1)[-1] for entry in load_scale(scale).transfer.values() if entry.fetch]
        assert fetched and all(LEDGER[name].source == FETCHED for name in fetched)


@pytest.mark.parametrize("name", LEDGER)
def test_a_row_is_complete(name):
    row = LEDGER[name]
    assert row.title and row.page and row.terms and row.source in (GENERATED, PACKAGE, FETCHED, MANUAL)
    assert (row.source == FETCHED) == bool(row.files) == (name in FILES)
    assert (row.source == MANUAL) == bool(row.put) and (row.source != PACKAGE or row.package)
    if row.source == FETCHED:
        assert row.bytes and row.images and row.classes and row.patterns
    kind = getattr(data, name, None)
    if isinstance(getattr(kind, "num_classes", None), int) and name != "ObjectNet":  # which is measured in ImageNet's
        assert row.classes == kind.num_classes


def test_no_name_means_two_sets():
    names = [plain(one) for name, row in LEDGER.items() for one in {plain(name), *map(plain, row.aliases)}]
    assert len(names) == len(set(names))


def test_cells_are_counted_by_the_sets_that_their_runs_need():
    """Table 5 by hand: 14 models and pre-trainings; ViT-B and ViT-L from scratch are not run at this scale."""
    needed = cells_of_sets(make_plan("paper"))
    assert needed["CIFAR10"]["table5"] == needed["Flowers102"]["table5"] == needed["ImageNetReaL"]["table5"] == 14
    assert needed["CIFAR10"]["table6"] == 18
    assert needed["ImageNet21k"]["table5"] == 5 * 6 and needed["JFT300M"]["table5"] == 5 * 6
    assert needed["ImageNet"]["table5"] == 4 * 6 + (14 - 4) * 2  # pre-training of 4, or transfer to it with two labels
    assert needed["DTD"] == {"table9": 3, "figure2": 3} and needed["CIFAR100"]["table9"] == 3
    assert needed["ObjectNet"] == {"objectnet": 3 * 2}  # three models, top-1 and top-5
    assert "UnseenFractals" not in needed


def test_what_is_missing_says_how_it_comes(folder):
    text = data_check("paper")
    found = blocks(text)
    assert list(found) == list(LEDGER)
    assert found["OxfordIIITPet"]["state"] == "can be fetched: make data SET=pets"
    assert found["OxfordIIITPet"]["checksums"] == "not checked yet: 2 files"
    assert found["DMLab"]["checksums"] == "no checksum known, compared with the first download: 10 files"
    assert found["OxfordIIITPet"]["images"] == "train 3,680, test 3,669; 37 classes"
    assert found["CIFAR10"]["size"] == "170 MB" and "table5: 14 cells" in found["CIFAR10"]["unlocks"]
    assert found["Retinopathy"]["state"].startswith("manual download: https://www.kaggle.com/")
    assert str(folder) in found["Retinopathy"]["state"]
    assert found["JFT300M"]["terms"] == "private" and found["Fractals"]["state"] == "generated"
    assert not any("parts" in rows for rows in found.values())
    assert max(len(line) for line in text.splitlines()) <= 120
    assert re.search(r"\d+ sets are present, \d+ can be fetched \(\S+ GB\), \d+ are manual", text.splitlines()[-1])


def pets(folder, count):
    """The layout of the set; the pictures are none, so whoever decodes one fails."""
    images, lists = folder / "oxford-iiit-pet/images", folder / "oxford-iiit-pet/annotations"
    images.mkdir(parents=True)
    lists.mkdir()
    for number in range(count):
        (images / f"pug_{number}.jpg").touch()
    (lists / "trainval.txt").write_text("".join(f"pug_{number} {1 + number % 37} 2 1\n" for number in range(count - 1)))
    (lists / "test.txt").write_text(f"pug_{count - 1} 37 2 1\n")


def test_what_is_present_is_divided_as_the_recipes_do_and_no_picture_is_decoded(folder):
    pets(folder, 1202)
    text = data_check("paper", ["pets"], hashes=True)
    assert list(blocks(text)) == ["OxfordIIITPet"] and blocks(text)["OxfordIIITPet"]["state"] == "present"
    lines = re.findall(r"  parts +(train [^\n]*(?:\n {13}[^\n]*)*)", text.split("OxfordIIITPet: ")[1].split("\n\n")[0])
    assert len(lines) == 2  # of fine-tuning and of VTAB
    sizes = [re.findall(r"(\w+) ([\d,]+) [0-9a-f]{10}", line) for line in lines]
    vtab = next(dict(size) for size, line in zip(sizes, lines, strict=True) if "subset 800" in line)
    assert vtab == {"train": "800", "val": "200", "test": "1"}
    test = hashlib.sha256(np.array([36]).tobytes() + b"oxford-iiit-pet/images/pug_1201.jpg\n").hexdigest()[:10]
    assert all(f"test 1 {test}" in line for line in lines)


def test_hashes_change_with_the_data_and_with_nothing_else(folder):
    pets(folder, 1202)
    first = parts_of("OxfordIIITPet")
    assert first == parts_of("OxfordIIITPet")
    (folder / "oxford-iiit-pet/annotations/test.txt").write_text("pug_1201 36 2 1\n")
    assert parts_of("OxfordIIITPet") != first


def parts_of(name):
    block = data_check("paper", [name], hashes=True).split(f"{name}: ")[1].split("\n\n")[0]
    return [line for line in block.splitlines() if line.startswith("  parts")]


def test_images_in_memory_are_hashed_by_their_content():
    text = blocks(data_check("smoke", ["mnist-5k"], hashes=True))["MNIST5k"]["parts"]
    images, labels = data.MNIST5k(**PLAIN, image_size=32, batch_size=1).arrays("test")
    content = resized(images[:, None], (32, 32)).numpy().tobytes()
    test = hashlib.sha256(labels.numpy().tobytes() + content).hexdigest()[:10]
    assert re.fullmatch(rf"train 3,600 \w{{10}}, val 400 \w{{10}}, test 1,000 {test} \(.*held_out 0\.1, .*\)", text)


def with_files(monkeypatch, name, *checksums):
    """The set's row with so many files, set/0, set/1 ..., of which these checksums are known."""
    files = tuple(File(f"set/{number}", ("nowhere",), checksum) for number, checksum in enumerate(checksums))
    monkeypatch.setitem(LEDGER, name, replace(LEDGER[name], files=files))


def test_of_each_file_a_checksum_is_known_and_matched_or_not_checked_yet_or_none_is_known(folder, monkeypatch):
    with_files(monkeypatch, "CIFAR10", *(hashlib.md5(name).hexdigest() for name in (b"0", b"1", b"2")), None, None)

    def said(**options):
        return blocks(data_check("paper", ["cifar10"], **options))["CIFAR10"]["checksums"]

    none = "no checksum known, compared with the first download: 2 files"
    assert said() == said(hashes=True) == f"not checked yet: 3 files; {none}"
    (folder / "set").mkdir()
    for name in "013":
        (folder / "set" / name).write_text(name)
    for name in "03":
        record(folder / "set" / name, hashlib.sha256(name.encode()).hexdigest())
    again = " (compare again with --hashes)"
    assert said() == f"checksum matches: 1 file; not checked yet: 2 files; {none}{again}"
    assert said(hashes=True) == f"checksum matches: 2 files; not checked yet: 1 file; {none}"
    for name in "13":  # by what is known, and by the first download
        (folder / "set" / name).write_text("other")
        assert re.fullmatch(rf"{folder}/set/{name}: checksum differs .*; remove it .*", said(hashes=True))
        (folder / "set" / name).write_text(name)
    assert said(hashes=True).startswith("checksum matches: 2 files")


# What a person is told to do can be done, of every set.

OWN = {"ImageNet21k": {"release": "fall11"}, "JFT300M": {"classes": 5}, "Vtab1k": {"task": "DTD", "held_out": 200}}
SPLITS = {"ImageNet21k": ["train"], "JFT300M": ["train"], "ObjectNet": ["test"]}
FILES_NEEDED = [name for name, row in LEDGER.items() if row.source in (FETCHED, MANUAL) and name != "ImageFolder"]
MISSING = [(name, split) for name in FILES_NEEDED for split in SPLITS.get(name, ["train", "test"])]


@pytest.mark.parametrize(("name", "split"), [one for one in MISSING if one[0] != "ImageNetReaL"])
def test_where_files_are_missing_the_command_that_is_named_brings_them(name, split, monkeypatch, folder):
    monkeypatch.setattr(data.sets.mnist, "DEBIAN", folder / "none")
    module = getattr(data, name)(**PLAIN | {"image_size": 8, "batch_size": 1, "resize": "vit_jax"} | OWN.get(name, {}))
    with pytest.raises(FileNotFoundError) as missing:
        module.arrays(split)
    line = str(missing.value)
    assert "\n" not in line and str(folder) in line
    assert re.findall(r"python -m data \w+ (\w+)", line) == ([name] if LEDGER[name].source == FETCHED else [])
    if LEDGER[name].source == MANUAL and name not in ("ImageNet", "ImageNet21k", "JFT300M"):
        assert line.endswith(f"manual download: {LEDGER[name].page}; put {LEDGER[name].put} in {folder}")


def test_a_class_that_is_made_from_a_set_gives_its_advice(folder):
    assert advice(type("Mine", (data.OxfordIIITPet,), {})) == "python -m data fetch OxfordIIITPet"
    assert advice(type("Mine", (ImageData,), {})) == f"put them in {folder}"


def test_commands_of_the_overview_name_sets_that_can_be_fetched_and_packages_that_there_are(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # no package is installed
    monkeypatch.setattr("data.fetch.row.exists", lambda pattern: False)  # nor lies a set elsewhere on this machine
    found, known = blocks(data_check("paper")), (ROOT / "pyproject.toml").read_text()
    for name, rows in found.items():
        fetched = re.findall(r"make data SET=(\S+?);?(?: |$)", rows["state"])
        assert [row_of(one)[0] for one in fetched] == ([name] if LEDGER[name].source == FETCHED else [])
        installed = re.findall(r"pip install (\S+)", rows["state"])
        assert bool(installed) == bool(LEDGER[name].package) and all(f'"{one}>=' in known for one in installed)


def test_help_names_one_scale(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["data", "--help"])
    text = capsys.readouterr().out
    assert sorted(re.findall(r"default:\s+(\w+)", text)) == ["all", "paper"]  # sets, scale
    assert "mini" not in text and "scale: " not in text and parser().parse_args(["data"]).scale == "paper"


def test_a_set_that_is_damaged_is_one_line_and_the_others_are_still_told(folder):
    (folder / "cifar-10-batches-py").mkdir()
    (folder / "cifar-10-batches-py/test_batch").write_bytes(b"")
    found = blocks(data_check("paper", ["cifar10", "digits"], hashes=True))
    assert found["CIFAR10"]["parts"].startswith("cannot be read: CIFAR10 is not complete in ")
    assert list(found) == ["CIFAR10", "Digits"]


def test_a_name_that_no_set_has_is_one_line():
    with pytest.raises(UserError, match=r"'petz', did you mean OxfordIIITPet\?"):
        data_check("paper", ["petz"])
