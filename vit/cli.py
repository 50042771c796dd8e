"""LightningCLI: the one place where models, data and tasks meet.

`python -m vit fit --config results/mini/runs/ID/config.yaml` trains in that run's folder. With any further argument the
run is no longer the one its name stands for, and everything goes where Lightning usually puts it.
"""

from pathlib import Path

from lightning import LightningDataModule, LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from vit.callbacks import Speed
from vit.errors import UserError
from vit.plan.files import name_of
from vit.plan.folders import read_metrics

CHECKPOINT_EVERY = 60  # seconds; what a kill can cost


class PaperCLI(LightningCLI):
    """Data gives the model its number of classes and image size; a link that does not land is an error."""

    LINKS = ("num_classes", "image_size")

    def __init__(self, *, folder=None, callbacks=(), **kwargs):
        self.folder, self.callbacks = folder, callbacks
        settings = {"subclass_mode_model": True, "subclass_mode_data": True, "auto_configure_optimizers": False}
        super().__init__(LightningModule, LightningDataModule, seed_everything_default=0, **settings, **kwargs)

    def add_arguments_to_parser(self, parser):
        for name in self.LINKS:
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def before_instantiate_classes(self):
        config = self.config[self.subcommand] if self.subcommand else self.config
        if self.folder and "runs" in config.model.init_args:
            config.model.init_args.runs = str(self.folder.parent)

    def instantiate_classes(self):
        super().instantiate_classes()
        for name in self.LINKS:
            if self.model.hparams.get(name) != getattr(self.datamodule, name):
                raise UserError(f"{type(self.model).__name__} did not take {name} from {type(self.datamodule).__name__}; both need it")

    def instantiate_trainer(self, **kwargs):
        if self.folder:
            kwargs.update(run_folder_settings(self.folder), callbacks=list(self.callbacks))
        return super().instantiate_trainer(**kwargs)


def run_folder_settings(folder):
    """Trainer arguments that keep everything of a run in its folder: curves, events and one checkpoint, without version_N."""
    return {
        "default_root_dir": str(folder),
        "logger": [CSVLogger(folder, name="", version=""), TensorBoardLogger(folder, name="", version="", default_hp_metric=False)],
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "log_every_n_steps": 10,
        "use_distributed_sampler": False,  # the data modules share out each global batch themselves
        "num_sanity_val_steps": 0,
        "limit_val_batches": 0.0,  # held-out images are for the end of a run, not for its course
    }


def checkpoints(folder):
    """One file, replaced as a whole, so that a kill costs a minute."""
    from datetime import timedelta

    return ModelCheckpoint(
        folder / "checkpoints", filename="last", train_time_interval=timedelta(seconds=CHECKPOINT_EVERY), enable_version_counter=False
    )


def own_folder(arguments):
    """The run folder of `fit|validate|test --config FOLDER/config.yaml` without anything else, or None."""
    if len(arguments) == 3 and arguments[1] == "--config" and Path(arguments[2]).name == "config.yaml":
        return Path(arguments[2]).resolve().parent
    return None


def lightning_main(arguments):
    """fit, validate and test as any LightningCLI has them."""
    folder = own_folder(arguments)
    if folder and arguments[0] == "fit" and read_metrics(folder):
        raise UserError(f"{name_of(folder)} is finished; add --trainer.default_root_dir ELSEWHERE to train it again beside it")
    callbacks = [checkpoints(folder), Speed()] if folder and arguments[0] == "fit" else []
    PaperCLI(args=arguments, folder=folder, callbacks=callbacks, save_config_kwargs={"overwrite": True})
