"""`python -m vit predict`: classes with names and probabilities, as lines, JSON and CSV; maps; one line for each bad input."""

import csv
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from foreign_files import encoded, flat, written
from PIL import Image
from reference import archives
from reference.state_dicts import hugging_face
from safetensors.torch import save_file
from weight_kinds import KINDS, SIZES, write

from data import Digits
from data.pictures.pictures import Files
from data.sets.imagenet_names import imagenet_names
from vit.__main__ import main
from vit.models import create_model
from vit.weights import save, save_weights

NAMES = ["ant", "bee", "cat", "dog", "emu", "fox", "gnu"]
TINY = dict(image_size=16, patch=4, width=16, depth=2, heads=2, mlp=16, num_classes=7)
FORMAT = {"image_size": 16, "evaluation": "resize", "resize": "vit_jax", "pixels": "-1 to 1"}


def trained(name="ViT-B/16", **options):
    """With a head of random numbers, as if it were trained."""
    torch.manual_seed(0)
    sizes = {"image_size": 16, "num_classes": 7} if "ResNet" in name else TINY
    model = create_model(name, **sizes | options)
    torch.nn.init.normal_(model.head.weight)
    return model.eval()


def run_of(folder, model, *, loss="softmax", names=NAMES, images=FORMAT):
    """A run's folder with these weights."""
    save(SimpleNamespace(model=model, loss=loss), folder, images, names)
    return folder


def noise(number, height=24, width=36):
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def pictures(tmp_path):
    return [written(tmp_path / f"{number}.png", encoded(noise(number))) for number in range(3)]


@pytest.fixture
def predict(tmp_path, capsys):
    """(stdout, lines of stderr with the exit message) of a command that ends with this code."""

    def run(*arguments, code=0):
        ended = None
        try:
            main(["predict", *map(str, arguments), "--out", str(tmp_path / "out")])
        except SystemExit as end:
            ended = end.code
        printed = capsys.readouterr()
        errors = printed.err.splitlines() + ([ended] if isinstance(ended, str) else [])
        assert bool(ended) == bool(code), errors
        return printed.out, errors

    return run


def of_json(predict, *arguments):
    return json.loads(predict(*arguments, "--json")[0])


def direct(model, paths, transform=torch.nn.functional.interpolate):
    """Logits of a forward pass by torch alone: the whole picture to S x S, bilinear, not antialiased."""
    images = [torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)[None].float() for path in paths]
    images = [transform(image, (16, 16), mode="bilinear", align_corners=False) for image in images]
    with torch.no_grad():
        return model(torch.cat(images) / 127.5 - 1)


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_probabilities_are_those_of_a_forward_pass_and_names_travel_with_the_weights(tmp_path, predict, pictures, loss):
    model = trained()
    document = of_json(predict, run_of(tmp_path / "run", model, loss=loss), *pictures, "--top", 7)
    logits = direct(model, pictures)
    expected = logits.softmax(1) if loss == "softmax" else logits.sigmoid()
    assert (document["probabilities"], document["probabilities_known"]) == (loss, "stated by the checkpoint")
    assert [image["image"] for image in document["images"]] == list(map(str, pictures))
    for image, row in zip(document["images"], expected, strict=True):
        assert [entry["probability"] for entry in image["classes"]] == pytest.approx(
            sorted(row.tolist())[::-1], abs=1e-6
        )
        assert {entry["class"]: entry["probability"] for entry in image["classes"]} == pytest.approx(
            dict(enumerate(row.tolist())), abs=1e-6
        )
        assert all(entry["name"] == NAMES[entry["class"]] for entry in image["classes"])


def test_a_line_for_each_of_the_five_first_classes(tmp_path, predict, pictures):
    model = trained()
    printed, told = predict(run_of(tmp_path / "run", model), pictures[1])
    row = direct(model, pictures[1:2]).softmax(1)[0]
    order = row.argsort(descending=True)[:5].tolist()
    assert printed.splitlines() == [f"{pictures[1]}  {row[c]:8.3%}  {NAMES[c]}" for c in order]
    assert "probabilities: softmax, stated by the checkpoint" in told


def test_order_and_batches_change_nothing(tmp_path, predict, monkeypatch, pictures):
    run = run_of(tmp_path / "run", trained())
    together = of_json(predict, run, *pictures)["images"]
    monkeypatch.setattr("vit.predict.predictor.BATCH", 1)
    alone = of_json(predict, run, *pictures[::-1])["images"][::-1]
    for one, other in zip(together, alone, strict=True):
        assert [entry["class"] for entry in one["classes"]] == [entry["class"] for entry in other["classes"]]
        probabilities = [[entry["probability"] for entry in image["classes"]] for image in (one, other)]
        assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-6)


def test_images_are_prepared_as_the_evaluation_of_the_run_does_it(tmp_path, predict, pictures):
    """Through the data module itself: Digits with a crop, on the same pictures."""
    arguments = dict(image_size=16, batch_size=2, train_on="all", held_out=0.1, split_seed=0, augment=[], seed=0)
    images = Digits(**arguments, evaluation="central_crop(20)", resize="big_vision")
    model = trained()
    run = run_of(tmp_path / "run", model, images=images.image_format(), names=None)
    part = images.make_part(Files(pictures, tmp_path), torch.zeros(3, dtype=torch.int64))
    with torch.no_grad():
        expected = model(part[(np.zeros(3, int), np.arange(3))][0]).softmax(1).sort(dim=1, descending=True)[0][:, :5]
    found = [
        [entry["probability"] for entry in image["classes"]] for image in of_json(predict, run, *pictures)["images"]
    ]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_a_folder_gives_a_csv_in_sorted_order_with_what_cannot_be_read(tmp_path, predict):
    folder, model = tmp_path / "photos", trained()
    for name in ("b/2.png", "a/9.png", "1.png"):
        written(folder / name, encoded(noise(len(name))))
    written(folder / "a" / "broken.png", b"\x89PNG\r\n\x1a\nnothing")
    written(folder / "old.map.png", flat(0))
    written(folder / "notes.txt", b"text")
    written(folder / "scan.tif", b"II*\0")
    printed, told = predict(run_of(tmp_path / "run", model), folder, "--top", 2, code=1)
    assert printed == ""
    assert any("a/broken.png is not a readable picture" in line for line in told)
    assert f"left out, no known pictures: {folder / 'scan.tif'}" in told
    with open(tmp_path / "out" / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"].removeprefix(f"{folder}/") for row in rows] == [
        *(2 * ["1.png"] + 2 * ["a/9.png"] + ["a/broken.png"] + 2 * ["b/2.png"])
    ]
    good = [row for row in rows if not row["error"]]
    assert [row["rank"] for row in good] == 3 * ["1", "2"]
    assert all(row["name"] == NAMES[int(row["class"])] for row in good)
    expected = direct(model, [folder / name for name in ("1.png", "a/9.png", "b/2.png")]).softmax(1)
    expected = expected.sort(dim=1, descending=True)[0][:, :2].flatten().tolist()
    assert [float(row["probability"]) for row in good] == pytest.approx(expected, abs=1e-6)


def test_what_cannot_be_read_is_named_and_the_others_are_predicted(tmp_path, predict, pictures):
    run, broken = run_of(tmp_path / "run", trained()), written(tmp_path / "broken.jpg", b"no picture")
    printed, told = predict(run, pictures[0], broken, tmp_path / "absent.png", pictures[1], "--top", 1, code=1)
    assert [line.split("  ")[0] for line in printed.splitlines()] == [str(pictures[0]), str(pictures[1])]
    errors = [line for line in told if line.startswith("error: ")]
    assert len(errors) == 2 and str(broken) in errors[0] and "absent.png: cannot be read (No such file" in errors[1]


@pytest.mark.parametrize("evaluation", ["resize", "central_crop(20)", "squashed_crop(20)"])
@pytest.mark.parametrize("options", [{}, {"pool": "gap", "registers": 1}])
def test_a_map_lies_over_the_whole_picture(tmp_path, predict, evaluation, options):
    """White pictures show the brightness itself: 1 somewhere in what the model sees, 0 outside that."""
    white = written(tmp_path / "white.png", flat(255, 40, 60))
    run = run_of(tmp_path / "run", trained(**options), images=FORMAT | {"evaluation": evaluation})
    document = of_json(predict, run, white, "--map")
    assert document["images"][0]["map"] == str(tmp_path / "out" / "white.map.png")
    with Image.open(tmp_path / "out" / "white.map.png") as picture:
        pixels = np.array(picture)
    assert pixels.shape == (40, 60, 3) and pixels.max() >= 250
    rows, columns = {"resize": (40, 60), "central_crop(20)": (32, 32), "squashed_crop(20)": (32, 48)}[evaluation]
    bright = np.zeros((40, 60), bool)
    bright[(40 - rows) // 2 : (40 + rows) // 2, (60 - columns) // 2 : (60 + columns) // 2] = True
    assert ((pixels[:, :, 0] > 0) == bright).all()


def test_maps_of_pictures_of_one_name_have_two_names(tmp_path, predict):
    run, paths = run_of(tmp_path / "run", trained()), [tmp_path / part / "same.png" for part in "ab"]
    for path in paths:
        written(path, encoded(noise(len(str(path)))))
    predict(run, *paths, "--map")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"same.map.png", "same-2.map.png"}


def test_imagenets_names_come_with_the_package(tmp_path, predict, pictures):
    archive = archives.vit(grid=(4, 4), patch=8, classes=1000, **SIZES)
    write(archive, tmp_path / "official.npz")
    document = of_json(predict, tmp_path / "official.npz", pictures[0])
    assert all(entry["name"] == imagenet_names()[entry["class"]] for entry in document["images"][0]["classes"])
    assert document["probabilities_known"].startswith("assumed")


def test_a_head_without_names_gives_numbers_and_says_why(tmp_path, predict, pictures):
    write(KINDS["ViT"][0], tmp_path / "seven.npz")
    printed, told = predict(tmp_path / "seven.npz", pictures[0], "--top", 1)
    assert printed.split("  ")[-1].startswith("class ") and printed.endswith(" (no name)\n")
    assert (
        "class names: none: the checkpoint states none for its 7 classes, and nothing says that they are ImageNet's"
        in told
    )


def test_names_of_another_number_than_the_heads_are_not_used(tmp_path, predict, pictures):
    run = run_of(tmp_path / "run", trained(), names=NAMES[:3])
    printed, told = predict(run, pictures[0], "--top", 1)
    assert "(no name)" in printed
    assert "class names: none: the checkpoint states 3 names for a head of 7 classes" in told


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"architecture": "vit", "label_names": ["n1", *NAMES[1:]], "label_descriptions": {"n1": "ant"}}, NAMES),
        ({"architecture": "vit"}, [None] * 7),
    ],
)
def test_a_config_of_timm_may_state_names(tmp_path, predict, pictures, config, names):
    model = trained(gelu="erf")
    save_weights(model, tmp_path / "model.safetensors", format="timm")
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_args": {"num_heads": 2}}))
    (image,) = of_json(predict, tmp_path / "model.safetensors", pictures[0], "--top", 7)["images"]
    assert [entry["name"] for entry in sorted(image["classes"], key=lambda entry: entry["class"])] == names


def test_a_config_of_hugging_face_states_names_and_the_loss(tmp_path, predict, pictures):
    save_file(hugging_face(KINDS["ViT"][0]), tmp_path / "model.safetensors")
    labels = {"id2label": {str(n): name for n, name in enumerate([*NAMES[:6], "LABEL_6"])}}
    config = {"hidden_size": 32, "num_attention_heads": 4, "image_size": 32, "patch_size": 8}
    (tmp_path / "config.json").write_text(json.dumps(config | labels | {"problem_type": "multi_label_classification"}))
    document = of_json(predict, tmp_path / "model.safetensors", pictures[0], "--top", 7)
    (image,) = document["images"]
    found = {entry["class"]: entry["name"] for entry in image["classes"]}
    assert found == dict(enumerate([*NAMES[:6], None])) and document["probabilities"] == "sigmoid"
    assert document["class_names"] == "stated by the checkpoint, which lacks 1 of 7"


def test_bad_input_is_told_in_a_line(tmp_path, predict, pictures):
    run, file = run_of(tmp_path / "run", trained()), written(tmp_path / "file", b"x")
    (tmp_path / "empty").mkdir()
    save_weights(create_model("ViT-B/16", **TINY), tmp_path / "masked.safetensors")
    archive = archives.vit(grid=(4, 4), patch=8, classes=7, **SIZES)
    write({key: value for key, value in archive.items() if not key.startswith("head/")}, tmp_path / "body.npz")
    save_weights(trained("ResNet50x1", units=(1,), width_factor=0.5), tmp_path / "resnet.safetensors")
    axial = trained("Axial-ViT-B/16")
    save_weights(axial, tmp_path / "axial.safetensors")
    for arguments, message in {
        (run, tmp_path / "empty"): "no pictures in this folder or below it (.jpg",
        (tmp_path / "masked.safetensors", *pictures): "it has no trained head for classes",
        (tmp_path / "body.npz", *pictures): "it has no trained head for classes",
        (tmp_path / "resnet.safetensors", *pictures, "--map"): "--map: ResNet has no attention between patches",
        (tmp_path / "axial.safetensors", *pictures, "--map"): "attends along rows and columns in turn",
        (tmp_path / "nowhere", *pictures): "no such checkpoint",
        (file, *pictures): "begins with 'x'",
        (run, *pictures, "--top", 0): "--top 0: expected 1 or more",
    }.items():
        printed, told = predict(*arguments, code=1)
        assert printed == "" and message in told[-1] and "\n" not in told[-1] and told[-1].startswith("error: ")
    assert predict(tmp_path / "resnet.safetensors", pictures[0])[0]  # without a map it predicts


def test_out_that_cannot_be_written_to_is_told_before_anything_is_read(tmp_path, predict, pictures):
    run = run_of(tmp_path / "run", trained())
    written(tmp_path / "out", b"a file")
    printed, told = predict(run, *pictures, "--map", code=1)
    assert printed == "" and len(told) == 1
    assert told[0].startswith(f"error: {tmp_path / 'out'}: cannot be written (File exists); ")
    assert predict(run, *pictures)[0]  # lines need no folder


def test_a_full_disk_leaves_what_was_made(tmp_path, predict, pictures):
    run = run_of(tmp_path / "run", trained())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f".1.map.png.{os.getpid()}.part").symlink_to("/dev/full")  # the kernel's own full disk
    printed, told = predict(run, *pictures, "--map", code=1)
    assert told[-1].startswith(f"error: {tmp_path / 'out' / '1.map.png'}: cannot be written (No space left on device)")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"0.map.png"}
    assert len(printed.splitlines()) == 5  # of the first picture
