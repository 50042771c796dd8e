"""Base class of every model."""

from torch import nn


class Model(nn.Module):
    """Keeps in `made_with` the arguments of create_model that rebuild it; None for a class that was called directly."""

    made_with: dict | None = None  # weight files store it

    def set_head_bias(self, value: float) -> None:
        """Set the bias of every class before training: about -ln(C) for a sigmoid loss (the authors' pre-training code)."""
        nn.init.constant_(self.head.bias, value)

    def update_made_with(self, **arguments) -> "Model":
        """Record a new head or image size; returns the model."""
        if self.made_with is not None:
            self.made_with = self.made_with | arguments
        return self
