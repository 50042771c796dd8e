"""Early stopping (Section 4.3, Figure 4): train at full length, keep the weights that were best on held-out images."""

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from vit.errors import UserError
from vit.run.callbacks.evaluation_mode import evaluation_mode


class BestHeldOut(Callback):
    """Evaluates on the held-out part every `every` updates and after the last; at the end loads the best weights.

    The earlier of equal accuracies counts. The best weights so far are part of every checkpoint; of a task that averages
    its weights (`polyak`) they are the best average. The training itself is bit for bit the same as without.
    """

    def __init__(self, every: int):
        if every < 1:
            raise UserError(f"early_stopping must be a number of updates above 0, not {every}")
        self.every, self.best = every, {"accuracy": -1.0, "step": 0, "weights": None}

    def on_train_start(self, trainer, module):
        if not trainer.datamodule.val_dataloader():
            raise UserError("early stopping needs held-out images: set train_on to 'train' and held_out above 0")

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        step = trainer.global_step
        is_partial = (batch_idx + 1) % trainer.accumulate_grad_batches  # more micro-batches of this update follow
        if is_partial or (step % self.every and step != trainer.max_steps):
            return
        with evaluation_mode(module):
            results = held_out_results(trainer, module)
            if results["held_out_accuracy"] > self.best["accuracy"]:
                weights = {name: tensor.detach().cpu().clone() for name, tensor in module.model.state_dict().items()}
                self.best = {"accuracy": results["held_out_accuracy"], "step": step, "weights": weights}
        for logger in trainer.loggers:
            logger.log_metrics(results, step=step - 1)  # Lightning numbers updates from 0

    def on_fit_end(self, trainer, module):
        if self.best["weights"]:
            with evaluation_mode(module):  # where an average is kept, in its place: the task loads it after this
                module.model.load_state_dict(self.best["weights"])

    def state_dict(self):
        return self.best

    def load_state_dict(self, state):
        self.best = state


def held_out_results(trainer: Trainer, module: LightningModule) -> dict[str, float]:
    """Metric -> value on the held-out part, of a module in evaluation mode."""
    # Not trainer.validate: Lightning's evaluation loop would share counters with the training loop that is in progress.
    for index, batch in enumerate(trainer.datamodule.val_dataloader()):
        batch = trainer.strategy.batch_to_device(batch)
        with trainer.precision_plugin.val_step_context():
            module.validation_step(batch, index)
    return module.held_out.results()
