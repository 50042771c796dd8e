"""DMLab of VTAB: frames of an agent in mazes, labelled by the distance to an object (Zhai et al., 2019), from WebDataset tars."""

import torch

from data.disk.damage import Damaged, first_existing
from data.disk.folder import data_folder
from data.fetch.ledger import advice
from data.pictures.archives import open_archives
from data.pictures.classes import all_archives
from data.sets.encoded import EncodedData


class DMLab(EncodedData):
    """360 x 480, 6 classes (close, far or very far x good or bad): 65,550 train and 22,735 test, in train/ and test/."""

    num_classes = 6

    def pictures(self, split):
        root = data_folder() / "dmlab" / split
        members = open_archives(
            all_archives(root) or [first_existing([root / "0.tar"], advice(type(self)))], self.on_error
        )
        if not len(members):
            raise Damaged(f"{root}: its tars have no pictures; download them again")
        return members, torch.from_numpy(members.classes)
