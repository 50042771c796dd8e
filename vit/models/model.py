"""Base class of every model."""

from collections.abc import Iterable

from torch import Tensor, nn


class Model(nn.Module):
    """Keeps in `made_with` the arguments of create_model that rebuild it; None for a class that was called directly."""

    made_with: dict | None = None  # weight files store it
    # True to compute also what does not reach the output, as the counted FLOPs of the paper's models do
    whole_sequence = False

    def set_head_bias(self, value: float) -> None:
        """Set the bias of every class before training: about -ln(C) for a sigmoid loss (the authors' pre-training code)."""
        nn.init.constant_(self.head.bias, value)

    def freeze_body(self) -> "Model":
        """Freeze everything but the last linear layer, for a linear probe."""
        self.requires_grad_(False)
        self.head.requires_grad_(True)
        return self

    def layers(self) -> list[list[nn.Parameter]]:
        """The parameters by depth, for learning rates by layer: those next to the images first, the head last."""
        raise ValueError(f"{type(self).__name__} does not say what its layers are; layer_decay needs a method `layers`")

    def blocks_in_order(self) -> list[nn.Module]:
        """The parts that follow each other and make up most of the computation; empty for a class that does not say."""
        return []

    def kernels(self) -> Tensor:
        """The filters next to the images (D, 3, p, p)."""
        raise ValueError(f"{type(self).__name__} does not say what its filters are; they need a method `kernels`")

    def position_table(self) -> Tensor:
        """What is added to the patches for their positions (N, D)."""
        raise ValueError(f"{type(self).__name__} adds no position to patches")

    def by_depth(self, layers: Iterable[Iterable[nn.Module]]) -> list[list[nn.Parameter]]:
        """The parameters of each layer's modules, after those of all other modules of the model."""
        later = [[parameter for module in layer for parameter in module.parameters()] for layer in layers]
        inside = {id(parameter) for layer in later for parameter in layer}
        return [[parameter for parameter in self.parameters() if id(parameter) not in inside], *later]

    def update_made_with(self, **arguments) -> "Model":
        """Record a new head or image size; returns the model."""
        if self.made_with is not None:
            self.made_with = self.made_with | arguments
        return self
