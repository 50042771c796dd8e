"""What cells are made of beyond pre-training and fine-tuning by Tables 3 and 4: other recipes, competing settings, means."""

import statistics
from types import SimpleNamespace

import pytest
from report_runs import cell, finish

from vit.errors import UserError
from vit.plan import make_plan
from vit.plan.cells import Cell
from vit.plan.experiment import experiment_files
from vit.plan.resolve import load_experiment
from vit.plan.runs import left_out
from vit.report.collect import collect
from vit.report.frame import chosen


def config(plan, run):
    return plan.runs[run].config


def task(plan, run):
    return config(plan, run)["model"]["class_path"].rsplit(".", 1)[1]


def test_every_experiment_plans_at_every_scale():
    for scale in ("smoke", "mini", "small", "paper", "released", "photos"):
        assert set(make_plan(scale).experiments) == {path.stem for path in experiment_files()}


def test_table7_pre_trains_with_adam_and_with_bits_sgd():
    plan = make_plan("paper", ["table7"])
    for label, name, lr in (("Adam", "adam", 0.001), ("SGD", "sgd", 0.48)):
        upstream = cell(plan, model="ResNet50x1", optimizer=label, transfer="CIFAR-10").upstream
        learnt = config(plan, upstream)["model"]["init_args"]
        assert (learnt["optimizer"], learnt["lr"]) == (name, lr)


def test_of_two_settings_the_one_counts_whose_sweep_did_better_on_held_out_images():
    one = Cell("e", {}, ("a0", "a1", "b0"), choices=((("s", "t"), ("a0", "a1")), (("u",), ("b0",))))
    swept = {run: {"metrics": {"held_out_accuracy": value}} for run, value in (("s", 0.5), ("t", 0.7), ("u", 0.6))}
    assert chosen(one, swept) == ("a0", "a1")
    swept["u"]["metrics"]["held_out_accuracy"] = 0.8
    assert chosen(one, swept) == ("b0",)
    assert chosen(one, {key: swept[key] for key in ("s", "t")}) == ()  # not before both are swept


def test_the_settings_of_a_resnet_are_table4s_sweep_and_bits_one_rate():
    plan = make_plan("paper", ["table6"])
    vit, resnet = (cell(plan, model=model, transfer="CIFAR-10") for model in ("ViT-B/16", "ResNet50x1"))
    assert vit.choices == () and len(vit.runs) == 3
    (sweep, runs), (bit_sweep, bit_runs) = resnet.choices
    assert (len(sweep), len(runs), len(bit_sweep), len(bit_runs)) == (4, 3, 1, 3)
    bit = config(plan, bit_runs[0])
    assert bit["model"]["init_args"]["lr"] is None and bit["model"]["init_args"]["lr_from"] == list(bit_sweep)
    assert config(plan, bit_sweep[0])["model"]["init_args"]["lr"] == 0.003
    assert bit["data"]["init_args"]["image_size"] == 128 and bit["model"]["init_args"]["mixup"] == 0.1


def test_section_46_compares_three_targets_of_masked_patches_with_both_neighbours():
    plan = make_plan("paper", ["self_supervision"])
    starts = {c.axes["start"]: c for c in plan.cells if c.axes["transfer"] == "CIFAR-10"}
    tasks = {start: c.upstream and task(plan, c.upstream) for start, c in starts.items()}
    assert list(tasks.values()) == [None, *["MaskedPatch"] * 3, "Pretrain"]
    targets = [config(plan, c.upstream)["model"]["init_args"].get("target") for c in starts.values() if c.upstream]
    assert targets == ["mean_color", "downsized", "regression", None]
    for c in starts.values():
        assert [task(plan, run) for run in c.runs] == ["Finetune"] * 3
        assert all(config(plan, run)["model"]["init_args"]["init"] == c.upstream for run in c.runs)


def test_few_shot_cells_read_one_run_and_differ_in_the_metric():
    plan = make_plan("mini", ["shots"])
    cells = [c for c in plan.cells if c.axes["model"] == "ViT-B/16"]
    assert {c.metric for c in cells} == {f"test_{shots}shot_accuracy" for shots in (1, 5, 10, 25)}
    assert len({c.runs for c in cells}) == 1
    ((run,),) = {c.runs for c in cells}
    assert task(plan, run) == "FewShot" and config(plan, run)["trainer"]["max_steps"] == 0
    assert not plan.runs[run].keeps_weights


def test_figure4_trains_nested_shares_for_as_many_updates_and_keeps_the_best():
    plan = make_plan("paper", ["figure4"])
    cells = [c for c in plan.cells if c.axes["name"] == "ViT-B/32"]
    runs = [config(plan, c.upstream) for c in cells]
    assert [run["data"]["init_args"]["subset"] for run in runs] == [0.03, 0.1, 0.3, 1.0]
    assert {run["trainer"]["max_steps"] for run in runs} == {round(7 * 303e6 / 4096)}
    assert all(run["trainer"]["callbacks"][0]["class_path"].endswith("BestHeldOut") for run in runs)


def test_vtab_trains_on_800_of_1000_images_and_finally_on_all_with_one_setting():
    plan = make_plan("paper", ["table9"])
    cells = [c for c in plan.cells if c.axes["model"] == "ViT-H/14"]
    assert len(cells) == 19
    for c in cells:
        (first, *_) = runs = [config(plan, run) for run in c.runs]
        learnt, seen = first["model"]["init_args"], first["data"]["init_args"]
        assert [run["data"]["init_args"]["train_on"] for run in runs] == ["all"] * 3
        assert (seen["held_out"], seen["subset"], seen["image_size"]) == (200, 800, 384)
        assert (learnt["lr"], learnt["lr_from"], first["trainer"]["max_steps"]) == (0.01, [], 2500)


def test_means_over_groups_are_unweighted_and_wait_for_every_member(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    plan = make_plan("mini", ["table9"])
    here = [c for c in plan.cells if c.axes["pretrain"] == "ImageNet-21k" and c.runs]
    values = {c.axes["transfer"]: 0.5 + 0.1 * place for place, c in enumerate(here)}
    for c in here[:-1]:
        for run in c.runs:
            finish(plan, run, values[c.axes["transfer"]])

    def means():
        results = collect(plan, "table9").means
        return {r.cell.axes["transfer"]: r for r in results if r.cell.axes["pretrain"] == "ImageNet-21k" and r.planned}

    natural, everything = means()["Natural (2 of 7)"], means()["Mean of all tasks (4 of 19)"]
    assert natural.mean == pytest.approx(100 * statistics.fmean([values["VTAB CIFAR-100"], values["VTAB Flowers102"]]))
    assert everything.mean is None and everything.verdict == "MISSING"
    for run in here[-1].runs:
        finish(plan, run, values[here[-1].axes["transfer"]])
    everything = means()["Mean of all tasks (4 of 19)"]
    assert everything.mean == pytest.approx(100 * statistics.fmean(values.values()))
    assert everything.verdict == "STAND-IN" and everything.paper == pytest.approx(72.71, abs=0.02)  # printed: Table 9


def test_at_scale_released_a_transfer_starts_from_the_public_checkpoint():
    plan = make_plan("released", ["table5"])
    runs = [plan.runs[run] for c in plan.cells for run in c.runs]
    assert runs and not any(run.pretrains for run in plan.runs.values())
    assert {run.config["model"]["init_args"]["init"] for run in runs} == {
        f"released:{model}@imagenet21k" for model in ("ViT-B/16", "ViT-B/32", "ViT-L/16", "ViT-L/32", "ViT-H/14")
    }


def test_a_scale_omits_by_pattern_and_in_one_experiment_only():
    scale = SimpleNamespace(omit={"transfer": ["VTAB *"], "table5.pretrain": ["none"]})
    assert left_out(scale, "table9", {"transfer": "VTAB DTD"})
    assert left_out(scale, "table5", {"pretrain": "none"}) and not left_out(scale, "cifar", {"pretrain": "none"})


def test_what_starts_from_nothing_cannot_follow_a_pre_training(monkeypatch):
    experiment = load_experiment("cifar")
    experiment.grid["pretrain"][:] = ["JFT-300M"]
    monkeypatch.setattr("vit.plan.experiment.load_experiment", lambda name: experiment)
    experiment.grid["model"][:] = ["ViT-B/16"]
    with pytest.raises(UserError, match=r"recipes/scratch.yaml: .*Pretrain.*start from"):
        make_plan("paper", ["cifar"])
