"""At scale `paper` the experiments plan what the paper's tables say: compared with results/paper/*.csv, number by number."""

import csv
import inspect
from graphlib import TopologicalSorter

import pytest

from vit.paths import ROOT
from vit.plan import make_plan
from vit.plan.experiment import TARGETS
from vit.plan.graph import groups, write_graph
from vit.plan.recipe_values import TASKS

PAPER = ROOT / "results" / "paper"
IMAGES = {"ImageNet": 1281167, "ImageNet-21k": 14197122, "JFT-300M": 303000000}
TABLE3_NAMES = {
    "R50x1": "ResNet50x1",
    "R50x2": "ResNet50x2",
    "R101x1": "ResNet101x1",
    "R152x1": "ResNet152x1",
    "R152x2": "ResNet152x2",
}
TABLE4_NAMES = {"CIFAR100": "CIFAR-100", "CIFAR10": "CIFAR-10", "Oxford-IIIT Pets": "Oxford-IIIT-Pets"}


def rows(name):
    with open(PAPER / name) as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def plan():
    return make_plan("paper", ["table5", "table6"])


def upstream(plan, **axes):
    """The one pre-training config of the cells with these axes."""
    found = {cell.upstream for cell in plan.cells if axes.items() <= cell.axes.items() and cell.upstream}
    assert len(found) == 1, (axes, found)
    return plan.runs[found.pop()].config


def test_every_number_printed_in_table5_has_runs_and_empty_cells_have_none(plan):
    planned = {
        tuple(cell.axes[a] for a in ("pretrain", "transfer", "model")): cell.runs
        for cell in plan.cells
        if cell.experiment == "table5"
    }
    for row in rows("table5_transfer.csv"):
        runs = planned.get((row["pretrain_dataset"], row["downstream_dataset"], row["model"]), ())
        assert len(runs) == (3 if row["top1_percent"] else 0), row


def test_every_row_of_table6_has_three_seeds_on_every_set(plan):
    names = {row["name"].replace("R50x1+", "R50+"): 0 for row in rows("table6_scaling.csv")}
    cells = [cell for cell in plan.cells if cell.experiment == "table6"]
    assert len(cells) == 18 * 6
    assert {(cell.axes["model"], cell.axes["epochs"]) for cell in cells} == {
        (row["name"].replace("R50x1+", "R50+"), int(row["epochs"])) for row in rows("table6_scaling.csv")
    }
    assert {cell.axes["model"] for cell in cells} == set(names)
    for cell in cells:  # ResNets compete with themselves in BiT's setting (B.1.1)
        choices = [runs for _, runs in cell.choices] or [cell.runs]
        assert [len(runs) for runs in choices] == [3] * (2 if cell.axes["model"].startswith("ResNet") else 1)


def test_the_plan_counts(plan):
    """Table 5: 14 pre-trained models x 5 sets (ReaL shares ImageNet's runs) x (4 rates + 3 seeds)."""
    table5, table6 = plan.runs_of("table5"), plan.runs_of("table6")
    assert len(table5) == 14 + 14 * 5 * 7
    bit = 7 * 5 * (1 + 3)  # BiT's setting of the 7 rows with ResNets: one rate, three seeds
    assert len(table6) == 18 + 18 * 5 * 7 + bit
    shared = set(table5) & set(table6)
    assert len([run for run in shared if run.startswith("pretrain-")]) == 5  # Table 5's JFT models are rows of Table 6
    assert len(plan.runs) == len(table5) + len(table6) - len(shared) == 14 + 18 - 5 + 35 * (14 + 18 - 5) + bit


@pytest.mark.parametrize(
    "row", rows("table3_pretrain_hparams.csv"), ids=lambda row: f"{row['model']}-{row['dataset']}-{row['epochs']}"
)
def test_table3(plan, row):
    models = [TABLE3_NAMES.get(row["model"], row["model"])]
    if row["model"] == "ViT-*":
        models = ["ViT-B/16", "ViT-B/32", "ViT-L/16", "ViT-L/32"]
    for model in models:
        experiment = (
            {}
            if model.startswith("ViT") and row["dataset"] != "JFT-300M"
            else {"epochs": int(row["epochs"].split("/")[-1])}
        )
        if (model, row["dataset"]) == ("ResNet152x2", "JFT-300M"):
            experiment = {"epochs": 7}
        config = upstream(plan, model=model, pretrain=row["dataset"], **experiment)
        task, data, trainer = config["model"]["init_args"], config["data"]["init_args"], config["trainer"]
        epochs = int(row["epochs"].split("/")[-1])
        assert trainer["max_steps"] == round(epochs * IMAGES[row["dataset"]] / 4096)
        assert task["lr"] == float(row["base_lr"]) and task["decay"] == row["lr_decay"]
        assert task["weight_decay"] == float(row["weight_decay"]) and task["dropout"] == float(row["dropout"])
        assert (task["beta1"], task["beta2"]) == (float(row["adam_beta1"]), float(row["adam_beta2"]))
        assert (data["batch_size"], task["warmup_steps"], data["image_size"]) == (4096, 10000, 224)
        assert trainer["gradient_clip_val"] == (
            float(row["grad_clip_global_norm"]) if row["grad_clip_global_norm"] else None
        )


# VTAB, the last row, is Table 9's and Figure 2's business.
@pytest.mark.parametrize("row", rows("table4_finetune_hparams.csv")[:5], ids=lambda row: row["dataset"])
def test_table4(plan, row):
    name = TABLE4_NAMES.get(row["dataset"], row["dataset"])
    cells = [cell for cell in plan.cells if cell.axes["transfer"] == name and cell.runs]
    assert cells
    for cell in cells:
        final = [plan.runs[run].config for run in cell.runs if not run.startswith("finetune-bit-")]
        assert [config["seed_everything"] for config in final] == [0, 1, 2]
        sweep = [plan.runs[run].config for run in final[0]["model"]["init_args"]["lr_from"]]
        assert [config["model"]["init_args"]["lr"] for config in sweep] == [
            float(lr) for lr in row["base_lr_sweep"].split(";")
        ]
        assert all(config["data"]["init_args"]["train_on"] == "train" for config in sweep)
        for config in final + sweep:
            task, data, trainer = config["model"]["init_args"], config["data"]["init_args"], config["trainer"]
            assert trainer["max_steps"] == int(row["steps"]) and trainer["gradient_clip_val"] == float(
                row["grad_clip_global_norm"]
            )
            assert (task["momentum"], task["decay"]) == (float(row["momentum"]), row["lr_decay"])
            assert (data["batch_size"], data["image_size"]) == (int(row["batch_size"]), int(row["resolution_default"]))
            assert data["held_out"] == float(row["dev_split_percent_of_train"]) / 100
        assert all(config["data"]["init_args"]["train_on"] == "all" for config in final)


def test_at_scale_paper_nothing_stands_in_and_nothing_is_shortened(plan):
    assert not plan.scale.models and not plan.scale.recipes
    assert not [entry for entry in (*plan.scale.pretrain.values(), *plan.scale.transfer.values()) if entry.about]
    for cell in plan.cells:
        assert all(share == pytest.approx(1, abs=1e-3) for share in cell.schedule.values())


def test_table5_takes_the_long_schedules_of_table3(plan):
    """ViT-L/16 on JFT in Table 5 equals the 14-epoch row of Table 6, not the 7-epoch one."""
    table5 = {
        row["downstream_dataset"]: row["top1_percent"]
        for row in rows("table5_transfer.csv")
        if (row["model"], row["pretrain_dataset"]) == ("ViT-L/16", "JFT-300M")
    }
    table6 = {row["epochs"]: row["imagenet"] for row in rows("table6_scaling.csv") if row["name"] == "ViT-L/16"}
    assert float(table5["ImageNet"]) == float(table6["14"]) != float(table6["7"])
    cells = [
        cell
        for cell in plan.cells
        if cell.experiment == "table5" and (cell.axes["model"], cell.axes["pretrain"]) == ("ViT-L/16", "JFT-300M")
    ]
    assert {cell.axes["epochs"] for cell in cells} == {14}


def test_the_same_config_is_the_same_run_and_any_number_changes_its_name(plan):
    again = make_plan("paper", ["table5", "table6"])
    assert list(again.runs) == list(plan.runs)
    other = make_plan("mini", ["table5", "table6"])
    assert not set(other.runs) & set(plan.runs)


def test_a_run_starts_from_runs_that_come_before_it(plan):
    seen = set()
    for run in plan.runs.values():
        assert set(run.needs) <= seen
        seen.add(run.id)


@pytest.mark.parametrize("scale", ["smoke", "mini"])
def test_every_run_is_in_exactly_one_process_in_an_order_that_works(scale):
    plan = make_plan(scale)
    together = groups(plan)
    assert sorted(run for group in together for run in group) == sorted(plan.runs)
    assert len(together) < len(plan.runs) / 3  # starting Python is paid for a few times, not for every run
    for group in together:
        for position, run in enumerate(group):
            assert all(need not in group[position:] for need in plan.runs[run].needs)


def test_a_process_trains_only_what_each_of_its_experiments_needs_and_smoke_starts_the_fewest():
    """`make table5` trains no run that table5 does not need; and no two processes wait for each other."""
    for scale in ("smoke", "mini"):
        plan = make_plan(scale)
        together, wanted = groups(plan), {name: set(plan.runs_of(name)) for name in plan.experiments}
        askers = [{frozenset(name for name in wanted if run in wanted[name]) for run in group} for group in together]
        assert all(len(sets) == 1 for sets in askers)
        place = {run: position for position, group in enumerate(together) for run in group}
        needs = {
            at: {place[need] for run in group for need in plan.runs[run].needs} - {at}
            for at, group in enumerate(together)
        }
        assert len(list(TopologicalSorter(needs).static_order())) == len(
            together
        )  # CycleError if two wait for each other
        if scale == "smoke":
            assert len(together) == len(set().union(*askers))


def test_long_processes_start_first():
    """Else the longest, begun last, would train alone while the other cores wait."""
    plan = make_plan("mini", ["table5"])
    images = [sum(plan.runs[run].images for run in group) for group in groups(plan)]
    assert images == sorted(images, reverse=True)
    first = groups(plan)[0][0]
    assert first.startswith("pretrain-ViT-L-16-fractals-100k")  # 14 epochs, not 7


@pytest.mark.parametrize("scale", sorted(path.stem for path in (ROOT / "experiments" / "scales").glob("*.yaml")))
def test_every_scale_plans_every_experiment(scale):
    plan = make_plan(scale)
    assert plan.runs and all(
        set(run.id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-")
        for run in plan.runs.values()
    )


@pytest.mark.parametrize("task", TASKS)
def test_recipes_give_every_number_that_a_task_takes_and_constructors_have_no_defaults(task):
    """A default would be invisible to the hash that names a run; but an off-value is no choice that a hash must see."""
    module, name = task.rsplit(".", 1)
    signature = inspect.signature(getattr(__import__(module, fromlist=[name]), name))
    set_by_plan = {"model", "options", "num_classes", "image_size", "init", "lr_from", "multi_label", "runs"}
    assert set(signature.parameters) - set_by_plan == set(TASKS[task]["model"])
    defaults = {p.name: p.default for p in signature.parameters.values() if p.default is not p.empty}
    later = TASKS[task].get("later", {})
    off = {"runs": None, "multi_label": False}
    assert defaults == later | {name: value for name, value in off.items() if name in defaults}
    assert set(later) <= set(TASKS[task]["model"])


def test_runs_on_public_data_wait_for_the_download_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    write_graph(make_plan("small", ["table5"]))
    rules = [line for line in (tmp_path / "small" / "grid.mk").read_text().splitlines() if "&:" in line]
    for rule in rules:
        targets, order_only = rule.split("&:")
        assert ("CIFAR10.fetched" in order_only) == ("-cifar-10-" in targets)
        assert ("fetched" in order_only) != ("$(RUNS)/pretrain-" in targets)


def test_mini_covers_what_the_readme_promises():
    plan = make_plan("mini", ["table5", "table6"])
    table5 = {
        (c.axes["model"], c.axes["pretrain"], c.axes["transfer"])
        for c in plan.cells
        if c.experiment == "table5" and c.runs
    }
    for model in ("ViT-B/32", "ViT-B/16", "ViT-L/16"):
        for pretrain in ("none", "ImageNet", "ImageNet-21k", "JFT-300M"):
            assert len({t for m, p, t in table5 if (m, p) == (model, pretrain)}) >= 3
    table6 = {c.axes["model"] for c in plan.cells if c.experiment == "table6" and c.runs}
    assert len([m for m in table6 if m.startswith("ViT")]) >= 3
    assert len([m for m in table6 if m.startswith("ResNet")]) >= 2
    assert len([m for m in table6 if m.startswith("R50+")]) >= 2


def test_an_experiment_may_not_be_called_as_another_target_of_make():
    lines = (ROOT / "Makefile").read_text().splitlines()
    phony = {name for line in lines if line.startswith(".PHONY:") for name in line.removeprefix(".PHONY:").split()}
    assert phony - {"$(EXPERIMENTS)"} == set(TARGETS)


def test_a_pre_training_that_measures_few_shot_accuracy_needs_that_set_too(experiments, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_RESULTS", str(tmp_path))
    (experiments / "ablations" / "curve.yaml").write_text(
        "title: t\ngrid: {model: [ViT-B/16], pretrain: [ImageNet], epochs: [300], pretrain.fewshot_every: [1000], transfer: [CIFAR-10],"
        " transfer_with: [fewshot]}\nrows: [transfer]\ncolumns: [model]\n"
    )
    write_graph(make_plan("small", ["curve"]))
    rules = (tmp_path / "small" / "grid.mk").read_text().splitlines()
    (rule,) = [line for line in rules if line.startswith("$(RUNS)/pretrain-")]
    assert "CIFAR10.fetched" in rule
