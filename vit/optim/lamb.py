"""LAMB (You et al. 2020, "Large batch optimization for deep learning", Algorithm 2); not in the paper."""

import torch

from vit.optim.by_group import ByGroup

EPS = 1e-6  # beside the square root, as in the paper's experiments


class Lamb(ByGroup):
    """theta = theta - lr |theta| / |u| u, where u = m_hat / (sqrt(v_hat) + 1e-6) + weight_decay theta and m_hat, v_hat are Adam's.

    The norms are of a parameter: queries, keys and values are one matrix here. Where one of them is 0 the ratio is 1, or a
    head of zeros would never move; the paper does not say.
    """

    def __init__(self, params, *, lr: float, beta1: float, beta2: float, weight_decay: float = 0.0):
        super().__init__(params, dict(lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay))

    def update(self, group, parameters):
        updates = self.adams(parameters, group["beta1"], group["beta2"])
        torch._foreach_add_(updates, parameters, alpha=group["weight_decay"])
        norms = zip(torch._foreach_norm(parameters), torch._foreach_norm(updates), strict=True)
        # torch.where in place of an `if` keeps the norms on the device
        ratios = [torch.where((size > 0) & (step > 0), size / step, torch.ones_like(size)) for size, step in norms]
        torch._foreach_mul_(updates, ratios)
        torch._foreach_add_(parameters, updates, alpha=-group["lr"])

    def adams(self, parameters, beta1, beta2):
        """m_hat / (sqrt(v_hat) + 1e-6) of every parameter, after its moments have taken in its gradient."""
        states, gradients = [self.moments(parameter) for parameter in parameters], [p.grad for p in parameters]
        means, squares = ([state[name] for state in states] for name in ("mean", "square"))
        torch._foreach_mul_(means, beta1)
        torch._foreach_add_(means, gradients, alpha=1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, value=1 - beta2)
        scales = torch._foreach_div(squares, [1 - beta2 ** state["updates"] for state in states])
        torch._foreach_sqrt_(scales)
        torch._foreach_add_(scales, EPS)
        updates = torch._foreach_div(means, [1 - beta1 ** state["updates"] for state in states])
        torch._foreach_div_(updates, scales)
        return updates

    def moments(self, parameter):
        """The state of a parameter, its number of updates counted up."""
        state = self.state[parameter]
        if not state:
            state.update(mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter), updates=0)
        state["updates"] += 1
        return state
