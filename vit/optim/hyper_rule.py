"""BiT's hyper-rule (Kolesnikov et al., 2020; its published code): the other fine-tuning setting of the ResNets (B.1.1).

SGD with momentum 0.9, batch 512, no clipping, no weight decay; what varies depends on the data set alone.
"""

from vit.optim.schedules import rate_factor

BASE_RATE = 0.003  # at batch 512
RULE = (  # training examples below this -> (supports of the rate in steps, alpha of mixup)
    (20_000, (100, 200, 300, 400, 500), 0.0),
    (500_000, (500, 3000, 6000, 9000, 10_000), 0.1),
    (float("inf"), (500, 6000, 12_000, 18_000, 20_000), 0.1),
)


def bit_hyper_rule(examples):
    """(supports, alpha) for a training set of so many images: end of the warm-up, three drops, last step; mixup's Beta."""
    return next((supports, alpha) for limit, supports, alpha in RULE if examples < limit)


def bit_rate(step, *, supports, base=BASE_RATE):
    """Learning rate at a step counted from 0, or None from the last support on, where training has ended."""
    warmup_steps, *drops, steps = supports
    if step >= steps:
        return None
    return base * rate_factor(step, steps=steps, warmup_steps=warmup_steps, decay="staircase", drops=drops)


def bit_resolution(height, width):
    """(resize, crop) in pixels for images of this size as stored; the aspect is not kept. Evaluation resizes to `crop`."""
    return (160, 128) if height * width < 96 * 96 else (512, 480)
