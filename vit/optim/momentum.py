"""SGD with momentum as in the authors' code: buffer in float32 or bfloat16, weight decay outside the buffer."""

import torch

from vit.optim.by_group import ByGroup
from vit.optim.clipping import on_this_device

BUFFERS = {"float32": None, "bfloat16": torch.bfloat16}  # None: the parameters' dtype, float64 under precision 64-true


class Momentum(ByGroup):
    """t = g + momentum t; theta = theta - lr (t + weight_decay theta).

    decay_form: 'decoupled' as above, or 'coupled', torch.optim.SGD's: weight_decay theta is added to g.
    momentum_dtype: 'bfloat16' rounds the stored t, and the constant: 0.9 becomes 0.8984375 (the authors' fine-tuning).
    Without decay and with 'float32' bit for bit torch.optim.SGD.
    """

    def __init__(
        self,
        params,
        *,
        lr: float,
        momentum: float,
        weight_decay: float = 0.0,
        decay_form: str = "decoupled",
        momentum_dtype: str = "float32",
    ):
        self.dtype = BUFFERS[momentum_dtype]
        defaults = dict(lr=lr, momentum=momentum, weight_decay=weight_decay, coupled=decay_form == "coupled")
        super().__init__(params, defaults)

    def update(self, group, parameters):
        lr, decay, gradients = group["lr"], group["weight_decay"], [parameter.grad for parameter in parameters]
        if decay and group["coupled"]:
            gradients = torch._foreach_add(gradients, parameters, alpha=decay)
        momenta = self.accumulate(parameters, gradients, group["momentum"])
        if (
            decay and not group["coupled"]
        ):  # decays theta before the step, which equals lr (t + decay theta) of the docstring
            torch._foreach_mul_(parameters, 1 - lr * decay)
        torch._foreach_add_(parameters, momenta, alpha=-lr)

    def accumulate(self, parameters, gradients, momentum):
        """The new t of every parameter, which is also stored."""
        buffers = [self.buffer(parameter) for parameter in parameters]
        if self.dtype is None:
            torch._foreach_mul_(buffers, momentum)
            torch._foreach_add_(buffers, gradients)
            return buffers
        # the update uses t before it is rounded to bfloat16; only the stored copy and the constant are rounded
        momenta = [buffer.to(gradient.dtype) for buffer, gradient in zip(buffers, gradients, strict=True)]
        torch._foreach_mul_(momenta, torch.tensor(momentum, dtype=self.dtype).item())
        torch._foreach_add_(momenta, gradients)
        torch._foreach_copy_(
            on_this_device(buffers), on_this_device(momenta)
        )  # torch cannot copy lists of sharded tensors
        return momenta

    def buffer(self, parameter):
        state = self.state[parameter]
        if "momentum_buffer" not in state:  # torch.optim.SGD's key
            state["momentum_buffer"] = torch.zeros_like(parameter, dtype=self.dtype)
        return state["momentum_buffer"]

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():  # torch casts a loaded buffer to its parameter's dtype; cast it back
            state["momentum_buffer"] = state["momentum_buffer"].to(self.dtype or state["momentum_buffer"].dtype)
