"""Small photographs for several files of tests: pieces of the two that come with scikit-learn."""

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images


def tiles(number, count=16):
    """Photographs: pieces (84, 106, 3) of scikit-learn's temple (0) or flower (1), none over another, rich ones first."""
    photograph = load_sample_images().images[number]
    pieces = [photograph[top : top + 84, left : left + 106] for top in range(0, 420, 84) for left in range(0, 636, 106)]
    return sorted(pieces, key=lambda piece: -np.abs(np.diff(piece.mean(2))).mean())[:count]


def tensor(images):
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)
