"""Stochastic depth (Huang et al. 2016), not in the paper: a residual branch is left out for some of the images.

B batch, N tokens, D width.
"""

from torch import Tensor

from vit.models.dropout import Dropout


class DropPath(Dropout):
    """In training, zeros for a share p of the images, the others divided by 1 - p."""

    def forward(self, branch: Tensor, lines: int = 1) -> Tensor:
        """(B * lines, N, D); lines: consecutive sequences that belong to one image and share its fate."""
        if not self.training:
            return branch
        kept = super().forward(branch.new_ones(len(branch) // lines, 1, 1))  # dropout of one number an image
        return branch * kept.repeat_interleave(lines, dim=0)


def rates(last: float, depth: int) -> list[float]:
    """The share of each block, rising linearly from 0 in the first to `last` in the last, as in DeiT."""
    return [last * layer / (depth - 1) for layer in range(depth)] if depth > 1 else [last]
