"""From a decoded image to S x S pixels: crops, resizing and augmentation, for training and for evaluation."""
