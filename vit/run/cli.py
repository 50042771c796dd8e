"""LightningCLI, where models, data and tasks are joined.

`python -m vit fit --config results/mini/runs/ID/config.yaml` trains in that run's folder. With any further argument the
config is no longer the one that the run is named by, so outputs go where Lightning puts them by default.
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
from vit.run.argument_errors import OneLineErrorParser, check_config_files
from vit.run.callbacks.monitoring import Throughput
from vit.run.callbacks.training_loss import TrainingLoss
from vit.run.checkpoints import Checkpoints, RequestedCheckpointIO
from vit.run.cluster_environment import check_devices, cluster_environment
from vit.run.distributed import is_main_process
from vit.run.env import env_whole_number
from vit.run.fit import check_test_split, fit, trainer_settings
from vit.run.previous import LAST
from vit.run.sharded import make_whole
from vit.run.signals import Interrupted, exit_guard
from vit.weights import check_images, read, save

NOT_KEPT = (
    "nothing is kept, because only `fit --config RUN/config.yaml` without other arguments trains in a run's folder"
)


class PaperCLI(LightningCLI):
    """The data module sets the model's number of classes and image size; UserError if the model does not take them."""

    LINKS = ("num_classes", "image_size")

    def __init__(self, *, folder: Path | None = None, callbacks=(), **kwargs):
        """folder: of the run that is trained or evaluated, if any."""
        self.folder, self.callbacks = folder, callbacks
        settings = {"subclass_mode_model": True, "subclass_mode_data": True, "auto_configure_optimizers": False}
        settings["parser_class"] = OneLineErrorParser
        settings["trainer_defaults"] = {"callbacks": [TrainingLoss()]}
        super().__init__(LightningModule, LightningDataModule, seed_everything_default=0, **settings, **kwargs)

    def add_arguments_to_parser(self, parser):
        for name in self.LINKS:
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def before_instantiate_classes(self):
        """Values that are no part of a run's identity: the folder of the runs it starts from, and loader processes."""
        config = self.config[self.subcommand] if self.subcommand else self.config
        if self.subcommand and (options := config.model.init_args.get("options")):
            # jsonargparse passes `--model.init_args.options.NAME null` on as the text 'None'
            config.model.init_args.options = {
                name: None if value == "None" else value for name, value in options.items()
            }
        if (workers := env_whole_number("VIT_WORKERS")) is not None:
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
                    f"{type(self.model).__name__} did not take {name} from {type(self.datamodule).__name__}; both classes need it"
                )
        if self.model.hparams.get("multi_label", False) != (several := getattr(self.datamodule, "multi_label", False)):
            words = "a multi-label set: it needs a task with" if several else "no multi-label set, so leave out"
            raise UserError(
                f"{type(self.model).__name__}: {type(self.datamodule).__name__} is {words} multi_label: true, as vit.tasks.Finetune has it"
            )

    def instantiate_trainer(self, **kwargs):
        if self.folder:
            steps = self._get(self.config_init, "trainer.max_steps")
            configured = self._get(self.config_init, "trainer.callbacks") or []
            callbacks = [*self.callbacks, *(configured if isinstance(configured, list) else [configured])]
            kwargs.update(trainer_settings(self.folder, steps), callbacks=callbacks)
            if self.subcommand in ("validate", "test"):  # the curves are those of the training
                kwargs.update(logger=False, limit_val_batches=1.0)
        else:
            kwargs["plugins"] = self.default_plugins(self._get(self.config_init, "trainer.plugins") or [])
        trainer = super().instantiate_trainer(**kwargs)
        check_devices(trainer)
        return trainer

    def default_plugins(self, plugins):
        """The plugins of a config, with our cluster environment and checkpoint reader where it has none."""
        plugins = plugins if isinstance(plugins, list) else [plugins]
        defaults = ((ClusterEnvironment, cluster_environment), (CheckpointIO, RequestedCheckpointIO))
        return plugins + [make() for kind, make in defaults if not any(isinstance(plugin, kind) for plugin in plugins)]

    def fit(self, datamodule, **arguments):
        check_test_split(datamodule, print_error)
        with exit_guard():
            self.trainer.fit(datamodule=datamodule, **arguments)

    def before_validate(self):
        """UserError without weights: Lightning would evaluate the newly initialized model."""
        if self.trainer.max_steps and not self._get(self.config, "ckpt_path"):
            raise UserError(
                f"{self.subcommand} needs weights: give --ckpt_path FILE, or only --config RUN/config.yaml to evaluate those of a run"
            )

    before_test = before_validate

    def validate(self, **arguments):
        with exit_guard():
            self.trainer.validate(**arguments)

    def test(self, **arguments):
        with exit_guard():
            self.trainer.test(**arguments)


def print_error(line):
    print(line, file=sys.stderr)


def run_folder_of(arguments: list[str]) -> Path | None:
    """The run's folder in `fit|validate|test --config FOLDER/config.yaml` without other arguments, else None.

    `--config=FOLDER/config.yaml` and `-c FOLDER/config.yaml` are the same.
    """
    option, _, path = " ".join(arguments[1:2]).partition("=")
    paths = [path, *arguments[2:]] if path else arguments[2:]
    if option in ("--config", "-c") and len(paths) == 1 and Path(paths[0]).name == "config.yaml":
        return Path(paths[0]).resolve().parent
    return None


def lightning_main(arguments: list[str]) -> None:
    """fit, validate and test of LightningCLI; with the config of a run alone they use its folder and its weights."""
    command, is_forced = arguments[0], "--force" in sys.argv
    sys.argv[:] = [word for word in sys.argv if word != "--force"]  # LightningCLI's parser does not know it
    folder = run_folder_of([word for word in arguments if word != "--force"])
    if folder is None:
        check_config_files(arguments)
        try:
            PaperCLI()
        except Interrupted as end:
            raise Interrupted(end.number, advice=NOT_KEPT) from None
        return
    check_config(folder)
    if command == "fit" and read_record(folder):
        raise UserError(
            f"{name_of(folder)} is a finished run; add --trainer.default_root_dir FOLDER to train its config again in another folder"
        )
    if command == "test" and is_main_process():
        refuse_uncounted_test(folder)
        if not is_forced:
            refuse_second_test(folder)
    callbacks = [Checkpoints(folder), Throughput()] if command == "fit" else []
    busy = f"{name_of(folder)} is in use by another process; wait for it or stop it"
    with locked(folder / ".lock", busy) if is_main_process() else nullcontext():
        RunCLI(folder=folder, callbacks=callbacks, save_config_callback=None)


def finishing(folder: Path) -> str:
    """The command that finishes a run and writes its metrics.json."""
    return f"`python -m vit run --scale {folder.parent.parent.name} {folder.name}`"


def refuse_uncounted_test(folder: Path) -> None:
    """UserError without a metrics.json, in which each evaluation on the test split is counted."""
    if read_record(folder) is None:
        raise UserError(
            f"{name_of(folder)}: not finished, so nothing counts an evaluation on the test split; {finishing(folder)} finishes it and evaluates it once"
        )


def refuse_second_test(folder: Path) -> None:
    """UserError if the run was evaluated on the test split: repeated evaluations invite choosing by the test set."""
    record = read_record(folder)
    if record and test_evaluations(record):
        accuracies = ", ".join(
            f"{name} {value:.4f}"
            for name, value in record["metrics"].items()
            if name.endswith(("accuracy", "precision"))
        )
        raise UserError(
            f"{name_of(folder)}: evaluated on the test split already, when its training ended ({accuracies});"
            " add --force to evaluate again, which is counted in metrics.json"
        )


def refuse_incomplete_weights(task: LightningModule, folder: Path) -> None:
    """UserError if the task has parameters outside its model (MaskedPatch): a finished run keeps only the model's."""
    missing = [name for name, _ in task.named_parameters() if not name.startswith("model.")]
    if missing:
        raise UserError(
            f"{name_of(folder)}: a finished {type(task).__name__} run keeps the weights of its model only, without"
            f" {', '.join(missing)}, so it cannot be evaluated again; its results are in its metrics.json"
        )


class RunCLI(PaperCLI):
    """In a run's folder: fit resumes from its checkpoint and saves weights; validate and test load them."""

    def fit(self, model, datamodule, **_):
        if not self.trainer.max_steps:
            raise UserError(
                f"{name_of(self.folder / 'config.yaml')}: this run trains nothing; {finishing(self.folder)} evaluates it"
            )
        with exit_guard():
            fit(self.trainer, model, datamodule, self.folder, print_error)
        self.trainer.save_checkpoint(self.folder / "checkpoints" / LAST)
        make_whole(model, self.trainer)
        if is_main_process():
            save(model, self.folder, datamodule.image_format(), datamodule.class_names)
            print_error(f"trained, not evaluated: {finishing(self.folder)}, or make, writes its metrics.json")

    def before_validate(self):
        if not self.trainer.max_steps:  # the task loads the weights that it evaluates
            return
        refuse_incomplete_weights(self.model, self.folder)
        state = read(self.folder)[1]
        check_images(self.folder, self.datamodule.image_format())
        self.model.model.load_state_dict(state)

    before_test = before_validate

    def after_test(self):
        if is_main_process():
            count_test(self.folder)
