"""What may stand in an experiment, a recipe and a scale. The fields are the schema; the field comments document it."""

from dataclasses import dataclass, field, replace

SCRATCH = "none"  # the pre-training set of a model that starts from its initialisation

# What a row, a setting or a grid may name besides values. `pretrain_with` and `transfer_with` are recipes (a list of the
# latter: they compete, and the one that does best on held-out images counts), `tested_on` is a set whose test images the
# finished runs are evaluated on besides their own, `metric` is what the cell shows.
AXES = ("model", "pretrain", "pretrain_with", "transfer", "transfer_with", "tested_on", "epochs", "options", "metric")
NAMES = ("model", "pretrain", "pretrain_with", "transfer", "tested_on", "metric")  # those that name one thing
SETS = ("pretrain", "transfer", "tested_on")  # the axes, and the keys of a scale, that name data sets
FACTS = {  # what `facts` may be -> the axes that it needs beside `fact`; sizes take the image size of the pre-training
    "sizes": ("model", "pretrain"),
    "pretrain": ("model", "pretrain"),
    "transfer": ("model", "transfer"),
}
PICTURES = (  # what may be drawn of an experiment's numbers
    *("dots", "bars", "lines", "transfer", "scaling", "groups", "band"),
    *("data_size", "compute", "epochs", "speed"),
)


@dataclass(frozen=True)
class Paper:
    """Where the published numbers of an experiment stand: a CSV of results/paper/ and its key columns."""

    file: str
    match: dict  # axis -> key column of the CSV
    value: object  # the value column, or a mapping from the names of one axis to value columns
    tolerance: float  # in points; |ours - paper| within it is REPRODUCED
    by: str = "transfer"  # the axis by which `value` names columns
    spread: str | None = None  # column with the paper's deviation over its own runs; twice that may widen the tolerance
    over: str | None = None  # a column whose rows are averaged: the CSV has a row for each head, say
    times: float | dict = 1  # 100 where the CSV holds fractions; or a mapping from the names of `by`
    names: dict = field(default_factory=dict)  # our name -> the name printed in this table
    printed_in: str = "paper"  # the word for where the numbers are from, if that is not the paper
    cost: str | None = None  # column with exaFLOPs of pre-training
    exact_file: str | None = None  # a CSV that has it with more digits under the same keys; those are compared
    exact_cost: str | None = None  # its column
    core_days: str | None = None  # what the CSV has in place of a transfer set where it prints TPUv3-core-days
    cost_tolerance: float = 0.05  # as a fraction of the paper's value
    x: str | None = (
        None  # column with a figure's horizontal axis; of rows with equal keys, a curve, the last is the value
    )
    x_times: float = 1  # 1000000 where that column counts in millions
    speed: str | None = None  # column with images/s, the horizontal axis of a further panel


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
    at: dict = field(default_factory=dict)  # scale -> axis -> values of that axis there, which nothing stands in for
    means: dict = field(default_factory=dict)  # axis -> {label: names}: further rows or columns, means over those names
    base: dict = field(
        default_factory=dict
    )  # axis of rows or columns -> its value in the cells that others are compared with
    picture: object = (
        "dots"  # one of PICTURES, or names of vit.plan.inspection.PANELS -> {axis: names} of the cells drawn
    )
    facts: str | None = None  # one of FACTS: a cell is a value of a recipe or a size of a model, and nothing is trained
    notes: list = field(default_factory=list)  # what a reader of the table should know, a sentence each
    scales: list = field(default_factory=list)  # those at which it runs; [] for all

    def exact(self, scale_name):
        """Axes whose values are stated for this scale."""
        return tuple(self.at.get(scale_name, ()))

    def seen_from(self, scale_name, *likes):
        """The experiment as a scale takes it that is like others: what is stated for the first of them holds there too, unless it has its own."""
        stated = next((like for like in likes if like in self.at), None)
        return replace(self, at={scale_name: self.at[stated], **self.at}) if stated else self


@dataclass(frozen=True)
class DataEntry:
    """What runs under a data set's name at a scale."""

    name: str  # short name, part of run ids
    data: str  # class path of a LightningDataModule
    images: int  # size of the training set; epochs are counted in it
    classes: int = 1000  # of the head whose cost is counted; a head of JFT's 18k costs up to 1% of a model in Table 6
    args: dict = field(default_factory=dict)  # constructor arguments besides the recipe's
    about: str | None = None  # what it is, when it is not the set of the paper
    note: str | None = None  # what had to be chosen where it is the paper's set; printed under each table
    epochs: dict = field(default_factory=dict)  # the paper's number of epochs -> ours
    released: str | None = (
        None  # weights that the authors published are taken, trained on this set; nothing is pre-trained
    )
    fetch: bool = False  # does `python -m data fetch` have to bring it before a run starts?
    multi_label: bool = False  # do its images have several labels?

    @property
    def set_name(self):
        """Name of the set's class, as `python -m data fetch` takes it."""
        return self.data.rpartition(".")[2]


@dataclass(frozen=True)
class EvaluationEntry:
    """A set that is only tested on: what `tested_on` names at a scale. Its classes are those of the transfer set."""

    name: str  # short name, part of run ids
    data: str  # class path of a LightningDataModule
    args: dict = field(default_factory=dict)  # constructor arguments besides those of the evaluated run
    about: str | None = None  # what it is, when it is not the set of the paper
    note: str | None = None  # what had to be chosen where it is the paper's set; printed under each table
    fetch = False  # none of them can be downloaded

    @property
    def set_name(self):
        return self.data.rpartition(".")[2]


PROCESSES = (
    "one-a-run",
    "one-a-chain",
    "one-a-table",
)  # a chain: a pre-training and the fine-tunings that start from it


@dataclass(frozen=True)
class Scale:
    """What stands in for the paper's names at one scale."""

    title: str
    pretrain: dict
    transfer: dict
    processes: str  # one of PROCESSES
    assumed_flops_per_second: float  # for estimates before anything was measured
    tested_on: dict = field(default_factory=dict)
    models: dict = field(default_factory=dict)  # model name -> options of create_model that stand in for its own
    recipes: dict = field(default_factory=dict)  # recipe -> key -> value
    omit: dict = field(default_factory=dict)  # axis -> names that are not run at this scale
    like: str | None = None  # a scale whose file is read first; what is written here is added to it, or replaces it
