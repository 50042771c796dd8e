"""DMLab of VTAB: frames of an agent in mazes and the distance to what it sees (Zhai et al., 2019), from WebDataset tars."""

import torch

from data.archives import opened
from data.encoded import EncodedData
from data.folder import data_folder
from data.foreign import Damaged, lying


class DMLab(EncodedData):
    """360 x 480, 6 classes (close, far or very far x good or bad): 65,550 train and 22,735 test, in train/ and test/."""

    num_classes = 6

    def pictures(self, split):
        root = data_folder() / "dmlab" / split
        source = "DMLab comes from https://huggingface.co/datasets/clip-benchmark/wds_vtab-dmlab, train/ and test/"
        tars = sorted(lying([root], source).glob("*.tar")) or [lying([root / "0.tar"], source)]
        members = opened(tars, self.on_error)
        labels = torch.from_numpy(members.classes)
        wrong = torch.nonzero((labels < 0) | (labels >= self.num_classes)).flatten().tolist()
        if wrong or not len(members):
            what = f"{members.name(wrong[0])} has the class {labels[wrong[0]]}" if wrong else f"{root} has no pictures"
            raise Damaged(f"{what}; DMLab has 0 to {self.num_classes - 1}, in a .cls file beside each picture")
        return members, labels
