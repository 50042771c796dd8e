"""python -m bench.data: images per second of the data modules and of torchvision's usual pipelines, measured in turn."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.io import ImageReadMode, decode_jpeg

from data.base import ImageData
from data.pictures.pictures import Files

BATCH = 128
WORKERS = 2
COMMON = {"batch_size": BATCH, "train_on": "all", "held_out": 0.1, "split_seed": 0, "evaluation": "resize", "seed": 0}
NORMAL = [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
SMALL = {  # augmentation of 32 px images: our words, torchvision's transforms
    "pad_crop(4), flip": (["pad_crop(4)", "flip"], transforms.RandomCrop(32, padding=4)),
    "inception_crop, flip": (["inception_crop", "flip"], transforms.RandomResizedCrop(32, scale=(0.05, 1))),
}


class InMemory(ImageData):
    """20,000 color images of 32 x 32, like CIFAR's."""

    num_classes = 10

    def arrays(self, split):
        pixels = np.random.default_rng(0).integers(0, 256, (20_000, 3, 32, 32), dtype=np.uint8)
        return torch.from_numpy(pixels), torch.arange(len(pixels)) % 10


class Photographs(ImageData):
    """The JPEG files of a folder."""

    num_classes = 1
    folder: Path

    def arrays(self, split):
        files = sorted(self.folder.rglob("*.jpg"))
        return Files(files, self.folder), torch.zeros(len(files), dtype=torch.int64)


class Plain(Dataset):
    """Images one by one as PIL images, like torchvision's data sets."""

    def __init__(self, images: torch.Tensor, transform: Callable):
        self.images, self.transform = images.permute(0, 2, 3, 1).numpy(), transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.images[index])), index % 10


class Decoded(Dataset):
    """JPEG files decoded by torchvision, without transforms."""

    def __init__(self, folder: Path):
        self.files = sorted(folder.rglob("*.jpg"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        decode_jpeg(torch.frombuffer(bytearray(self.files[index].read_bytes()), dtype=torch.uint8), ImageReadMode.RGB)
        return index


def theirs(data: Dataset, batch: int = BATCH) -> Iterator:
    endless = RandomSampler(data, replacement=True, num_samples=10**9)
    return iter(DataLoader(data, batch, sampler=endless, num_workers=WORKERS))


def ours(module: ImageData) -> Iterator:
    module.setup("fit")
    return iter(module.train_dataloader())


def photographs(folder: Path, count: int) -> None:
    """Write JPEGs of 500 x 375 pixels of about 110 kB each, as ImageNet's are."""
    # noise with the 1/f spectrum of photographs, plus a little white noise like a sensor's
    rng, rows, columns = np.random.default_rng(0), np.fft.fftfreq(375)[:, None], np.fft.rfftfreq(500)
    spectrum = 1 / np.maximum(np.hypot(rows, columns), 1 / 500)
    (folder / "class0").mkdir()
    for number in range(count):
        noise = np.fft.rfft2(rng.standard_normal((3, 375, 500))) * spectrum
        field = np.fft.irfft2(noise, (375, 500))
        field = 128 + 50 * field / field.std() + rng.normal(0, 6, field.shape)
        file = BytesIO()
        Image.fromarray(field.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)).save(file, "JPEG", quality=88)
        (folder / "class0" / f"{number}.jpg").write_bytes(file.getvalue())


def small_contenders(augment: str) -> dict[str, Iterator]:
    words, crop = SMALL[augment]
    options = {"image_size": 32, "augment": words, "resize": "vit_jax", **COMMON}
    images = InMemory(**options).arrays("train")[0]
    plain = Plain(images, transforms.Compose([crop, transforms.RandomHorizontalFlip(), *NORMAL]))
    return {"ours, one process": ours(InMemory(**options)), "torchvision, 2 workers": theirs(plain)}


def photograph_contenders(folder: Path) -> dict[str, Iterator]:
    Photographs.folder = folder
    options = {"image_size": 224, "augment": ["inception_crop", "flip"], **COMMON, "batch_size": 32, "workers": WORKERS}
    steps = [transforms.RandomResizedCrop(224, scale=(0.05, 1)), transforms.RandomHorizontalFlip(), *NORMAL]
    return {
        "ours, 2 workers": ours(Photographs(resize="vit_jax", **options)),
        "ours as big_vision, 2 workers": ours(Photographs(resize="big_vision", **options)),
        "PIL and torchvision, 2 workers": theirs(ImageFolder(str(folder), transforms.Compose(steps)), 32),
        "torchvision's decoder alone, 2 workers": theirs(Decoded(folder), 32),
    }


def speed(batches: Iterator, images: int) -> float:
    """Images per second of an endless stream."""
    # first use up the batches that workers have prepared during a pause
    for _ in range(2 * WORKERS + 1):
        next(batches)
    start, count = time.perf_counter(), 0
    while count < images:
        batch = next(batches)
        count += len(batch[0] if isinstance(batch, list | tuple) else batch)
    return count / (time.perf_counter() - start)


def compare(title: str, contenders: dict[str, Iterator], rival: str, *, images: int, rounds: int) -> None:
    names, speeds = list(contenders), {name: [] for name in contenders}
    for number in range(-1, rounds):  # round -1 warms up and is not counted
        for name in names[number % len(names) :] + names[: number % len(names)]:
            value = speed(contenders[name], images)
            if number >= 0:
                speeds[name].append(value)
    print(f"\n{title}")
    for name, values in speeds.items():
        low, middle, high = quantiles(
            [a / b for a, b in zip(values, speeds[rival], strict=True)], n=4, method="inclusive"
        )
        print(
            f"  {name:40} {median(values):8,.0f} images/s, {middle:.2f} ({low:.2f} to {high:.2f}) x {rival}", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.data", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photographs", type=int, default=256)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for augment in SMALL:
        title = f"32 px in memory, {augment}, batches of {BATCH}"
        compare(title, small_contenders(augment), "torchvision, 2 workers", images=10_000, rounds=options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        photographs(Path(folder), options.photographs)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.jpg")) / options.photographs
        title = f"224 px crops of JPEGs of 500 x 375 ({size / 1000:.0f} kB each), inception_crop, flip"
        rival = "PIL and torchvision, 2 workers"
        compare(title, photograph_contenders(Path(folder)), rival, images=options.photographs, rounds=options.rounds)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
