"""Images as arrays: tiles side by side in one image, and images of another size.

R, C rows and columns of tiles; h, w a tile in pixels.
"""

import numpy as np
from matplotlib.axes import Axes


def mosaic(tiles: np.ndarray, gap: int) -> np.ndarray:
    """RGB tiles (R, C, h, w, 3), from 0 to 1, as one image with white lines `gap` pixels wide between them."""
    rows, columns, height, width, channels = tiles.shape
    image = np.ones((rows, height + gap, columns, width + gap, channels), np.float32)
    image[:, :height, :, :width] = tiles.transpose(0, 2, 1, 3, 4)
    image = image.reshape(rows * (height + gap), columns * (width + gap), channels)
    return image[: image.shape[0] - gap or None, : image.shape[1] - gap or None]


def in_grid(tiles: np.ndarray, columns: int) -> np.ndarray:
    """Tiles (N, h, w, 3) as (R, columns, h, w, 3), the last row filled with white ones."""
    missing = -len(tiles) % columns
    white = np.ones((missing, *tiles.shape[1:]), tiles.dtype)
    return np.concatenate([tiles, white]).reshape(-1, columns, *tiles.shape[1:])


def show(axis: Axes, image: np.ndarray) -> None:
    """One image without axes; its pixels stay sharp, and the file holds them once."""
    axis.imshow(image, interpolation="none")
    axis.grid(False)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)


def averaged(images: np.ndarray, side: int) -> np.ndarray:
    """Images (N, h, w, 3) with at most `side` rows, as square as before: each new pixel is the mean of the area it covers."""
    height, width = images.shape[1:3]
    if height <= side:
        return images
    rows, columns = area_weights(height, side), area_weights(width, max(1, round(side * width / height)))
    return np.einsum("ih,nhwc,jw->nijc", rows, images, columns, optimize=True)


def area_weights(size: int, new: int) -> np.ndarray:
    """(new, size): the share of each old pixel in each new one; rows sum to 1."""
    edges = np.arange(new + 1) * size / new
    low, high = np.maximum(edges[:-1, None], np.arange(size)), np.minimum(edges[1:, None], np.arange(size) + 1)
    return np.maximum(high - low, 0) * new / size


def interpolated(maps: np.ndarray, height: int, width: int) -> np.ndarray:
    """Maps (N, h, w) at a size, bilinear between the centers of their cells, constant beyond the outermost."""
    return np.einsum("ih,nhw,jw->nij", hats(maps.shape[1], height), maps, hats(maps.shape[2], width), optimize=True)


def hats(size: int, new: int) -> np.ndarray:
    """(new, size): the weights of linear interpolation; rows sum to 1."""
    centers = np.clip((np.arange(new) + 0.5) * size / new - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(centers[:, None] - np.arange(size)))
