"""What is predicted of a corrupted patch (Appendix B.1.2): its mean color, a 4 x 4 version of it, or all its pixels.

B batch, N patches, M patches of any images, P side of a patch in pixels.
"""

import torch.nn.functional as F
from torch import Tensor

from vit.models.choices import choose

COLORS = 512  # 3 bits per channel


def pixel_patches(images: Tensor, patch: int) -> Tensor:
    """Images (B, 3, H, W) to patches (B, N, 3, P, P) in raster order, as in Equation 1."""
    rows, columns = images.shape[2] // patch, images.shape[3] // patch
    images = images[:, :, : rows * patch, : columns * patch].unflatten(3, (columns, patch)).unflatten(2, (rows, patch))
    return images.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)


def levels(values: Tensor) -> Tensor:
    """Values in [-1, 1] to the integer pixel levels 0 to 255 that they were made from."""
    # integers, so that a mean falls on the right side of a bin's edge
    return (values.float() * 127.5 + 127.5).round().clamp(0, 255).int()


def block_sums(pixels: Tensor, cells: int) -> Tensor:
    """Levels (..., P, P) summed over cells x cells equal blocks, int64 (..., cells, cells); a block's mean is sum / P^2."""
    # P need not be a multiple of `cells`: each pixel is repeated `cells` times along an axis, and every P copies are a
    # block, so a pixel on a border counts in both blocks by its area, in integers
    side = pixels.shape[-1]
    for axis in (-1, -2):
        pixels = pixels.repeat_interleave(cells, dim=axis).unflatten(axis, (cells, side)).sum(dim=axis)
    return pixels


BINS = {  # sum of n levels -> bin 0 to 7; the paper says only "3 bit"
    "floor": lambda sums, n: sums // (32 * n),  # floor(mean / 32)
    "rounded": lambda sums, n: (2 * sums + n) // (2 * n) // 32,  # the mean is rounded to a level first, half up
    "scaled": lambda sums, n: (8 * sums // (255 * n)).clamp(max=7),  # floor(8 mean / 255), and 255 belongs to 7
}


class Colors:
    """Softmax cross-entropy over 512 colors for each of cells x cells blocks; means over blocks and patches."""

    measures = ("loss", "accuracy")

    def __init__(self, patch: int, cells: int, color_bins: str):
        self.cells, self.bins, self.outputs = cells, choose(BINS, color_bins, "color_bins"), COLORS * cells**2

    def of(self, patches: Tensor) -> Tensor:
        """(M, 3, P, P) in [-1, 1] to classes 64 r + 8 g + b (M, cells^2), int64, blocks in raster order."""
        sums = block_sums(levels(patches), self.cells)
        red, green, blue = self.bins(sums, patches.shape[-1] ** 2).unbind(1)
        return (64 * red + 8 * green + blue).flatten(1)

    def measure(self, predictions: Tensor, patches: Tensor) -> dict[str, Tensor]:
        """Loss and accuracy for logits (M, outputs), 512 per block, and patches (M, 3, P, P)."""
        logits, colors = predictions.unflatten(1, (-1, COLORS)).flatten(0, 1), self.of(patches).flatten()
        # max(): with counts 'independent' a batch may have no corrupted patch; its loss is then 0 and not NaN
        loss = F.cross_entropy(logits, colors, reduction="sum") / max(len(colors), 1)
        return {"loss": loss, "accuracy": (logits.argmax(1) == colors).float().sum() / max(len(colors), 1)}


class Pixels:
    """Mean squared error over all values of a patch as the model sees them, in [-1, 1] and not normalised."""

    measures = ("loss",)

    def __init__(self, patch: int):
        self.outputs = 3 * patch**2

    def of(self, patches: Tensor) -> Tensor:
        """(M, 3, P, P) to (M, 3 P^2), channel by channel."""
        return patches.flatten(1)

    def measure(self, predictions: Tensor, patches: Tensor) -> dict[str, Tensor]:
        """Loss for predictions (M, 3 P^2) and patches (M, 3, P, P)."""
        values = self.of(patches)
        loss = F.mse_loss(predictions.to(values.dtype), values, reduction="sum")
        return {"loss": loss / max(values.numel(), 1)}


TARGETS = {
    "mean_color": lambda patch, color_bins: Colors(patch, 1, color_bins),
    "downsized": lambda patch, color_bins: Colors(patch, 4, color_bins),
    "regression": lambda patch, color_bins: Pixels(patch),
}


def make_target(name: str, *, patch: int, color_bins: str) -> Colors | Pixels:
    """One of the three targets of the paper, by name."""
    return choose(TARGETS, name, "target")(patch, color_bins)
