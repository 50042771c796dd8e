"""What a plan is made of: runs, cells of tables, and the plan that holds both."""

import hashlib
import json
from dataclasses import dataclass, field

from vit.plan.own_code import sources
from vit.plan.recipe_values import WATCHING
from vit.plan.varied import varied_values

CODE_VERSION = 1  # hashed into every run id; raised when a correction of code changes numbers
# A correction that changes the numbers of some runs only -> the values that these have on, in the task or the model's options
CORRECTIONS = {"dropout and mixing drawn for each image": ("dropout", "drop_path", "mixup", "cutmix")}


@dataclass(frozen=True)
class Run:
    """One training run: its config decides its id, its id names its folder."""

    id: str  # name, then the digest of the config
    name: str  # recipe, model, data: what people read
    config: dict = field(hash=False)
    recipe: str | None  # None: an evaluation of another run
    axes: dict = field(hash=False)  # model and data set as the paper names them: {model, pretrain or transfer, epochs}
    entry: object  # of the scale: what runs under the data set's name, a DataEntry or EvaluationEntry
    needs: tuple  # ids of the runs it starts from or chooses its learning rate by
    images: int  # training images it sees
    classes: int  # of its head, as far as cost is concerned
    chain: str  # runs of one chain may share a process
    pretrains: bool  # others start from it
    keeps_weights: bool  # a point of a learning-rate sweep is measured on held-out images and leaves none

    @property
    def set_images(self):
        """How many images its training set has, as the scale says; None where nothing is trained."""
        return getattr(self.entry, "images", None)

    @property
    def cost_key(self):
        """A name for the architecture that it trains, head included, at its image size: models of equal cost share it."""
        hidden = self.config["model"]["init_args"].get("head_hidden")
        head = {"num_classes": self.classes, **({"head_hidden": hidden} if hidden else {})}
        return cost_key(self.model, {**self.options, **head}, self.image_size, sources(self.config))

    @property
    def model(self):
        return self.config["model"]["init_args"]["model"]

    @property
    def options(self):
        return self.config["model"]["init_args"]["options"]

    @property
    def image_size(self):
        return self.config["data"]["init_args"]["image_size"]


@dataclass(frozen=True)
class Cell:
    """One number of a table: axis -> name, and the runs whose mean it is (none where the scale leaves it out).

    choices: where recipes compete, (sweep, runs) of each; the cell takes the runs of the recipe whose sweep did best on
        held-out images, by the measure select_by. `runs` holds all of them.
    """

    experiment: str
    axes: dict
    runs: tuple = ()
    choices: tuple = ()
    select_by: str = "accuracy"  # one of vit.record.MEASURES
    upstreams: tuple = ()  # the pre-training runs, one a seed
    recipes: tuple = ()  # names, in the order in which their runs follow each other
    metric: str = "test_accuracy"
    schedule: dict = field(default_factory=dict)  # recipe -> images seen as a fraction of the paper's
    notes: tuple = ()

    @property
    def upstream(self):
        """The first pre-training run; None from scratch, or from public weights."""
        return self.upstreams[0] if self.upstreams else None

    def key(self, axes):
        """Values of these axes, as a key: a list, such as steps of augmentation, becomes a tuple."""
        values = (self.axes.get(axis) for axis in axes)
        return tuple(tuple(value) if isinstance(value, list) else value for value in values)


@dataclass(frozen=True)
class Fact:
    """One cell of a table that needs no training: a value of a recipe (Tables 3 and 4), or a size of a model (Table 1)."""

    cell: Cell  # its place; it has no runs
    planned: bool  # has the scale such a recipe or model?
    value: object = None  # of a recipe
    cost_key: str | None = None  # the model that is counted
    counted: str | None = None  # what is read off it
    stand_in: bool = False  # is it something else than at scale `paper`?
    assumed: str | None = None  # what the recipe's row had to assume


@dataclass
class Plan:
    """Everything that a scale runs."""

    scale_name: str
    scale: object
    papers_scale: object  # scale `paper`, with which settings are compared, and by which a stand-in is told
    experiments: dict
    cells: list = field(default_factory=list)
    facts: list = field(default_factory=list)  # Fact; of experiments that need no runs
    runs: dict = field(default_factory=dict)  # id -> Run, in an order that can be followed
    broken: dict = field(default_factory=dict)  # experiment that was left out, by its path in experiments/ -> its error

    def error_of(self, experiment):
        """Why this experiment was left out; None where it was not."""
        return self.broken.get(experiment) or self.broken.get(f"ablations/{experiment}")

    def mistakes(self):
        """A line for each: what is wrong, and the experiments that it leaves out."""
        files = {}
        for name, error in self.broken.items():
            files.setdefault(error, []).append(f"experiments/{name}.yaml")
        return [f"{error} (nothing of {', '.join(names)} is planned; others are)" for error, names in files.items()]

    @property
    def assumed_flops_per_second(self):
        return self.scale.assumed_flops_per_second

    def runs_of(self, experiment):
        """Ids of an experiment's runs, those they need included, in order."""
        wanted = self.with_needs(run for cell in self.cells if cell.experiment == experiment for run in cell.runs)
        return [run for run in self.runs if run in wanted]

    def varied_of(self, experiment):
        """Run of an experiment -> what varies that its name does not say."""
        return varied_values(self, experiment)

    def facts_of(self, experiment):
        return [fact for fact in self.facts if fact.cell.experiment == experiment]

    def with_needs(self, runs):
        """Ids of these runs, and of all that come before them."""
        wanted, stack = set(), list(runs)
        while stack:
            run = stack.pop()
            if run not in wanted:
                wanted.add(run)
                stack.extend(self.runs[run].needs)
        return wanted


def cost_key(model, options, image_size, own=()):
    """A name for an architecture. options: of create_model, number of classes included. own: sources of one's own classes."""
    return json.dumps([model, options, image_size, *own], sort_keys=True)


def digest(settled):
    """The last part of a run's name: a hash of everything that can change its numbers."""
    own = sources(settled)
    identity = [CODE_VERSION, without_watching(settled), *([own] if own else []), *corrections(settled)]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:10]


def corrections(settled):
    """Those of CORRECTIONS that reach a config."""
    values = settled["model"]["init_args"]
    return [
        correction
        for correction, keys in CORRECTIONS.items()
        if any(stated.get(key) for stated in (values, values.get("options") or {}) for key in keys)
    ]


def without_watching(settled):
    """A config without callbacks that change no number: a run is the same whether it is watched or not."""
    trainer = dict(settled["trainer"])
    callbacks = [callback for callback in trainer.pop("callbacks", ()) if callback["class_path"] not in WATCHING]
    return {**settled, "trainer": {**trainer, **({"callbacks": callbacks} if callbacks else {})}}
