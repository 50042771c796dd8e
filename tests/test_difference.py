"""`python -m vit diff RUN`: how a run differs from Tables 3 and 4, and from the released checkpoints."""

import shutil

import pytest

from vit import paths
from vit.__main__ import main
from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.difference import difference


def run(scale, start, experiments=("table5", "table6")):
    return next(name for name in make_plan(scale, experiments).runs if name.startswith(start))


def lines(text):
    """Value -> the rest of its line."""
    return dict(line.strip().split(": ", 1) for line in text.splitlines()[1:])


@pytest.mark.parametrize(
    "start",
    ["pretrain-ViT-B-16-imagenet-21k", "pretrain-ViT-L-16-jft-300m", "pretrain-ResNet200x3-jft-300m",
     "finetune-ViT-B-16-imagenet-21k-cifar-10-lr0.01", "finetune-ViT-L-16-jft-300m-pets-seed2"],
)  # fmt: skip
def test_at_scale_paper_every_value_is_the_papers(start):
    text = difference(run("paper", start), scale_name="paper")
    assert "values are those of preset paper" in text and "\n" not in text


def test_an_evaluation_differs_in_what_the_run_that_it_evaluates_differs_in():
    text = difference(run("paper", "evaluate-finetune-ViT-L-16-imagenet-21k", ["objectnet"]), scale_name="paper")
    assert text.startswith("finetune-ViT-L-16-imagenet-21k-imagenet-seed0-")
    assert {key: value.split(" (")[0] for key, value in lines(text).items()} == {
        "polyak": "0.9999, paper null",
        "image_size": "512, paper 384",
    }


def test_stand_ins_are_listed_value_by_value_with_the_places_in_the_paper():
    text = difference(run("mini", "pretrain-ViT-B-16-fractals-10k"))
    assert lines(text) == {
        "lr": "0.002, paper 0.001 (Table 3)",
        "warmup_steps": "80, paper 10000 (Sec. 4.1, linear)",
        "dropout": "0.0, paper 0.1 (Table 3)",
        "batch_size": "64, paper 4096 (Sec. 4.1, global)",
        "image_size": "32, paper 224 (Table 3, caption)",
        "augment": "[], paper [inception_crop, flip] (not in the paper; the authors' later code)",
        "evaluation": "resize, paper central_crop(256) (not in the paper; that code: shorter side to 256, the middle 224)",
        "resize": "once, paper big_vision (not in the paper; that code: bilinear, no antialiasing, truncated to whole levels)",
        "steps": "1562, paper 311948 (Table 3)",  # 90 epochs of 14,197,122 images
        "model": "ViT-B/16 with patch 8, depth 4, width 64, heads 4, mlp 256, paper as it is (Table 1)",
        "data": "data.Fractals categories 100, instances 100, fractal_seed 0, paper ImageNet-21k (Section 4.1)",
    }


def test_the_last_runs_of_a_sweep_are_compared_with_the_whole_sweep():
    found = lines(difference(run("mini", "finetune-ViT-B-16-fractals-10k-mnist-5k-seed0")))
    assert found["lr"] == "[0.05, 0.1], paper [0.001, 0.003, 0.01, 0.03] (Table 4)"
    assert found["warmup_steps"] == "30, paper 500 (not in the paper; the authors' code)"


def test_what_the_released_checkpoints_were_trained_with_differs_in_four_values():
    text = difference(run("paper", "pretrain-ViT-B-16-imagenet-21k"), "released", "paper")
    assert lines(text) == {
        "linear_end": "0.0, released 1e-05 (the authors' answers: a rate)",
        "loss": "softmax, released sigmoid (the authors' answers)",
        "head_bias": "0.0, released -10.0 (the authors' answers, for 21,843 classes)",
        "clip_norm": "null, released 1.0 (the authors' code)",
    }


def test_fine_tuning_as_released_has_one_rate_and_a_rounded_buffer():
    text = difference(run("paper", "finetune-ViT-B-16-imagenet-21k-cifar-10-seed0"), "released", "paper")
    assert lines(text) == {
        "lr": "[0.001, 0.003, 0.01, 0.03], released [0.01] (the authors' code)",
        "momentum_dtype": "float32, released bfloat16 (the authors' code, always: 0.9 becomes 0.8984)",
    }


def test_a_folder_says_its_scale_and_the_command_prints_the_same(tmp_path, capsys):
    name = run("smoke", "pretrain-ViT-B-16-fractals-80")
    folder = tmp_path / "smoke" / "runs" / name
    folder.mkdir(parents=True)
    main(["diff", str(folder)])
    assert capsys.readouterr().out.strip() == difference(name, scale_name="smoke")


def test_the_settings_of_an_experiment_differ_from_the_papers_like_a_scales():
    text = difference(run("paper", "pretrain-ResNet50x1-jft-300m", ["figure4"]), scale_name="paper")
    assert {name: line.split(" (")[0] for name, line in lines(text).items()} == {
        "subset": "0.03, paper 1.0",
        "early_stopping": "25892, paper null",
    }


def test_masked_patches_and_training_from_scratch_are_compared_too():
    masked = lines(difference(run("mini", "masked-patch-ViT-B-16", ["self_supervision"])))
    assert masked["batch_size"] == "64, paper 4096 (B.1.2, global)"
    scratch = lines(difference(run("photos", "scratch-ViT-Ti-4", ["cifar"]), scale_name="photos"))
    assert scratch["steps"].startswith("7812, paper 78125 (")  # 200 epochs of 50,000 images in batches of 128


def test_a_recipe_without_a_preset_says_which_have_one():
    name = run("mini", "fewshot-ViT-B-32", ["figure4"])
    with pytest.raises(UserError, match=r"fewshot.*released.*finetune, pretrain"):
        difference(name, "released")


def test_a_run_that_nobody_plans_is_one_line_with_the_nearest():
    name = run("mini", "pretrain-ViT-B-16-fractals-10k")
    with pytest.raises(UserError, match=f"did you mean '{name}'"):
        difference(name[:-1] + "x")


def test_a_model_without_released_checkpoint_is_named():
    with pytest.raises(UserError, match=r"pretrain-released\.yaml: no row for model ResNet50x1"):
        difference(run("paper", "pretrain-ResNet50x1-jft-300m"), "released", "paper")


LAYERS = """
title: "Rates by layer"
grid: {finetune.layer_decay: [1.0, 0.75], model: [ViT-B/16], pretrain: [none], transfer: [CIFAR-10]}
rows: [finetune.layer_decay]
columns: [model]
"""


def test_a_value_that_configs_leave_out_where_it_is_off_differs_where_it_is_on(tmp_path, monkeypatch):
    shutil.copytree(paths.EXPERIMENTS, tmp_path / "experiments")
    monkeypatch.setattr(paths, "EXPERIMENTS", tmp_path / "experiments")
    (tmp_path / "experiments" / "ablations" / "layers.yaml").write_text(LAYERS)
    off, on = (cell.runs[-1] for cell in make_plan("mini", ["layers"]).cells)
    assert lines(difference(on))["layer_decay"].startswith("0.75, paper 1.0 (not in the paper")
    assert "layer_decay" not in lines(difference(off))
