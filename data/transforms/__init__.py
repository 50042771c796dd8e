"""From a decoded picture to S x S pixels: crops, resizing, augmentation, for training and for evaluation."""
