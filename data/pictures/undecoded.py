"""A picture of which only the part that a random crop takes is decoded."""

import torch

from data.native.jpeg_part import decode_part
from data.pictures.decode import JPEG, ORIENTATION, decoded, open_picture, upright_size


class Undecoded:
    """`undecoded[:, top:bottom, left:right]` is that of the decoded picture, uint8 (3, H, W), or Unreadable."""

    def __init__(self, data: bytes, name: str):
        """data: the encoded picture. Unreadable if its header is damaged."""
        self.data, self.name = data, name
        image = open_picture(data, name)
        self.shape = (3, *upright_size(image))
        turned = image.getexif().get(ORIENTATION) in range(2, 9)  # as a whole
        self.in_parts = data.startswith(JPEG) and not turned

    def __getitem__(self, index: tuple[slice, slice, slice]) -> torch.Tensor:
        _, rows, columns = index
        box = rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start
        part = decode_part(self.data, self.shape[1:], box) if self.in_parts else None
        return decoded(self.data, self.name)[index] if part is None else part
