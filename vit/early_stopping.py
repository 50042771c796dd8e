"""Early stopping as in Section 4.3 (Figure 4): of a training at its full length, the weights that were best on held-out images."""

from lightning.pytorch.callbacks import Callback

from vit.errors import UserError
from vit.run.callbacks.undisturbed import undisturbed


class BestHeldOut(Callback):
    """Evaluates on the held-out part every `every` updates and after the last, logs it, and leaves the best weights.

    Of equal accuracies the earlier counts. The weights so far are part of every checkpoint. Training itself is bit for
    bit what it is without: dropout and data are functions of the update, and evaluation leaves random numbers alone.
    """

    def __init__(self, every):
        if every < 1:
            raise UserError(f"early_stopping: a number of updates above 0 was expected, found {every}")
        self.every, self.best = every, {"accuracy": -1.0, "step": 0, "weights": None}

    def on_train_start(self, trainer, module):
        if not trainer.datamodule.val_dataloader():
            raise UserError("early stopping needs held-out images: give train_on 'train' and a share held_out above 0")

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        step = trainer.global_step
        between = (batch_idx + 1) % trainer.accumulate_grad_batches
        if between or (step % self.every and step != trainer.max_steps):
            return
        results = held_out_results(trainer, module)
        for logger in trainer.loggers:
            logger.log_metrics(results, step=step - 1)
        if results["held_out_accuracy"] > self.best["accuracy"]:
            weights = {name: tensor.detach().cpu().clone() for name, tensor in module.model.state_dict().items()}
            self.best = {"accuracy": results["held_out_accuracy"], "step": step, "weights": weights}

    def on_fit_end(self, trainer, module):
        if self.best["weights"]:
            module.model.load_state_dict(self.best["weights"])

    def state_dict(self):
        return self.best

    def load_state_dict(self, state):
        self.best = state


def held_out_results(trainer, module):
    """Name -> value by the task's own validation steps; Lightning's loop would meet its training loop's counters."""
    with undisturbed(module):
        for position, batch in enumerate(trainer.datamodule.val_dataloader()):
            batch = trainer.strategy.batch_to_device(batch)
            with trainer.precision_plugin.val_step_context():
                module.validation_step(batch, position)
    return module.held_out.results()
