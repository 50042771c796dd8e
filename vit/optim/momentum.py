"""SGD with momentum as the authors' code has it: buffer in float32 or bfloat16, weight decay beside the buffer."""

import torch

BUFFERS = {"float32": None, "bfloat16": torch.bfloat16}  # None: as the parameters, which a Trainer may have in float64


class Momentum(torch.optim.Optimizer):
    """t = g + momentum t; theta = theta - lr (t + weight_decay theta).

    With no decay and a float32 buffer, torch.optim.SGD bit for bit. With momentum_dtype 'bfloat16' only the stored copy
    of t is rounded, and the constant too: 0.9 becomes 0.8984375 (the authors' fine-tuning, whatever their options say).
    decay_form 'coupled' is torch.optim.SGD's decay: weight_decay theta is added to g, and so enters the buffer.
    """

    def __init__(self, params, *, lr, momentum, weight_decay=0.0, decay_form="decoupled", momentum_dtype="float32"):
        self.dtype = BUFFERS[momentum_dtype]
        defaults = dict(lr=lr, momentum=momentum, weight_decay=weight_decay, coupled=decay_form == "coupled")
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self.update(group, [parameter for parameter in group["params"] if parameter.grad is not None])
        return loss

    def update(self, group, parameters):
        if not parameters:
            return
        lr, decay, gradients = group["lr"], group["weight_decay"], [parameter.grad for parameter in parameters]
        if decay and group["coupled"]:
            gradients = torch._foreach_add(gradients, parameters, alpha=decay)
        moved = self.accumulated(parameters, gradients, group["momentum"])
        if decay and not group["coupled"]:
            torch._foreach_mul_(parameters, 1 - lr * decay)
        torch._foreach_add_(parameters, moved, alpha=-lr)

    def accumulated(self, parameters, gradients, momentum):
        """The new t of every parameter; stored, rounded where the buffer is bfloat16."""
        buffers = [self.buffer(parameter) for parameter in parameters]
        if self.dtype is None:
            torch._foreach_mul_(buffers, momentum)
            torch._foreach_add_(buffers, gradients)
            return buffers
        moved = [buffer.to(gradient.dtype) for buffer, gradient in zip(buffers, gradients, strict=True)]
        torch._foreach_mul_(moved, torch.tensor(momentum, dtype=self.dtype).item())
        torch._foreach_add_(moved, gradients)
        torch._foreach_copy_(buffers, moved)
        return moved

    def buffer(self, parameter):
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter, dtype=self.dtype)
        return state["momentum_buffer"]

    def load_state_dict(self, state_dict):
        """torch gives a loaded buffer its parameter's dtype; ours stays what it was."""
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["momentum_buffer"] = state["momentum_buffer"].to(self.dtype or state["momentum_buffer"].dtype)
