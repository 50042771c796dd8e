"""BiT's hyper-rule (Kolesnikov et al., 2020, and its published code): the other fine-tuning setting of ResNets (B.1.1).

SGD with momentum 0.9, batch 512, no clipping, no weight decay; the rest depends on the data set alone. Nothing of vit/ is
imported.
"""

BASE_RATE = 0.003  # at batch 512
RULE = (  # training examples below this -> (supports of the rate in steps, alpha of mixup)
    (20_000, (100, 200, 300, 400, 500), 0.0),
    (500_000, (500, 3000, 6000, 9000, 10_000), 0.1),
    (float("inf"), (500, 6000, 12_000, 18_000, 20_000), 0.1),
)


def supports_and_alpha(examples):
    """For a number of training images: (end of the warm-up, three drops, last step), and mixup's Beta parameter."""
    return next((supports, alpha) for limit, supports, alpha in RULE if examples < limit)


def rate(step, supports):
    """Learning rate at a step counted from 0; None from the last support on, where training has ended."""
    warmup, *drops, end = supports
    if step < warmup:
        return BASE_RATE * step / warmup
    if step >= end:
        return None
    return BASE_RATE / 10 ** sum(step > drop for drop in drops)


def resolution(height, width):
    """(resize, crop) in pixels for images of this size as stored; the aspect ratio is not kept."""
    return (160, 128) if height * width < 96 * 96 else (512, 480)
