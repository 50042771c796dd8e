"""An average of the weights, or EMA, that is evaluated and saved in place of the last weights (Section 4.1, Table 2)."""

from collections.abc import Iterator
from contextlib import contextmanager

from vit.errors import UserError
from vit.optim import Polyak
from vit.tasks.training import Training


class Averaging(Training):
    """Training of `model` with the average that the hyperparameter `polyak` switches on: its factor, None for none.

    The training itself is bit for bit the same as without. The average is part of every checkpoint.
    """

    def __init__(self):
        super().__init__()
        self.polyak = None

    def configure_model(self):
        super().configure_model()  # first, so that the average is divided as the weights are
        factor = self.hparams.polyak
        if factor and (self.trainer.state.fn == "fit" or self.polyak is None):
            if self.trainer.precision in ("bf16-true", "16-true"):
                raise UserError(
                    f"polyak: weights in precision {self.trainer.precision} are too coarse to average; use bf16-mixed"
                )
            self.polyak = Polyak(self.model.parameters(), factor)

    def optimizer_step(self, *args, **kwargs):
        super().optimizer_step(*args, **kwargs)
        if self.polyak is not None:
            self.polyak.update(self.model.parameters())  # here, so that checkpoints after this update contain it

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The model with the weights that are evaluated and saved; afterwards training continues with the last ones."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self):
        if self.polyak is not None:
            self.polyak.swap(self.model.parameters())

    def on_validation_start(self):
        self._swap()

    def on_validation_epoch_end(self):
        self._swap()  # before on_validation_end, where a callback may save a checkpoint

    def on_test_start(self):
        self._swap()  # for a checkpoint from the middle of a training; after on_fit_end both are the average

    def on_test_epoch_end(self):
        self._swap()

    def on_fit_end(self):
        if self.polyak is not None:
            # the average is what is saved; a run that is resumed after its last step reaches this line too
            self.polyak.write_to(self.model.parameters())
