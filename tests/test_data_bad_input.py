"""Pictures and classes that cannot be used: named, or passed over and counted, within a limit; nothing depends on workers."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from archive_files import number_of, png, tar
from folder_runs import run_of, smoke_config
from plain_data import PLAIN

from data import ImageData, ImageFolder
from data.batches.order import StepOrder
from data.pictures.pictures import Files
from vit.record import write_record
from vit.run.callbacks.monitoring import ProgressBar, TrainingSetSize
from vit.run.runner import train_and_evaluate

COMMON = PLAIN | {"image_size": 4, "batch_size": 8, "resize": "vit_jax"}
BROKEN = (3, 4, 17)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    return tmp_path


class Numbered(ImageData):
    """40 files of which some are broken, decoded when they are needed; picture k says k and its class is k % 4."""

    num_classes = 4

    def arrays(self, split):
        return Files([self.folder / f"{k}.png" for k in range(40)], self.folder), torch.arange(40) % 4


@pytest.fixture
def numbered(folder):
    for k in range(40):
        (folder / f"{k}.png").write_bytes(png(k, (4, 4)) if k not in BROKEN else png(k)[:50])
    Numbered.folder = folder

    def build(**options):
        return Numbered(**COMMON | {"train_on": "all", "skip_limit": 0.1} | options)

    return build


def shown(images):
    """Numbers that the images (B, 3, S, S) in [-1, 1] say."""
    return [number_of(image) for image in (images * 127.5 + 127.5).round().int()]


def test_an_unreadable_picture_ends_a_run_and_is_named(numbered):
    module = numbered()
    module.setup("test")
    with pytest.raises(ValueError, match=r"/3.png is not a readable picture"):
        list(module.test_dataloader())


def test_in_an_evaluation_it_is_left_out(numbered, capsys):
    module = numbered(on_error="skip", eval_batch_size=10)
    module.setup("test")
    batches = list(module.test_dataloader())
    assert [len(labels) for _, labels in batches] == [8, 9, 10, 10]
    assert [number for images, _ in batches for number in shown(images)] == [k for k in range(40) if k not in BROKEN]
    assert all((np.array(shown(images)) % 4 == labels.numpy()).all() for images, labels in batches)
    assert module.skipped_images() == {"test": 3}
    assert capsys.readouterr().err.count("skipped: ") == 3


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_in_training_the_next_one_stands_in_and_the_count_is_that_of_all_workers(numbered, workers):
    plain = numbered(on_error="skip", workers=workers)
    plain.setup("fit")
    batches = [batch for batch, _ in zip(plain.train_dataloader(), range(10), strict=False)]  # two epochs
    order = StepOrder(length=40, batch_size=plain.batch_size, seed=plain.seed)
    expected = [
        {3: 5, 4: 5, 17: 18}.get(k, k) for _, (_, places) in zip(range(10), order, strict=False) for k in places
    ]
    assert [number for images, _ in batches for number in shown(images)] == expected
    assert torch.cat([labels for _, labels in batches]).tolist() == [k % 4 for k in expected]
    assert plain.skipped_images() == {"train": 3}


def test_more_than_the_limit_is_an_error(numbered):
    module = numbered(on_error="skip", skip_limit=0.05)
    module.setup("test")
    with pytest.raises(ValueError, match=r"17.png .*skip_limit allows 2 of 40 to be skipped"):
        list(module.test_dataloader())


def test_a_resumed_run_goes_on_counting(numbered):
    first, second = numbered(on_error="skip"), numbered(on_error="skip")
    for module in (first, second):
        module.setup("fit")
    list(zip(first.train_dataloader(), range(5), strict=False))
    second.load_state_dict(first.state_dict())
    assert second.skipped_images() == first.skipped_images() == {"train": 3}


def test_a_run_is_not_resumed_on_fewer_or_more_images(numbered):
    first, second = numbered(), numbered(without=None, subset=0.5)
    for module in (first, second):
        module.setup("fit")
    line = r"a run with 40 images in part 'train', which now has 22; .*train anew"
    with pytest.raises(ValueError, match=line):
        second.load_state_dict(first.state_dict())


def test_a_part_without_images_is_refused():
    class Nothing(ImageData):
        num_classes = 2

        def arrays(self, split):
            return torch.empty(0, 4, 4, dtype=torch.uint8), torch.empty(0, dtype=torch.int64)

    with pytest.raises(ValueError, match=r"Nothing: a part has no images; .*held_out"):
        Nothing(**COMMON).setup("test")


def test_a_line_break_in_a_name_is_none_in_the_line(folder):
    for split in ("train", "test"):
        for k in range(2):
            path = folder / "mine" / split / f"class{k}" / f"a\nb{k}.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(png(k) if split == "train" else b"")
    with pytest.raises(ValueError, match=r"a\\nb0.png is not a readable picture \(it is empty\)"):
        module = ImageFolder(folder="mine", **COMMON)
        module.setup("test")
        list(module.test_dataloader())


def test_on_error_is_one_of_two_words(numbered):
    with pytest.raises(ValueError, match=r"on_error .*'raise' or 'skip', not 'ignore'"):
        numbered(on_error="ignore")


def test_a_class_out_of_range_is_named_or_left_out(folder):
    tar(
        folder / "mine" / "train.tar",
        {
            f"{k}.{kind}": content
            for k in range(20)
            for kind, content in (("png", png(k)), ("cls", str(k % 4).encode()))
        },
    )
    tar(
        folder / "mine" / "test.tar",
        {f"{k}.{kind}": data for k in (0, 1, -7, 2, 3) for kind, data in (("png", png(0)), ("cls", str(k).encode()))},
    )
    with pytest.raises(ValueError, match=r"ImageFolder, test: image 2: class -7 is not one of 0 to 3; 1 of 5 "):
        ImageFolder(folder="mine", **COMMON).setup("test")
    module = ImageFolder(folder="mine", on_error="skip", skip_limit=0.2, **COMMON)
    module.setup("test")
    assert module.parts["test"].labels.tolist() == [0, 1, 2, 3]
    assert module.skipped_images() == {"test": 1}


def divided(root):
    """12 training and 4 test pictures of two classes."""
    for split, count in (("train", 12), ("test", 4)):
        for k in range(count):
            path = root / split / f"class{k % 2}" / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(k))


@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_pictures_in_folders_are_tried_once(folder, monkeypatch, resize, capsys):
    divided(folder / "mine")
    (folder / "mine/train/class0/4.png").write_bytes(b"")
    for split in ("train", "test"):
        (folder / "mine" / split / "empty").mkdir()  # its place among the classes stays
    options = COMMON | {"resize": resize, "train_on": "all"}
    with pytest.raises(ValueError, match=r"mine/train/empty: no pictures"):
        ImageFolder(folder="mine", **options).setup("fit")
    for _ in range(2):
        module = ImageFolder(folder="mine", on_error="skip", skip_limit=0.1, **options)
        module.setup("fit")
        assert module.parts["train"].labels.tolist() == [0] * 5 + [1] * 6
        assert module.skipped_images() == {"train": 1, "empty classes": 1}
        monkeypatch.setattr("data.pictures.decoded_once.decode_error", None)  # a second trial would fail
    told = capsys.readouterr().err.splitlines()
    assert [line.count("mine/train: no pictures of the class 'empty'") for line in told] == [1, 0]  # once, whoever asks


def test_an_unreadable_picture_does_not_move_the_others_between_the_parts(folder):
    """Held out are pictures of 40, whether all can be read or not."""
    for split, count in (("train", 40), ("test", 2)):
        for k in range(count):
            path = folder / "mine" / split / f"class{k % 2}" / f"{k:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(k))

    def parts(**options):
        module = ImageFolder(folder="mine", **COMMON | {"held_out": 0.25, "subset": 0.5, "skip_limit": 0.1} | options)
        module.setup("fit")
        return [{number_of(image) for image in module.parts[name].images} for name in ("train", "val")]

    train, val = parts()
    assert (len(train), len(val)) == (15, 10)
    broken = {min(train), max(train), min(val), 39}
    for k in broken:
        (folder / "mine" / "train" / f"class{k % 2}" / f"{k:02}.png").write_bytes(b"")
    assert parts(on_error="skip") == [train - broken, val - broken]


@pytest.mark.parametrize("target", ["nowhere.png", "7.png"])  # to nothing, and to itself
@pytest.mark.parametrize("resize", ["once", "vit_jax"])
def test_a_link_that_leads_nowhere_is_an_unreadable_picture(folder, target, resize):
    divided(folder / "mine")
    link = folder / "mine/train/class1/7.png"
    link.unlink()
    link.symlink_to(target)
    options = COMMON | {"resize": resize, "train_on": "all"}
    with pytest.raises(ValueError, match=r"class1/7.png is not a readable picture \("):
        ImageFolder(folder="mine", **options).setup("fit")
    module = ImageFolder(folder="mine", on_error="skip", skip_limit=0.1, **options)
    module.setup("fit")
    assert (len(module.parts["train"]), module.skipped_images()) == (11, {"train": 1})


def pretraining(start, **options):
    """The config of that pre-training of scale smoke, on pictures in the folder "mine"."""
    config = smoke_config(start)
    given = {
        key: value
        for key, value in config["data"]["init_args"].items()
        if key not in ("categories", "instances", "fractal_seed")
    }
    config["data"] = {"class_path": "data.ImageFolder", "init_args": given | {"folder": "mine"} | options}
    return config


def test_the_count_stands_in_metrics_json(folder):
    """A pre-training of scale smoke on a folder of pictures, one of which is broken."""
    for k in range(60):
        path = folder / "mine" / ("test" if k % 3 == 0 else "train") / f"class{k % 2}" / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(4 * k))
    (folder / "mine/train/class1/7.png").write_bytes(b"no picture")
    config = pretraining("pretrain-ViT-B-32", held_out=0.2, on_error="skip", skip_limit=0.1)
    run = run_of("pretrain-here", config, images=1, classes=2)
    _, outcome = train_and_evaluate(run, folder, ProgressBar("pictures", 0), print)
    write_record(run, folder, outcome, seconds=1.0, flops=1.0, threads=1, arrays={})
    assert json.loads((folder / "metrics.json").read_text())["skipped_images"] == {"train": 1}


@pytest.mark.parametrize("train_on", ["train", "all"])
def test_a_scale_that_is_mistaken_about_a_sets_size_is_told_so(folder, train_on):
    """It would train for a hundred times as many epochs."""
    for k in range(60):
        path = folder / "mine" / ("test" if k % 3 == 0 else "train") / f"class{k % 2}" / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(4 * k))
    config, said = pretraining("pretrain-ViT-B-32", held_out=0.2, train_on=train_on, subset=1.0), []
    line = "ImageFolder: the data set has 40 training images, but the scale file says images: 4,000"
    for images, lines in ((40, 0), (4000, 1)):
        trainer, module = SimpleNamespace(datamodule=ImageFolder(**config["data"]["init_args"])), None
        trainer.datamodule.setup("fit")
        TrainingSetSize(images, said.append).on_fit_start(trainer, module)
        assert [text[: len(line)] for text in said] == [line] * lines


NAMES = {"7.png": "7.png", os.fsdecode(b"caf\xe9.png"): r"caf\udce9.png"}  # -> as it is printed; the second is no UTF-8


@pytest.mark.parametrize("name", NAMES, ids=NAMES.values())
@pytest.mark.parametrize("workers", [0, 2])
def test_a_picture_that_ends_a_run_is_one_line_whichever_process_met_it(processes, folder, name, workers):
    divided(folder / "mine")
    for number in (1, 3, 5, 7, 9, 11):
        (folder / f"mine/train/class1/{number}.png").unlink()
    (folder / "mine/train/class1" / name).write_bytes(b"no picture")
    (folder / "mine/train/class0/0.png").write_bytes(png(0, (9, 9)))  # several sizes: decoded when they are needed
    options = {"train_on": "all", "resize": "vit_jax", "batch_size": 4, "workers": workers}
    (folder / "own.yaml").write_text(yaml.safe_dump(pretraining("pretrain-ViT-B-16-fractals-80", **options)))
    words = ("fit", "--config", str(folder / "own.yaml"), "--trainer.default_root_dir", str(folder))
    code = processes.end(processes.start(*words, results=folder / "results", VIT_DATA=str(folder)))
    said = (folder / "results" / "said").read_text()
    expected = f"error: {folder}/mine/train/class1/{NAMES[name]} is not a readable picture (none of JPEG, PNG, WEBP, GIF, BMP, PPM);"
    assert code == 1 and said.splitlines()[-1].startswith(expected), said
    assert "Traceback" not in said and "Caught" not in said
