"""ObjectNet after fine-tuning on ImageNet (Appendix D.9), as the runner does it, on tiny sets in their own layouts."""

import copy
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from archive_files import png, tar
from foreign_files import encoded, written
from PIL import Image
from reference import gradients
from safetensors.numpy import load_file

from vit import paths
from vit.paths import ROOT
from vit.plan import make_plan
from vit.plan.cells import digest
from vit.plan.graph import write_config
from vit.run.progress import Progress
from vit.run.runner import run_one
from vit.weights import restore, save_weights

TINY = """
title: "tiny: ImageNet and ObjectNet in their own layouts, of a few pictures"
pretrain:
  ImageNet-21k: {name: fractals-20, data: data.Fractals, images: 20, args: {categories: 10, instances: 2, fractal_seed: 0}, epochs: {90: 2}}
transfer:
  ImageNet: {name: imagenet, data: data.ImageNet, images: 1000}
tested_on:
  ObjectNet: {name: objectnet, data: data.ObjectNet}
models:
  ViT-L/16: {patch: 4, depth: 1, width: 16, heads: 2, mlp: 32}
recipes:
  pretrain: {batch_size: 10, image_size: 8, warmup_steps: 1, augment: [], evaluation: resize, resize: once}
  finetune: {batch_size: 50, image_size: {512: 8}, polyak: {0.9999: 0.9}, steps: 40, warmup_steps: 1, lr: [0.3, 1.0], held_out: 0.1, seeds: 2, augment: []}
omit: {model: [ViT-H/14], pretrain: [JFT-300M]}
processes: one-a-chain
assumed_flops_per_second: 3.0e+9
"""
STANDS_FOR = {
    "lamp": range(200),
    "mug": range(200, 650),
    "rug": range(660, 665),
}  # lines of ImageNet's own list of names
EACH = 20


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Of the real experiment at a scale of its own."""
    folder = tmp_path_factory.mktemp("code") / "experiments"
    shutil.copytree(ROOT / "experiments", folder)
    (folder / "scales" / "tiny.yaml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "EXPERIMENTS", folder)
        yield make_plan("tiny", ["objectnet"])


@pytest.fixture(scope="module")
def measured(plan, tmp_path_factory):
    """(folder of the runs, messages while ObjectNet was missing, folder of the data), every run finished."""
    data, runs = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("runs")
    imagenet(data / "imagenet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", str(data))
        said, ends = Said(plan), {}
        for run in plan.runs.values():
            write_config(run, runs / run.id)
            ends[run.id] = run_one(run, runs / run.id, said)
        assert ends == {run: not run.startswith("evaluate-") for run in plan.runs}
        objectnet(data / "objectnet-1.0")
        assert all(run_one(run, runs / run.id, Progress(plan, ["objectnet"], 1, 0)) for run in plan.runs.values())
        yield runs, said.failures, data


class Said(Progress):
    def __init__(self, plan):
        super().__init__(plan, ["objectnet"], 1, 0)
        self.failures = []

    def line(self, text):
        if text.startswith("failed"):
            self.failures.append(text)


def imagenet(root):
    """1,000 training and 1,000 validation images in WebDataset tars; each is of the colour that its class says."""
    for part, count in (("train", 1000), ("validation", 1000)):
        samples = {f"ILSVRC2012_val_{k + 1:08d}_n{k:08d}": k for k in range(count)}
        kinds = {f"{name}.{kind}": (kind, label) for name, label in samples.items() for kind in ("png", "cls")}
        members = {name: png(label) if kind == "png" else str(label).encode() for name, (kind, label) in kinds.items()}
        tar(root / f"imagenet1k-{part}-0000.tar", members)


def objectnet(root):
    """Pictures of noise, 8 x 8 within a red frame of two pixels: nothing is left to resize at size 8."""
    names = [f"thing {line}" for line in range(1000)]
    overlap = {kind.title(): "; ".join(names[line] for line in lines) for kind, lines in STANDS_FOR.items()}
    tables = {
        "folder_to_objectnet_label": {kind: kind.title() for kind in (*STANDS_FOR, "tongs")},  # ImageNet has no tongs
        "objectnet_to_imagenet_1k": overlap,
        "pytorch_to_imagenet_2012_id": {str(number): (number + 7) % 1000 for number in range(1000)},
    }
    for name, content in tables.items():
        written(root / "mappings" / f"{name}.json", json.dumps(content).encode())
    written(root / "mappings" / "imagenet_to_label_2012_v2", "\n".join(names).encode())
    rng = np.random.default_rng(0)
    for kind in (*STANDS_FOR, "tongs"):
        for number in range(EACH):
            pixels = np.full((12, 12, 3), (255, 0, 0), np.uint8)
            pixels[2:-2, 2:-2] = rng.integers(0, 256, (8, 8, 3))
            written(root / "images" / kind / f"{number}.png", encoded(pixels))


def record(runs, run):
    return json.loads((runs / run / "metrics.json").read_text())


def by_hand(run, data):
    """Shares of the pictures with a right class first and among the first five: numpy all the way from the files."""
    params = {name: value.astype(np.float64) for name, value in load_file(run / "weights.safetensors").items()}
    right = []
    for kind, lines in STANDS_FOR.items():
        classes = {(line - 7) % 1000 for line in lines}  # PyTorch's numbers
        paths = sorted((data / "objectnet-1.0" / "images" / kind).glob("*.png"))
        pixels = np.stack([np.asarray(Image.open(path))[2:-2, 2:-2].transpose(2, 0, 1) for path in paths])
        logits, _ = gradients.vit(params, pixels / 127.5 - 1, patch=4, heads=2, depth=1)
        best = np.argsort(-logits, axis=1)[:, :5]
        right += [[number in classes for number in row] for row in best.tolist()]
    right = np.array(right)
    return right[:, 0].mean(), right.any(1).mean()


def test_accuracies_are_those_of_numpy_from_the_files_and_the_fine_tunings_weights(plan, measured):
    runs, _, data = measured
    accuracies = []
    for run in (run for run in plan.runs.values() if run.id.startswith("evaluate-")):
        metrics, (top1, top5) = record(runs, run.id)["metrics"], by_hand(runs / run.needs[0], data)
        expected = {"test_accuracy": top1, "test_top5_accuracy": top5, "test_images": 3 * EACH}
        assert metrics == pytest.approx(expected)
        assert (record(runs, run.id)["images"], record(runs, run.id)["flops"]) == (0, 0)
        assert record(runs, run.id)["test_evaluations"] == 1
        assert "test_top5_accuracy" in (runs / run.id / "metrics.csv").read_text()
        assert list((runs / run.id).glob("events.out.tfevents.*"))
        accuracies.append((top1, top5))
    assert len(accuracies) == 2 and all(0 < top1 < top5 < 1 for top1, top5 in accuracies)


def test_imagenets_own_metrics_stay_beside_it(plan, measured):
    runs, _, _ = measured
    for run in (run for run in plan.runs if "-seed" in run and run.startswith("finetune-")):
        metrics = record(runs, run)["metrics"]
        assert metrics["test_images"] == 1000 and not [name for name in metrics if "objectnet" in name]


def test_missing_files_are_one_line_and_every_training_is_finished_and_kept(measured):
    """The fixture trained everything while ObjectNet was not there: nothing but its own evaluation looks at it."""
    assert len(measured[1]) == 2
    for line in measured[1]:
        assert "evaluate-" in line and "https://objectnet.dev" in line and "\n" not in line


@pytest.fixture
def ended(plan, measured, monkeypatch):
    """Runs an evaluation with other values, as somebody would write it by hand: (metrics or None, what was said)."""
    runs, _, data = measured
    monkeypatch.setenv("VIT_DATA", str(data))
    evaluation = next(run for run in plan.runs.values() if run.id.startswith("evaluate-"))

    def end(*, model=(), data=()):
        settled = copy.deepcopy(evaluation.config)
        settled["model"]["init_args"].update(model)
        settled["data"].update({key: value for key, value in dict(data).items() if key == "class_path"})
        settled["data"]["init_args"].update({key: value for key, value in dict(data).items() if key != "class_path"})
        run, said = replace(evaluation, id=f"evaluate-{digest(settled)}", config=settled), Said(plan)
        write_config(run, runs / run.id)
        finished = run_one(run, runs / run.id, said)
        return record(runs, run.id)["metrics"] if finished else None, said.failures

    return end


def test_images_that_are_prepared_in_another_way_are_refused(ended):
    metrics, (said,) = ended(data={"image_size": 16})
    assert metrics is None and "its model is for images with image_size 8, these have 16; evaluate it as it was" in said


@pytest.fixture
def worded(measured):
    """ImageNet's validation images as 1,000 folders that are numbers, in the place of its tars."""
    root = measured[2] / "imagenet"
    root.rename(root.with_name("kept"))
    for k in range(1000):
        written(root / "val" / str(k + 1) / f"{k}.png", png(k))
    yield
    shutil.rmtree(root)
    root.with_name("kept").rename(root)


def test_a_run_is_not_measured_on_classes_under_other_names(ended, worded):
    metrics, (said,) = ended(data={"class_path": "data.ImageNet"})
    assert metrics is None and "its model is for images with classes '1,000 WordNet ids', these have" in said


@pytest.mark.parametrize("kind", ["of the authors", "of a run"])
def test_a_head_in_a_file_is_not_measured_on_classes_under_other_names(
    plan, measured, ended, worded, kind, tmp_path, monkeypatch
):
    """Nor a published one, which goes by WordNet ids."""
    run = next(run for run in plan.runs.values() if run.id.startswith("evaluate-"))
    init, weights = "released:ViT-L/16@imagenet21k+imagenet2012", measured[0] / run.needs[0]
    if kind == "of the authors":
        (tmp_path / "imagenet21k+imagenet2012").mkdir()
        monkeypatch.setenv("VIT_WEIGHTS", str(tmp_path))
        save_weights(restore(weights), tmp_path / "imagenet21k+imagenet2012" / "ViT-L_16.npz", format="official")
    else:
        init = str(weights / "weights.safetensors")
    metrics, (said,) = ended(model={"init": init}, data={"class_path": "data.ImageNet"})
    assert metrics is None and "its head is for the classes 1,000 WordNet ids, the labels of these images count" in said
    assert "name the class folders" in said


def test_a_published_head_is_measured_on_wordnet_ids(plan, measured, ended, tmp_path, monkeypatch):
    run = next(run for run in plan.runs.values() if run.id.startswith("evaluate-"))
    monkeypatch.setenv("VIT_WEIGHTS", str(tmp_path))
    save_weights(restore(measured[0] / run.needs[0]), tmp_path / "ViT-L_16.npz", format="official")
    init = {"init": "released:ViT-L/16@imagenet21k+imagenet2012"}
    metrics, _ = ended(model=init, data={"class_path": "data.ImageNet"})
    assert metrics["test_images"] == 1000
    assert ended(model=init)[0]["test_images"] == 3 * EACH


def test_labels_of_another_number_of_classes_are_refused(ended):
    metrics, (said,) = ended(data={"class_path": "data.Digits"})
    assert metrics is None and "a head of 1000 classes, labels of 10" in said


def test_a_file_of_weights_is_measured_as_the_run_it_is_of(plan, measured, ended):
    runs = measured[0]
    run = next(run for run in plan.runs.values() if run.id.startswith("evaluate-"))
    metrics, _ = ended(model={"init": str(runs / run.needs[0] / "weights.safetensors")})
    assert metrics == record(runs, run.id)["metrics"]


def test_a_picture_that_cannot_be_read_is_skipped_and_counted_where_the_scale_says_so(measured, ended):
    pictures = measured[2] / "objectnet-1.0" / "images" / "lamp"
    whole = (pictures / "3.png").read_bytes()
    (pictures / "3.png").write_bytes(whole[:50])
    metrics, (said,) = ended()
    assert metrics is None and "lamp/3.png" in said
    metrics, _ = ended(data={"on_error": "skip", "skip_limit": 0.1})
    assert metrics["test_images"] == 3 * EACH - 1
    (pictures / "3.png").write_bytes(whole)
