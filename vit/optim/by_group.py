"""What our optimizers share: an update of all parameters of a group at once."""

import torch


class ByGroup(torch.optim.Optimizer):
    """A subclass has `update(group, parameters)`; parameters without a gradient are left out, as torch leaves them out."""

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if parameters := [parameter for parameter in group["params"] if parameter.grad is not None]:
                self.update(group, parameters)
        return loss
