"""DMLab of VTAB: frames of an agent in mazes and the distance to what it sees (Zhai et al., 2019), from WebDataset tars."""

import torch

from data.archives import opened
from data.collection import all_archives
from data.encoded import EncodedData
from data.folder import data_folder
from data.foreign import Damaged, lying


class DMLab(EncodedData):
    """360 x 480, 6 classes (close, far or very far x good or bad): 65,550 train and 22,735 test, in train/ and test/."""

    num_classes = 6

    def pictures(self, split):
        root = data_folder() / "dmlab" / split
        source = "DMLab comes from https://huggingface.co/datasets/clip-benchmark/wds_vtab-dmlab, train/ and test/"
        members = opened(all_archives(root) or [lying([root / "0.tar"], source)], self.on_error)
        if not len(members):
            raise Damaged(f"{root} has no pictures in its tars; get them again")
        return members, torch.from_numpy(members.classes)
