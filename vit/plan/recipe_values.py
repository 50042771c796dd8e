"""Every value that a recipe may state: what it may be, what it is where a recipe is silent, and where the paper has it.

A new value is a row here, its name among those of its task in TASKS, an argument of that task's constructor, and a line
in the recipes that switch it on. Tests hold the words equal to the registries that read them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vit.errors import UserError
from vit.plan.inspection import INSPECT
from vit.plan.kinds import (
    ABOVE_0_TO_1,
    BOOL,
    COUNT,
    DIFFERENT_COUNTS,
    DIFFERENT_WHOLES,
    FRACTION,
    NOT_NEGATIVE,
    NUMBER,
    ONE_OR_MORE,
    POSITIVE,
    RATES,
    RISING,
    SHARE,
    SHARE_OR_COUNT,
    SUBSET,
    WHOLE,
    Kind,
    one_of,
    step_of,
    steps_of,
)
from vit.plan.measured_speed import SPEED
from vit.record import MEASURES

EVALUATE = "vit.tasks.Evaluate"  # the task of a run that `tested_on` adds
FEWSHOT_CURVE = "vit.run.callbacks.fewshot_curve.FewShotDuringTraining"  # the planner adds the cell's transfer set

# Where each value of a recipe stands in the run's LightningCLI config; a test holds these equal to the constructors.
# `later`: value -> its off-value in this task, where a config leaves it out: so runs that were there before the value keep
# their names. The constructor's default is the off-value.
# `callbacks`: values that are null or make a callback of the Trainer: value -> (its class, the argument).
# `start`: what the planner adds, the run or the file to start from, the sweep whose best learning rate is taken, and
# whether the images of the set have several labels.
CALLBACKS = {"micro_batch": ("vit.run.micro_batch.MicroBatch", "images")}  # of every training
DATA = ("batch_size", "image_size", "augment", "evaluation", "resize", "held_out", "split_seed", "subset")
LOOKING = {"inspect_every": ("vit.run.callbacks.looking_inside.InspectDuringTraining", "every")}
WATCHING = tuple(path for path, _ in LOOKING.values())  # callbacks that change no number, so they are not hashed
TASKS = {
    "vit.tasks.Pretrain": {
        "model": (
            *("optimizer", "lr", "decay", "linear_end", "warmup_steps", "warmup_from"),
            *("weight_decay", "decay_form", "decay_on", "beta1", "beta2", "momentum", "momentum_dtype", "clip_rule"),
            *("loss", "label_smoothing", "head_bias", "head_hidden", "dropout", "mixup", "cutmix", "polyak"),
        ),
        "later": {"mixup": 0.0, "cutmix": 0.0, "polyak": None},
        "data": DATA,
        "trainer": {"precision": "precision", "clip_norm": "gradient_clip_val"},
        "callbacks": {
            "early_stopping": ("vit.early_stopping.BestHeldOut", "every"),
            "fewshot_every": (FEWSHOT_CURVE, "every"),
            **CALLBACKS,
            **LOOKING,
        },
        "plan": ("epochs", "seeds"),
        "start": (),
    },
    "vit.tasks.Finetune": {
        "model": (
            *("positions", "lr", "momentum", "momentum_dtype", "decay", "drops", "warmup_steps", "warmup_from"),
            *("clip_rule", "dropout", "mixup", "polyak", "optimizer", "beta1", "beta2", "weight_decay"),
            *("label_smoothing", "frozen", "layer_decay", "loss", "head_bias", "select_by", "cutmix"),
        ),
        "later": {
            **{"optimizer": "sgd", "beta1": None, "beta2": None, "weight_decay": 0.0},
            **{"label_smoothing": 0.0, "frozen": False, "layer_decay": 1.0},
            **{"loss": "softmax", "head_bias": 0.0, "select_by": "accuracy", "cutmix": 0.0},
        },
        "data": DATA,
        "trainer": {"precision": "precision", "clip_norm": "gradient_clip_val"},
        "callbacks": {**CALLBACKS, **LOOKING},
        "plan": ("steps", "seeds"),
        "start": ("init", "lr", "lr_from", "multi_label"),
    },
    "vit.tasks.FewShot": {
        "model": ("shots", "draws", "report_shots", "l2", "constant", "epsilon", "solve_dtype"),
        "data": DATA,
        "trainer": {"precision": "precision"},
        "plan": (),
        "start": ("init",),
    },
    INSPECT: {
        "model": ("inspected_images", "shown_images", "components"),
        "data": DATA,
        "trainer": {"precision": "precision"},
        "plan": (),
        "start": ("init",),
    },
    SPEED: {
        "model": ("batch_sizes", "seconds", "repetitions", "longest_pass", "memory_share"),
        "data": DATA,
        "trainer": {"precision": "precision"},
        "plan": (),
        "start": (),
    },
    EVALUATE: {
        "model": (),
        "data": DATA,
        "trainer": {"precision": "precision"},
        "plan": (),
        "start": ("init",),
    },
    "vit.tasks.MaskedPatch": {
        "model": (
            *("lr", "decay", "warmup_steps", "weight_decay", "beta1", "beta2", "clip_rule", "dropout"),
            *("target", "color_bins", "corrupted", "masked", "random_patch", "kept", "counts", "random_patch_from"),
        ),
        "data": DATA,
        "trainer": {"precision": "precision", "clip_norm": "gradient_clip_val"},
        "callbacks": {**CALLBACKS, **LOOKING},
        "plan": ("steps", "seeds"),
        "start": (),
    },
}


def recipe_values(task: str) -> tuple[str, ...]:
    """Names of the values that a recipe of this task may state."""
    groups = TASKS[task]
    return (*groups["model"], *groups["data"], *groups["trainer"], *groups.get("callbacks", ()), *groups["plan"])


STATED = object()  # no value means "off": every recipe must state one


@dataclass(frozen=True)
class Value:
    """A row of the table. off: what a config holds where the recipe is silent.

    source: section, table or code that it is from. needed_with: (other value, word, ...): with one of the words, and in
    a task that has no such other value, the recipe must state it. scaled: scales make it smaller, so what an experiment
    says is read as a ratio to the recipe's value.
    """

    kind: Kind
    source: str
    off: object = STATED
    needed_with: tuple = ()
    scaled: bool = False


CROPS = ("inception_crop", "torchvision_crop", "random_crop")
AUGMENTATIONS = ("flip", "shift", "crop", "pad_crop", "color", "cutout", "rand_augment", "random_erasing")
EVALUATIONS = ("resize", "central_crop", "squashed_crop")
EVALUATION = Kind(step_of(*EVALUATIONS), f"one of {', '.join(EVALUATIONS)}, such as central_crop(256)", EVALUATIONS)
CODE = "not in the paper; the authors' code"
BETAS = {"off": None, "needed_with": ("optimizer", "adam", "lion", "lamb")}
SGD = {"off": None, "needed_with": ("optimizer", "sgd")}
VALUES = {
    # what is trained on
    "batch_size": Value(COUNT, "Sec. 4.1; Table 4, caption", scaled=True),
    "micro_batch": Value(COUNT.or_null, "not in the paper: images of a forward pass on one device; null: as many as fit", off=None),
    "image_size": Value(COUNT, "captions of Tables 3 and 4", scaled=True),
    "augment": Value(steps_of(*CROPS, *AUGMENTATIONS), CODE),
    "evaluation": Value(EVALUATION, CODE),
    "resize": Value(one_of("vit_jax", "big_vision", "antialiased", "once"), CODE),
    "held_out": Value(SHARE_OR_COUNT, "B.1.1"),
    "split_seed": Value(WHOLE, "not in the paper"),
    "subset": Value(SUBSET, "Sec. 4.3: shares of the pre-training set, for Figure 4", off=1.0),
    # how long, how often
    "steps": Value(COUNT, "Table 4; B.1.2", scaled=True),
    "epochs": Value(ONE_OR_MORE, "Table 3"),
    "seeds": Value(COUNT, "Table 2, caption"),
    "select_by": Value(one_of(*MEASURES), "B.1.1 chooses on held-out images and does not name the measure", off="accuracy"),
    "early_stopping": Value(COUNT.or_null, "Sec. 4.3, for Figure 4: updates between evaluations on held-out images", off=None),
    "fewshot_every": Value(COUNT.or_null, "D.3, Figure 9: updates between few-shot evaluations on the transfer set's held-out images", off=None),
    # the optimizer
    "optimizer": Value(one_of("adam", "sgd", "lion", "lamb"), "Sec. 4.1; Tables 4 and 7"),
    "beta1": Value(SHARE.or_null, "Sec. 4.1", **BETAS),
    "beta2": Value(SHARE.or_null, "Sec. 4.1", **BETAS),
    "momentum": Value(SHARE.or_null, "Table 4, caption", **SGD),
    "momentum_dtype": Value(one_of("float32", "bfloat16").or_null, CODE, **SGD),
    "weight_decay": Value(NOT_NEGATIVE, "Table 3"),
    "decay_form": Value(one_of("decoupled", "coupled"), CODE),
    "decay_on": Value(one_of("kernels", "all"), CODE),
    "clip_norm": Value(POSITIVE.or_null, "captions of Tables 3 and 4: global norm 1; in pre-training said of ImageNet only", off=None),
    "clip_rule": Value(one_of("official", "torch"), CODE),
    "polyak": Value(SHARE.or_null, "Sec. 4.1: 0.9999 for the ImageNet numbers of Table 2 only; Table 5, caption: none", off=None),
    "precision": Value(one_of("32-true", "bf16-mixed", "16-mixed", "bf16-true", "64-true"), "not in the paper"),
    # the learning rate
    "lr": Value(RATES, "Tables 3 and 4", scaled=True),
    "decay": Value(one_of("cosine", "linear", "staircase"), "Tables 3 and 4"),
    "linear_end": Value(NOT_NEGATIVE, CODE, scaled=True),
    "drops": Value(RISING, "BiT's fine-tuning", off=[], needed_with=("decay", "staircase")),
    "layer_decay": Value(ABOVE_0_TO_1, "not in the paper; BEiT's and MAE's fine-tuning", off=1.0),
    "warmup_steps": Value(WHOLE, "Sec. 4.1", scaled=True),
    "warmup_from": Value(one_of("zero", "one"), CODE),
    # the model and its loss
    "dropout": Value(SHARE, "Table 3"),
    "head_hidden": Value(one_of("width").or_null, "Sec. 3.1: one hidden (tanh) layer", off=None),
    "head_bias": Value(NUMBER, CODE, off=0.0, needed_with=("loss", "sigmoid")),
    "loss": Value(one_of("softmax", "sigmoid"), "not in the paper"),
    "label_smoothing": Value(SHARE, "tuned in Sec. 4.3, no value is printed", off=0.0),
    "mixup": Value(NOT_NEGATIVE, "BiT's fine-tuning", off=0.0),
    "cutmix": Value(NOT_NEGATIVE, "not in the paper; Yun et al. 2019", off=0.0),
    "frozen": Value(BOOL, "not in the paper: only the head is trained, a linear probe", off=False),
    "positions": Value(one_of("bilinear", "bicubic"), "Sec. 3.2 says 2D interpolation"),
    # few-shot evaluation
    "shots": Value(DIFFERENT_COUNTS, "Sec. 4.1"),
    "draws": Value(DIFFERENT_WHOLES, CODE),
    "report_shots": Value(COUNT, "Sec. 4.1"),
    "l2": Value(POSITIVE, CODE),
    "constant": Value(POSITIVE, CODE),
    "epsilon": Value(POSITIVE, CODE),
    "solve_dtype": Value(one_of("float64", "float32"), CODE),
    # a look into a model
    "inspected_images": Value(COUNT, "D.7: attention distances are means over 128 images"),
    "shown_images": Value(COUNT, "Figures 6 and 14"),
    "components": Value(COUNT, "Figure 7, left"),
    "inspect_every": Value(COUNT.or_null, "not in the paper: updates between pictures of the model in TensorBoard", off=None),
    # measured speed
    "batch_sizes": Value(DIFFERENT_COUNTS, "D.5: the best over batch sizes; the largest in Figure 12 are powers of two, to 1024"),
    "seconds": Value(POSITIVE, "not in the paper: of one measurement, at least"),
    "repetitions": Value(COUNT, "not in the paper: measurements of a batch size, of which the median counts"),
    "longest_pass": Value(POSITIVE, "not in the paper: seconds; batches expected to take longer are not timed"),
    "memory_share": Value(ABOVE_0_TO_1, "not in the paper: of a CPU's free memory, up to which a batch counts as fitting"),
    # masked patch prediction
    "target": Value(one_of("mean_color", "downsized", "regression"), "B.1.2"),
    "color_bins": Value(one_of("floor", "rounded", "scaled"), "B.1.2"),
    "corrupted": Value(ABOVE_0_TO_1, "B.1.2"),
    "masked": Value(FRACTION, "B.1.2"),
    "random_patch": Value(FRACTION, "B.1.2"),
    "kept": Value(FRACTION, "B.1.2"),
    "counts": Value(one_of("exact", "independent"), "not in the paper"),
    "random_patch_from": Value(one_of("image", "batch"), "not in the paper"),
}  # fmt: skip


ONLY = {  # (value, word) -> the only word that others have beside it
    ("frozen", True): {"dropout": 0.0, "layer_decay": 1.0},  # they reach only what is not trained then
    ("optimizer", "lion"): {"decay_form": "decoupled"},  # of its paper, and so LAMB's
    ("optimizer", "lamb"): {"decay_form": "decoupled"},
    ("precision", "bf16-true"): {"polyak": None},  # its steps are too coarse for an average
}


def check_value(key: str, value: object, where: str) -> None:
    """Refuse a value that no run could use; `where` names the file and the section."""
    kind = VALUES[key].kind
    if not kind.fits(value):
        raise UserError(f"{where}.{key}: {kind.expected} was expected, found {value!r}")


def check_needed(values: dict, source: Callable[..., str]) -> None:
    """Refuse values that do not go together, such as momentum beside Adam. source: (key, other key) -> who states them."""
    for key, value in values.items():
        other, *words = VALUES[key].needed_with if key in VALUES and VALUES[key].needed_with else ("",)
        if other in values and values[other] not in words and value != VALUES[key].off:
            off = "null" if VALUES[key].off is None else VALUES[key].off
            raise UserError(
                f"{source(key, other)}.{key}: {value!r} has no effect with {other} {values[other]}; leave it out, or write {off} where the recipe states it"
            )
    for (other, word), words in ONLY.items():
        for key, only in words.items() if values.get(other) == word else ():
            if values.get(key, only) != only:
                must = "null" if only is None else only
                raise UserError(
                    f"{source(key, other)}.{key}: {values[key]!r} does not go with {other} {word}; it must be {must}"
                )
    batch, part = values.get("batch_size"), values.get("micro_batch")
    if part and batch % part:
        raise UserError(
            f"{source('micro_batch', 'batch_size')}.micro_batch: a batch of {batch} images is not divisible by {part}; take a divisor, for one scale under `at`"
        )
    mixed = next((key for key in ("mixup", "cutmix") if values.get(key)), None)
    if mixed and (odd := next((key for key in ("micro_batch", "batch_size") if (values.get(key) or 0) % 2), None)):
        raise UserError(
            f"{source(mixed, odd)}.{mixed}: {values[mixed]!r} does not go with {odd} {values[odd]}: images are mixed in pairs;"
            f" take an even number, or {mixed} 0.0"
        )


def with_off_values(stated: dict, task: str) -> dict:
    """All values of a task: what a recipe states, and off-values for the rest. Errors: KeyError with one it must state."""
    later = TASKS[task].get("later", {})
    silent = [key for key in recipe_values(task) if key not in stated]
    return {**stated, **{key: off_value(key, {**later, **stated}, later) for key in silent}}


def off_value(key: str, stated: dict, later: Mapping = MappingProxyType({})) -> object:
    """What stands in a config where the recipe does not state `key`. Errors: KeyError where it must.

    later: off-values of the task, which precede those of the table.
    """
    off = later.get(key, VALUES[key].off)
    other, *words = VALUES[key].needed_with or ("",)
    if off is STATED or (words and stated.get(other, words[0]) in words):
        raise KeyError(key)
    return off


def needed_by(key: str) -> str:
    """For the message of a value that is missing: which words of another value need it; '' for none."""
    other, *words = VALUES[key].needed_with or ("",)
    return f", which {other} {one_of(*words).expected} needs" if words else ""


def of_config(values: dict, task: str) -> dict:
    """The values that a config of this task holds among the arguments of the task: without later ones that are off."""
    later = TASKS[task].get("later", {})
    return {key: values[key] for key in TASKS[task]["model"] if key not in later or values[key] != later[key]}
