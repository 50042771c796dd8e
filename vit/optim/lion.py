"""Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms", Algorithm 2); not in the paper."""

import torch

from vit.optim.by_group import ByGroup


class Lion(ByGroup):
    """theta = theta - lr (sign(beta1 m + (1 - beta1) g) + weight_decay theta), then m = beta2 m + (1 - beta2) g.

    Every element moves by lr, so lr is 3 to 10 times smaller than Adam's, and weight_decay as much larger (Section 5).
    """

    def __init__(self, params, *, lr: float, beta1: float, beta2: float, weight_decay: float = 0.0):
        super().__init__(params, dict(lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay))

    def update(self, group, parameters):
        lr, gradients = group["lr"], [parameter.grad for parameter in parameters]
        momenta = [self.momentum(parameter) for parameter in parameters]
        steps = torch._foreach_mul(momenta, group["beta1"])
        torch._foreach_add_(steps, gradients, alpha=1 - group["beta1"])
        torch._foreach_sign_(steps)
        torch._foreach_mul_(parameters, 1 - lr * group["weight_decay"])
        torch._foreach_add_(parameters, steps, alpha=-lr)
        torch._foreach_mul_(momenta, group["beta2"])
        torch._foreach_add_(momenta, gradients, alpha=1 - group["beta2"])

    def momentum(self, parameter):
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        return state["momentum"]
