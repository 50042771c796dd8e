"""Mean attention distance, the receptive field of an attention head (Section 4.5, Appendix D.7, Figures 7 and 11).

B batch, N tokens, H heads; a grid is (rows, columns).
"""

import torch
from torch import Tensor


def attention_distance(weights: Tensor, *, grid: tuple[int, int], leading: int, patch_pixels: int) -> Tensor:
    """Attention weights of Equation 6 (B, H, N, N), a row per query, to the mean distance of each head in pixels (B, H).

    The mean over the patches as queries of the sum over patches of weight x Euclidean distance between their centers,
    patch_pixels apart. The `leading` tokens before the patches (class token, registers) are left out, and a query's
    weights are divided by their sum over the patches; a query that gives no patch any weight is left out. More axes may
    precede H in place of B. ValueError if N is not leading + rows * columns.
    """
    # The paper does not say what becomes of the class token: it has no place in the image, so no distance.
    rows, columns = grid
    if weights.shape[-2:] != (leading + rows * columns,) * 2:
        raise ValueError(
            f"weights of {weights.shape[-2]} x {weights.shape[-1]} tokens are not of {leading} tokens"
            f" and a grid of {rows} x {columns} patches"
        )
    patches = weights[..., leading:, leading:].float()
    patches = patches / patches.sum(dim=-1, keepdim=True)
    distances = patch_distances(grid, patch_pixels).to(patches)
    return (patches * distances).sum(dim=-1).nanmean(dim=-1)


def patch_distances(grid: tuple[int, int], patch_pixels: int) -> Tensor:
    """Euclidean distances in pixels between the centers of the patches of a grid, in raster order (N, N)."""
    centers = torch.cartesian_prod(*(torch.arange(side, dtype=torch.float64) * patch_pixels for side in grid))
    return torch.linalg.vector_norm(centers[:, None] - centers, dim=-1)
