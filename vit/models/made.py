"""A model remembers the arguments of create_model that would make it again, for files of weights to state."""

from torch import nn


class Made(nn.Module):
    """Base of every model; `made_with` is None where a class was called directly."""

    made_with = None

    def changed(self, **arguments):
        """The model itself, after it got a new head or image size."""
        if self.made_with is not None:
            self.made_with = self.made_with | arguments
        return self
