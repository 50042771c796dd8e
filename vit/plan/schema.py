"""What may stand in an experiment, a recipe and a scale. The fields are the schema; docs are the field comments."""

from dataclasses import dataclass, field

# Where each value of a recipe lands in the run's LightningCLI config; a test holds these equal to the constructors.
TASKS = {
    "vit.tasks.Pretrain": {
        "model": (
            "lr",
            "decay",
            "warmup_steps",
            "weight_decay",
            "beta1",
            "beta2",
            "label_smoothing",
            "head_hidden",
            "dropout",
            "early_stopping",
        ),
        "data": ("batch_size", "image_size", "augment", "held_out", "split_seed"),
        "trainer": {"precision": "precision", "clip_norm": "gradient_clip_val"},
        "plan": ("epochs", "seeds"),
    },
    "vit.tasks.Finetune": {
        "model": ("lr", "momentum", "decay", "warmup_steps", "dropout"),
        "data": ("batch_size", "image_size", "augment", "held_out", "split_seed"),
        "trainer": {"precision": "precision", "clip_norm": "gradient_clip_val"},
        "plan": ("steps", "seeds"),
    },
}
AXES = ("model", "pretrain", "transfer", "epochs", "options")  # what a row, a setting or a grid may name besides values


def recipe_values(task):
    """Names of the values that a recipe of this task must give."""
    places = TASKS[task]
    return (*places["model"], *places["data"], *places["trainer"], *places["plan"])


@dataclass(frozen=True)
class Paper:
    """Where the published numbers of an experiment stand: a CSV of results/paper/ and its key columns."""

    file: str
    match: dict  # axis -> key column of the CSV
    value: object  # the value column, or transfer set -> value column
    tolerance: float  # in points; |ours - paper| within it is REPRODUCED
    names: dict = field(default_factory=dict)  # our name -> the name printed in this table
    cost: str | None = None  # column with exaFLOPs of pre-training
    exact_file: str | None = None  # a CSV that has it with more digits under the same keys; those are compared
    exact_cost: str | None = None  # the column there
    cost_tolerance: float = 0.05  # as a fraction of the paper's value


@dataclass(frozen=True)
class Experiment:
    """One table or figure of the paper, or one ablation."""

    title: str
    grid: dict  # axis -> list of names, or of mappings that set several axes at once
    rows: list  # axes that name the rows of the rendered table
    columns: list
    paper: dict | None = None
    leave_out: list = field(default_factory=list)  # combinations that are not run
    settings: list = field(default_factory=list)  # {axis: names..., key: value}: values for some of the cells
    same_run: dict = field(default_factory=dict)  # transfer set -> {transfer, metric}: read off another cell's runs
    private: list = field(default_factory=list)  # pre-training sets that nobody outside can get


@dataclass(frozen=True)
class DataEntry:
    """What runs under a data set's name at a scale."""

    name: str  # short name, part of run ids
    data: str  # class path of a LightningDataModule
    images: int  # size of the training set; epochs are counted in it
    classes: int = 1000  # of the head whose cost is counted; a head of JFT's 18k costs up to 1% of a model in Table 6
    args: dict = field(default_factory=dict)  # constructor arguments besides the recipe's
    about: str | None = None  # what it is, when it is not the set of the paper
    epochs: dict = field(default_factory=dict)  # the paper's number of epochs -> ours
    fetch: bool = False  # does `python -m data fetch` have to bring it before a run starts?


@dataclass(frozen=True)
class Scale:
    """What stands in for the paper's names at one scale."""

    title: str
    pretrain: dict
    transfer: dict
    processes: str  # 'one-a-run' or 'one-a-chain' (a pre-training and the fine-tunings that start from it)
    assumed_flops_per_second: float  # for estimates before anything was measured
    models: dict = field(default_factory=dict)  # model name -> options of create_model that stand in for its own
    recipes: dict = field(default_factory=dict)  # recipe -> key -> value
    omit: dict = field(default_factory=dict)  # axis -> names that are not run at this scale
