"""Runs of the real tasks and data in a folder, as LightningCLI makes them; they may break off and go on."""

from lightning.pytorch.callbacks import Callback

from vit.plan import make_plan
from vit.plan.cells import Run, digest
from vit.run.checkpoints import Checkpoints
from vit.run.cli import PaperCLI
from vit.run.fit import fit


def smoke_config(start):
    """The config of the first run at scale smoke whose name starts so; freshly made, so that a test may change it."""
    return next(run.config for run in make_plan("smoke").runs.values() if run.id.startswith(start))


def trained_in(folder, config, *callbacks, log=print):
    """The CLI after a fit in this folder, from its checkpoint if there is one; `log` is called with each message."""
    cli = PaperCLI(args=config, run=False, folder=folder, callbacks=list(callbacks), save_config_callback=None)
    fit(cli.trainer, cli.model, cli.datamodule, folder, log)
    return cli


class SavesEvery(Checkpoints):
    """Saves by the number of updates, not by the clock."""

    def __init__(self, folder, updates):
        super().__init__(folder)
        self.updates = updates

    def is_due(self, trainer):
        return trainer.global_step % self.updates == 0


class Break(Callback):
    """Stands for a kill: the run ends after so many updates."""

    def __init__(self, updates):
        self.updates = updates

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.updates:
            raise RuntimeError("broken off")


def run_of(name, config, *, images, classes, needs=()):
    """A planned run of this config, whatever experiment might want it."""
    known = {"recipe": name, "axes": {}, "entry": None, "chain": name, "pretrains": False, "keeps_weights": False}
    run_id = f"{name}-{digest(config)}"
    return Run(id=run_id, name=name, config=config, needs=needs, images=images, classes=classes, **known)
