"""ObjectNet after fine-tuning on ImageNet (Appendix D.9): planned, run and measured as the runner does it, on tiny sets."""

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
from report_runs import finish
from safetensors.numpy import load_file

from vit.errors import UserError
from vit.plan import files, make_plan
from vit.plan.cells import digest
from vit.plan.files import ROOT
from vit.plan.resolve import load_experiment
from vit.progress import Progress
from vit.report.collect import collect
from vit.report.header import sections, summary
from vit.report.layout import lay_out
from vit.runner import run_one

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
        patch.setattr(files, "EXPERIMENTS", folder)
        yield make_plan("tiny", ["objectnet"])


@pytest.fixture(scope="module")
def measured(plan, tmp_path_factory):
    """(folder of the runs, what was said while ObjectNet was missing, folder of the data), every run finished."""
    data, runs = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("runs")
    imagenet(data / "imagenet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", str(data))
        said, ends = Said(plan), {}
        for run in plan.runs.values():
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
    """1,000 training and 50 validation images in WebDataset tars; each is of the colour that its class says."""
    for part, count in (("train", 1000), ("validation", 50)):
        samples = {f"ILSVRC2012_val_{k + 1:08d}": k for k in range(count)}
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
    found = []
    for run in (run for run in plan.runs.values() if run.id.startswith("evaluate-")):
        metrics, (top1, top5) = record(runs, run.id)["metrics"], by_hand(runs / run.needs[0], data)
        expected = {"test_accuracy": top1, "test_top5_accuracy": top5, "test_images": 3 * EACH}
        assert metrics == pytest.approx(expected)
        assert (record(runs, run.id)["images"], record(runs, run.id)["flops"]) == (0, 0)
        assert record(runs, run.id)["test_evaluations"] == 1
        assert "test_top5_accuracy" in (runs / run.id / "metrics.csv").read_text()
        assert list((runs / run.id).glob("events.out.tfevents.*"))
        found.append((top1, top5))
    assert len(found) == 2 and all(0 < top1 < top5 < 1 for top1, top5 in found)


def test_imagenets_own_metrics_stay_beside_it(plan, measured):
    runs, _, _ = measured
    for run in (run for run in plan.runs if "-seed" in run and run.startswith("finetune-")):
        metrics = record(runs, run)["metrics"]
        assert metrics["test_images"] == 50 and not [name for name in metrics if "objectnet" in name]


def test_missing_files_are_one_line_and_every_training_is_finished_and_kept(measured):
    """The fixture trained everything while ObjectNet was not there: nothing but its own evaluation looks at it."""
    assert len(measured[1]) == 2
    for line in measured[1]:
        assert "evaluate-" in line and "comes from https://objectnet.dev" in line and "\n" not in line


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
        finished = run_one(run, runs / run.id, said)
        return record(runs, run.id)["metrics"] if finished else None, said.failures

    return end


def test_images_that_are_prepared_in_another_way_are_refused(ended):
    metrics, (said,) = ended(data={"image_size": 16})
    assert metrics is None and "its model is for images with image_size 8, these have 16; evaluate it as it was" in said


def test_labels_of_another_number_of_classes_are_refused(ended):
    metrics, (said,) = ended(data={"class_path": "data.Digits"})
    assert metrics is None and "its head has 1000 classes and the labels of these images 10; take a set" in said


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


def test_at_scale_paper_each_fine_tuning_of_table2_is_evaluated_and_nothing_is_trained_on_objectnet():
    """Three models: a pre-training, four rates and three seeds each, and three evaluations; top-1 and top-5 share them."""
    plan = make_plan("paper", ["table2", "objectnet"])
    runs = {run: plan.runs[run] for run in plan.runs_of("objectnet")}
    assert len(runs) == 3 * (1 + 4 + 3 + 3)
    on_objectnet = [run for run in runs.values() if run.config["data"]["class_path"] == "data.ObjectNet"]
    assert [run.id for run in on_objectnet] == [run for run in runs if run.startswith("evaluate-")]
    for run in on_objectnet:
        assert run.config["model"]["class_path"] == "vit.tasks.Evaluate" and run.config["trainer"]["max_steps"] == 0
        assert not run.keeps_weights and not [one for one in plan.runs.values() if run.id in one.needs]
        (tuned,) = run.needs
        assert (
            run.config["model"]["init_args"]["init"] == tuned
            and runs[tuned].config["data"]["class_path"] == "data.ImageNet"
        )
        prepared = ("image_size", "evaluation", "resize")
        ours, theirs = (one.config["data"]["init_args"] for one in (run, runs[tuned]))
        assert [ours[key] for key in prepared] == [theirs[key] for key in prepared]
        assert runs[tuned].config["model"]["init_args"]["polyak"] == 0.9999
    shared = set(runs) & set(plan.runs_of("table2"))
    assert len(shared) == 1 + 1 + 2 * (4 + 3)  # Table 2 has no ViT-H/14 of ImageNet-21k


@pytest.mark.parametrize("scale", ["smoke", "mini", "small", "photos"])
def test_without_imagenet_nothing_of_it_runs_and_the_table_says_so(scale, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    report = collect(make_plan(scale, ["objectnet"]), "objectnet")
    assert not report.runs
    assert "transfer to ImageNet" in lay_out(report).folded and "ObjectNet" in lay_out(report).folded


def test_at_scale_released_it_starts_from_the_public_checkpoints():
    plan = make_plan("released", ["objectnet"])
    assert len(plan.runs) == 2 * (4 + 3 + 3)
    starts = {run.config["model"]["init_args"].get("init") for run in plan.runs.values() if "-lr0" in run.id}
    assert starts == {"released:ViT-H/14@imagenet21k", "released:ViT-L/16@imagenet21k"}


def test_the_papers_two_numbers_are_shown_and_compared_with_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("paper", ["objectnet"])
    for at, run in enumerate(run for run in plan.runs if run.startswith("evaluate-")):
        finish(plan, run, 0, metrics={"test_accuracy": 0.5 + at / 100, "test_top5_accuracy": 0.7 + at / 100})
    report = collect(plan, "objectnet")
    found = [
        (one.cell.axes["model"], one.cell.axes["pretrain"], one.cell.axes["measure"], one.mean, one.paper, one.verdict)
        for one in report.results
    ]
    assert [(*names, pytest.approx(mean), paper, said) for *names, mean, paper, said in found] == [
        ("ViT-H/14", "JFT-300M", "top-1", 51, 61.7, "NOT TESTABLE"),
        ("ViT-H/14", "JFT-300M", "top-5", 71, 82.1, "NOT TESTABLE"),
        ("ViT-H/14", "ImageNet-21k", "top-1", 54, None, "NO PAPER VALUE"),
        ("ViT-H/14", "ImageNet-21k", "top-5", 74, None, "NO PAPER VALUE"),
        ("ViT-L/16", "ImageNet-21k", "top-1", 57, None, "NO PAPER VALUE"),
        ("ViT-L/16", "ImageNet-21k", "top-5", 77, None, "NO PAPER VALUE"),
    ]
    assert not [one for one in report.results if one.difference is not None]
    assert summary(report)[0].startswith("Top-1 and top-5 percent")
    assert any("113 of 313 classes" in line for line in dict(sections(report))["What had to be assumed"])


def test_another_set_to_test_on_has_to_be_in_the_scale(monkeypatch):
    experiment = load_experiment("objectnet")
    experiment.grid["tested_on"][:] = ["ObjektNet"]
    monkeypatch.setattr("vit.plan.experiment.load_experiment", lambda name: experiment)
    with pytest.raises(
        UserError, match=r"paper\.yaml: tested_on: nothing stands for 'ObjektNet', did you mean 'ObjectNet'"
    ):
        make_plan("paper", ["objectnet"])


def test_what_trains_nothing_leaves_nothing_to_evaluate(monkeypatch):
    experiment = load_experiment("shots")
    experiment.grid["tested_on"] = ["ObjectNet"]
    monkeypatch.setattr("vit.plan.experiment.load_experiment", lambda name: experiment)
    with pytest.raises(UserError, match=r"tested_on objectnet: fewshot-\S+ trains nothing"):
        make_plan("paper", ["shots"])
