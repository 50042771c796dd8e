"""Sets of encoded image files: decoded when a batch needs them, or with resize 'once' decoded once, to S x S."""

import torch

from data.base import ImageData
from data.disk.folder import data_folder
from data.pictures.decoded_once import loaded
from data.pictures.pictures import Pictures
from data.pictures.skipped import skipped_groups


class EncodedData(ImageData):
    """Subclasses define `num_classes` and `pictures`."""

    def pictures(self, split: str) -> tuple[Pictures, torch.Tensor]:
        """Pictures and their labels: int64 (N,), or sets of classes, bool (N, C)."""
        raise NotImplementedError

    def test_listing(self):
        return self.pictures("test")

    def arrays(self, split):
        pictures, labels = self.pictures(split)
        self.skipped_groups |= skipped_groups(pictures, split, self.skip_limit)
        if self.resize == "once":
            path = data_folder() / f"{type(self).__name__.lower()}-{split}"
            pictures = loaded(pictures, path, (self.image_size,) * 2)
        return pictures, labels
