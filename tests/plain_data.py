"""Arguments of a data module where nothing is drawn and a tenth is held out."""

PLAIN = dict(train_on="train", held_out=0.1, split_seed=0, augment=[], evaluation="resize", resize="once", seed=0)
