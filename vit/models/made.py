"""A model remembers the arguments of create_model that would make it again, for files of weights to state."""

from torch import nn


class Made(nn.Module):
    """Base of every model; `made_with` is None where a class was called directly."""

    made_with = None

    def set_head_bias(self, value):
        """The bias of every class before training: about -ln(classes) for a sigmoid loss (the authors' pre-training code)."""
        nn.init.constant_(self.head.bias, value)

    def changed(self, **arguments):
        """The model itself, after it got a new head or image size."""
        if self.made_with is not None:
            self.made_with = self.made_with | arguments
        return self
