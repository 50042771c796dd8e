"""`python -m vit inspect` on checkpoints of every kind: its pictures, its arrays, and one line for each bad input."""

import os
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from weight_kinds import KINDS, loaded, write

from vit.__main__ import main
from vit.inspect.pictures_below import list_pictures
from vit.inspect.prepared import Preparation
from vit.models import create_model
from vit.paths import EXPERIMENTS
from vit.weights import save_weights

SIZES = dict(image_size=32, num_classes=3, patch=8, width=16, depth=2, heads=2, mlp=16)
MODEL = {"filters", "singular-values", "positions"}
IMAGE = {"rollout-{}", "heads-{}"}


@pytest.fixture
def images(tmp_path):
    """Two readable pictures of different sizes."""
    paths = []
    for name, size in (("square.png", (32, 32)), ("wide.jpg", (30, 50))):
        pixels = np.random.default_rng(len(paths)).integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
        paths.append(str(tmp_path / name))
    return paths


@pytest.fixture
def inspect(tmp_path, capsys, images):
    """Runs the command; (exit code, lines of stdout, lines of stderr, names of the pictures in `out`)."""

    def run(checkpoint, paths=images, out=tmp_path / "out", code=0):
        arguments = ["inspect", str(checkpoint), *map(str, paths), *(["--out", str(out)] if out else [])]
        ended = None
        try:
            main(arguments)
        except SystemExit as end:
            ended = end.code
        printed = capsys.readouterr()
        errors = printed.err.splitlines() + ([ended] if isinstance(ended, str) else [])
        assert bool(ended) == bool(code), errors
        pictures = {path.stem for path in out.glob("*.png")} if out and out.is_dir() else set()
        return printed.out.splitlines(), errors, pictures

    return run


def arrays(tmp_path):
    with np.load(tmp_path / "out" / "inspect.npz") as archive:
        return dict(archive)


def pictures_of(*names):
    return MODEL | {"distance"} | {picture.format(name) for picture in IMAGE for name in names}


def saved(tmp_path, name="ViT-B/16", images=None, **options):
    torch.manual_seed(0)
    model = create_model(name, **SIZES | options)
    save_weights(model, tmp_path / "weights.safetensors", images=images)
    return model.eval()


def test_all_pictures_and_arrays_of_a_vit(inspect, images, tmp_path):
    model = saved(tmp_path, images={"image_size": 32, "evaluation": "resize", "resize": "antialiased"}, registers=3)
    printed, errors, pictures = inspect(tmp_path / "weights.safetensors")
    assert not errors and pictures == pictures_of("square", "wide")
    for picture in pictures:
        assert str(tmp_path / "out" / f"{picture}.png") in printed
        with Image.open(tmp_path / "out" / f"{picture}.png") as opened:
            opened.load()
    assert "images: 32 x 32 pixels, evaluation resize, resize antialiased" in printed
    found = arrays(tmp_path)
    assert {name: array.shape for name, array in found.items()} == {
        "filters": (16, 8, 8, 3),
        "filters_explained": (16,),
        "singular_values": (16,),
        "position_similarity": (4, 4, 4, 4),
        "attention_maps": (2, 4, 4),
        "class_attention": (2, 2, 2, 4, 4),
        "attention_distance": (2, 2, 2),
        "names": (2,),
        "images": (2, 32, 32, 3),
    }
    assert list(found["names"]) == images
    with Image.open(images[0]) as image:  # of the model's size, so its pixels are the file's
        np.testing.assert_array_equal(found["images"][0], np.array(image))
    x = torch.from_numpy(found["images"][:1]).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():  # the class token's row of Equation 6
        rows = [weights[:, :, 0, 4:].unflatten(-1, (4, 4)) for weights in model.attention_weights(x)]
    np.testing.assert_allclose(found["class_attention"][:1], torch.stack(rows, 1), atol=1e-6)
    places = np.stack(np.divmod(np.arange(16), 4), 1) * 8  # of patches of 8 pixels
    apart = np.linalg.norm(places[:, None] - places, axis=-1)
    with torch.no_grad():
        last = list(model.attention_weights(x))[-1][0, 1, 4:, 4:].numpy()  # head 1, without class token and registers
    expected = np.mean((last * apart).sum(1) / last.sum(1))
    np.testing.assert_allclose(found["attention_distance"][0, -1, 1], expected, rtol=1e-5)
    means = found["attention_distance"].mean((0, 2))
    assert f"{means[0]:.1f} pixels in the first layer, {means[1]:.1f} in the last (mean over 2 images)" in printed[-2]
    assert f"16 components explain {1:.1%}" in printed[-1]

    events = EventAccumulator(str(tmp_path / "out")).Reload()
    assert set(events.Tags()["images"]) == {f"inspect/{picture}" for picture in pictures}
    image = events.Images("inspect/distance")[0]
    assert image.encoded_image_string == (tmp_path / "out" / "distance.png").read_bytes()


def test_images_are_prepared_as_the_checkpoint_says(tmp_path):
    """The central 32 x 32 of an image whose shorter side becomes 64, not the whole image."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[16:48, 32:64] = np.random.default_rng(0).integers(0, 256, (32, 32, 3))
    Image.fromarray(pixels).save(tmp_path / "framed.png")
    prepared = Preparation(32, {"evaluation": "central_crop(64)", "resize": "big_vision"})
    np.testing.assert_array_equal(prepared.pixels(tmp_path / "framed.png").permute(1, 2, 0), pixels[16:48, 32:64])


@pytest.mark.parametrize("kind", ["map", "hybrid"])
def test_archives_of_the_authors(kind, inspect, images, tmp_path):
    write(KINDS[kind][0], tmp_path / "authors.npz")
    printed, errors, pictures = inspect(tmp_path / "authors.npz", images[:1])
    assert not errors and pictures == pictures_of("square")
    assert "images: 32 x 32 pixels, evaluation resize, resize vit_jax" in printed
    kernels = loaded(kind, tmp_path / "authors.npz")[0].kernels()
    expected = np.linalg.svd(kernels.detach().flatten(1).numpy(), compute_uv=False)
    np.testing.assert_allclose(arrays(tmp_path)["singular_values"], expected, rtol=1e-4)


def test_a_file_of_timm_into_the_default_folder(inspect, images, tmp_path, monkeypatch):
    """The folder is new, and named after the checkpoint."""
    model = saved(tmp_path)
    save_weights(model, tmp_path / "timm.safetensors", format="timm")
    (tmp_path / "config.json").write_text('{"architecture": "vit", "model_args": {"num_heads": 2}}')
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inspect-timm").mkdir()
    errors = inspect("timm.safetensors", images[:1], out=None)[1]
    assert not errors and not list((tmp_path / "inspect-timm").iterdir())
    assert {path.stem for path in (tmp_path / "inspect-timm-2").glob("*.png")} == pictures_of("square")


def test_pictures_of_the_same_name_do_not_replace_each_other():
    pictures, _ = list_pictures(["a/cat.png", "b/cat.jpg", "cat-2.png", "a/cat.png"])
    assert [picture.name for picture in pictures] == ["cat", "cat-2", "cat-2-2"]


def test_unreadable_images_are_named_and_the_others_done(inspect, images, tmp_path):
    saved(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    paths = [tmp_path / "broken.png", images[1], tmp_path / "absent.png"]
    _, errors, pictures = inspect(tmp_path / "weights.safetensors", paths, code=1)
    assert pictures == pictures_of("wide")
    assert len(errors) == 2
    assert errors[0].startswith(f"error: {tmp_path / 'broken.png'} is not a readable picture")
    assert errors[1] == f"error: {tmp_path / 'absent.png'}: cannot be read (No such file or directory)"


def test_an_axial_model_has_distances_and_no_rollout(inspect, images, tmp_path):
    saved(tmp_path, "Axial-ViT-B/16")
    _, errors, pictures = inspect(tmp_path / "weights.safetensors", images[:1], code=1)
    assert pictures == MODEL | {"distance"}
    assert (
        len(errors) == 1 and "attends along rows and columns in turn, so it has distances but no rollout" in errors[0]
    )
    found = arrays(tmp_path)["attention_distance"]
    assert found.shape == (1, 4, 2)  # rows and columns of two blocks
    assert (found > 0).all() and (found <= 24).all()  # three patches of 8 pixels are the farthest on a line


def test_a_resnet_has_filters_only(inspect, images, tmp_path):
    write(KINDS["BiT"][0], tmp_path / "bit.npz")
    _, errors, pictures = inspect(tmp_path / "bit.npz", images, code=1)
    assert pictures == {"filters", "singular-values"}
    assert errors == [
        "error: bit: no positions are added to its patches, so they have no similarity",
        "error: bit: ResNet has no attention between patches, so no rollout and no distances",
    ]


def test_a_model_without_position_table_has_the_other_pictures(inspect, images, tmp_path):
    saved(tmp_path, position="relative")
    _, errors, pictures = inspect(tmp_path / "weights.safetensors", images[:1], code=1)
    assert pictures == pictures_of("square") - {"positions"}
    assert len(errors) == 1 and "no positions are added to its patches" in errors[0]


def test_a_model_of_images_that_are_no_square_is_told_after_its_filters(inspect, images, tmp_path):
    saved(tmp_path, image_size=(16, 32))
    _, errors, pictures = inspect(tmp_path / "weights.safetensors", images, code=1)
    assert pictures == MODEL
    assert errors == ["error: weights: the model is for images of 16 x 32; only square ones can be prepared"]
    with Image.open(tmp_path / "out" / "positions.png") as picture:  # a map at each place of the grid of 2 x 4
        assert picture.width > 1.5 * picture.height


def test_a_class_of_ones_own_without_filters_has_the_other_pictures(inspect, images, tmp_path, monkeypatch):
    """A stem of convolutions in place of the patch embedding, beside its YAML."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(EXPERIMENTS / "ablations")])
    saved(tmp_path, "conv_stem.ConvStemViT@ViT-B/16")
    _, errors, pictures = inspect(tmp_path / "weights.safetensors", images[:1], code=1)
    assert pictures == pictures_of("square") - {"filters", "singular-values"}
    assert len(errors) == 1 and "ConvStemViT does not say what its filters are" in errors[0]


def test_a_size_that_the_evaluation_does_not_fit(inspect, images, tmp_path):
    saved(tmp_path, images={"evaluation": "central_crop(16)"})
    errors = inspect(tmp_path / "weights.safetensors", images, code=1)[1]
    assert errors == [
        "error: weights: images of the checkpoint: evaluation central_crop takes a whole number, 32 or more, not 16"
    ]


def test_other_checkpoints_and_folders_are_refused_in_a_line(inspect, images, tmp_path):
    saved(tmp_path)
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pt")
    (tmp_path / "file").write_text("")
    for checkpoint, out, message in (
        ("absent", "out", "no such checkpoint"),
        ("other.pt", "out", "no weights of a known model"),
        ("weights.safetensors", "file", "cannot be written (File exists); make room or name another folder"),
        ("weights.safetensors", "file/out", "cannot be written (Not a directory); make room or name another folder"),
    ):
        _, errors, pictures = inspect(tmp_path / checkpoint, images, out=tmp_path / out, code=1)
        assert len(errors) == 1 and message in errors[0], errors
        assert not pictures


def test_a_full_disk_leaves_what_was_written_before(inspect, images, tmp_path):
    saved(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f".positions.png.{os.getpid()}.part").symlink_to("/dev/full")  # the kernel's own full disk
    _, errors, pictures = inspect(tmp_path / "weights.safetensors", images, code=1)
    assert pictures == {"filters", "singular-values"}
    assert errors == [
        f"error: {tmp_path / 'out' / 'positions.png'}: cannot be written (No space left on device);"
        " make room or name another folder with --out"
    ]
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".png"}  # nothing unfinished
