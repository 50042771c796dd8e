"""LightningCLI: the one place where models, data and tasks meet.

`python -m vit fit --config results/mini/runs/ID/config.yaml` trains in that run's folder. With any further argument the
run is no longer the one its name stands for, and everything goes where Lightning usually puts it.
"""

import sys
from contextlib import nullcontext
from pathlib import Path

from lightning import LightningDataModule, LightningModule
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.plugins import CheckpointIO
from lightning.pytorch.plugins.environments import ClusterEnvironment

from vit.errors import UserError
from vit.locks import locked
from vit.paths import name_of
from vit.plan.graph import check_config
from vit.record import count_test, read_record, test_evaluations
from vit.run.arguments import Parser, check_files, with_nulls
from vit.run.callbacks.training_loss import TrainingLoss
from vit.run.callbacks.watch import Speed
from vit.run.checkpoints import LAST, Checkpoints, NamedOnly
from vit.run.endings import Interrupted, to_its_end
from vit.run.fit import fit, tell_test_part, trainer_settings
from vit.run.launcher import check_devices, environment
from vit.run.processes import leads, whole_number
from vit.weights import check_images, read, save

NOT_KEPT = "nothing is kept, since only `--config RUN/config.yaml` and nothing else trains in a run's folder"


class PaperCLI(LightningCLI):
    """Data gives the model its number of classes and image size; a link that does not land is an error."""

    LINKS = ("num_classes", "image_size")

    def __init__(self, *, folder=None, callbacks=(), **kwargs):
        self.folder, self.callbacks = folder, callbacks
        settings = {"subclass_mode_model": True, "subclass_mode_data": True, "auto_configure_optimizers": False}
        settings["parser_class"] = Parser
        settings["trainer_defaults"] = {"callbacks": [TrainingLoss()]}
        super().__init__(LightningModule, LightningDataModule, seed_everything_default=0, **settings, **kwargs)

    def add_arguments_to_parser(self, parser):
        for name in self.LINKS:
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def before_instantiate_classes(self):
        """The runs that a fine-tuning starts from lie beside its own; how many processes load data changes no number."""
        config = self.config[self.subcommand] if self.subcommand else self.config
        if self.subcommand and (options := config.model.init_args.get("options")):
            config.model.init_args.options = with_nulls(options)
        if (workers := whole_number("VIT_WORKERS")) is not None:
            config.data.init_args.workers = workers
        files = [Path(path.absolute) for path in config.get("config") or []]
        folder = self.folder or (files[-1].parent if files else None)
        if folder and config.model.init_args.get("runs", 0) is None:
            config.model.init_args.runs = str(folder.parent)

    def instantiate_classes(self):
        super().instantiate_classes()
        for name in self.LINKS:
            if self.model.hparams.get(name) != getattr(self.datamodule, name):
                raise UserError(
                    f"{type(self.model).__name__} did not take {name} from {type(self.datamodule).__name__}; both need it"
                )

    def instantiate_trainer(self, **kwargs):
        if self.folder:
            steps = self._get(self.config_init, "trainer.max_steps")
            own = self._get(self.config_init, "trainer.callbacks") or []
            callbacks = [*self.callbacks, *(own if isinstance(own, list) else [own])]
            kwargs.update(trainer_settings(self.folder, steps), callbacks=callbacks)
            if self.subcommand in ("validate", "test"):
                kwargs["logger"] = False  # the curves are those of the training
        else:
            kwargs["plugins"] = self.with_ours(self._get(self.config_init, "trainer.plugins") or [])
        trainer = super().instantiate_trainer(**kwargs)
        check_devices(trainer)
        return trainer

    def with_ours(self, plugins):
        """Where a config names no other: the launcher's processes, and checkpoints that somebody named."""
        plugins = plugins if isinstance(plugins, list) else [plugins]
        ours = ((ClusterEnvironment, environment), (CheckpointIO, NamedOnly))
        return plugins + [make() for kind, make in ours if not any(isinstance(plugin, kind) for plugin in plugins)]

    def fit(self, datamodule, **arguments):
        tell_test_part(datamodule, print_error)
        with to_its_end():
            self.trainer.fit(datamodule=datamodule, **arguments)

    def before_validate(self):
        """Lightning would evaluate the model as it starts, and call that a result."""
        if self.trainer.max_steps and not self._get(self.config, "ckpt_path"):
            told = f"{self.subcommand} needs weights: give --ckpt_path FILE"
            raise UserError(f"{told}, or --config RUN/config.yaml and nothing else for those of a run")

    before_test = before_validate

    def validate(self, **arguments):
        with to_its_end():
            self.trainer.validate(**arguments)

    def test(self, **arguments):
        with to_its_end():
            self.trainer.test(**arguments)


def print_error(line):
    print(line, file=sys.stderr)


def own_folder(arguments):
    """The run folder of `fit|validate|test --config FOLDER/config.yaml` without anything else, or None.

    `--config=FOLDER/config.yaml` and `-c FOLDER/config.yaml` are the same.
    """
    option, _, path = " ".join(arguments[1:2]).partition("=")
    paths = [path, *arguments[2:]] if path else arguments[2:]
    if option in ("--config", "-c") and len(paths) == 1 and Path(paths[0]).name == "config.yaml":
        return Path(paths[0]).resolve().parent
    return None


def lightning_main(arguments):
    """fit, validate and test as any LightningCLI has them; in a run's folder they keep to it and to its weights."""
    command, forced = arguments[0], "--force" in sys.argv
    sys.argv[:] = [word for word in sys.argv if word != "--force"]  # LightningCLI's parser does not know it
    folder = own_folder([word for word in arguments if word != "--force"])
    if folder is None:
        check_files(arguments)
        try:
            PaperCLI()
        except Interrupted as end:
            raise Interrupted(end.number, advice=NOT_KEPT) from None
        return
    check_config(folder)
    if command == "fit" and read_record(folder):
        raise UserError(
            f"{name_of(folder)} is finished; add --trainer.default_root_dir ELSEWHERE to train it again beside it"
        )
    if command == "test" and not forced and leads():
        refuse_second_test(folder)
    callbacks = [Checkpoints(folder), Speed()] if command == "fit" else []
    busy = f"{name_of(folder)} is in use by another process; wait for it or stop it"
    with locked(folder / ".lock", busy) if leads() else nullcontext():
        RunCLI(folder=folder, callbacks=callbacks, save_config_callback=None)


def refuse_second_test(folder):
    """The test set is used once: whoever looks twice may come to choose by it."""
    record = read_record(folder)
    if record and test_evaluations(record):
        measured = ", ".join(
            f"{name} {value:.4f}" for name, value in record["metrics"].items() if name.endswith("accuracy")
        )
        told = f"{name_of(folder)}: evaluated on the test split already, at the end of its training ({measured})"
        raise UserError(f"{told}; --force does it again and metrics.json will say so")


def refuse_half_kept(task, folder):
    """A run keeps its model; what a task trains beside it, as MaskedPatch does, is gone and cannot be evaluated again."""
    gone = [name for name, _ in task.named_parameters() if not name.startswith("model.")]
    if gone:
        told = f"a finished {type(task).__name__} keeps its model only, and not {', '.join(gone)}"
        raise UserError(f"{name_of(folder)}: {told}; what it measured at its end stands in its metrics.json")


class RunCLI(PaperCLI):
    """The same in a run's folder: fit goes on from its checkpoint and leaves weights; validate and test use them."""

    def fit(self, model, datamodule, **_):
        if not self.trainer.max_steps:
            where = name_of(self.folder / "config.yaml")
            raise UserError(f"{where}: nothing is trained here; `python -m vit test --config {where}` evaluates")
        with to_its_end():
            fit(self.trainer, model, datamodule, self.folder, print_error)
        self.trainer.save_checkpoint(self.folder / "checkpoints" / LAST)
        if leads():
            save(model, self.folder, datamodule.image_format())

    def before_validate(self):
        if not self.trainer.max_steps:  # the task brings the weights it evaluates
            return
        refuse_half_kept(self.model, self.folder)
        state = read(self.folder)[1]
        check_images(self.folder, self.datamodule.image_format())
        self.model.model.load_state_dict(state)

    before_test = before_validate

    def after_test(self):
        if leads():
            count_test(self.folder)
