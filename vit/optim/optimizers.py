"""Adam and SGD with the weight decay of the authors' code (Sections 4.1, B.1.1, D.1; Tables 3 and 4).

The paper states neither the form of the decay nor what it applies to. In the authors' code it is decoupled,
theta - sched(s) (lr u + wd theta), and applies to kernels (weights of linear maps and convolutions). `weight_decay` here
is wd / lr, as in torch's AdamW: their 1e-4 at lr 1e-3 is 0.1, like the values of Table 3.
"""

import torch
from torch import nn

from vit.optim.momentum import Momentum


def kernels(model: nn.Module) -> list[nn.Parameter]:
    """Weights of linear maps and convolutions; not biases, norms, class token or positions."""
    return [module.weight for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]


def all_parameters(model: nn.Module) -> list[nn.Parameter]:
    """All parameters, which is what torch's optimizers decay by default."""
    return list(model.parameters())


DECAYED = {"kernels": kernels, "all": all_parameters}


def parameter_groups(model: nn.Module, weight_decay: float, decay_on: str) -> list[dict]:
    """Two parameter groups: with weight decay, and without."""
    decayed = DECAYED[decay_on](model)
    decayed_ids = {id(parameter) for parameter in decayed}  # comparing tensors with `in` would compare their elements
    rest = [parameter for parameter in model.parameters() if id(parameter) not in decayed_ids]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


ADAM = {"decoupled": torch.optim.AdamW, "coupled": torch.optim.Adam}  # coupled: the decay is part of the gradient


def adam(
    model: nn.Module,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    weight_decay: float,
    decay_form: str = "decoupled",
    decay_on: str = "kernels",
) -> torch.optim.Optimizer:
    """Adam (Table 3): theta = theta - lr (u + weight_decay theta), where u = m_hat / (sqrt(v_hat) + 1e-8)."""
    groups = parameter_groups(model, weight_decay, decay_on)
    # epsilon outside the square root, as in the authors' optimizer (optax)
    return ADAM[decay_form](groups, lr=lr, betas=(beta1, beta2), eps=1e-8)


def sgd(
    model: nn.Module,
    *,
    lr: float,
    momentum: float,
    weight_decay: float = 0.0,
    decay_form: str = "decoupled",
    decay_on: str = "kernels",
    momentum_dtype: str = "float32",
) -> Momentum:
    """SGD with momentum (Table 4); with weight decay for the pre-training of Table 7."""
    groups = parameter_groups(model, weight_decay, decay_on)
    return Momentum(groups, lr=lr, momentum=momentum, decay_form=decay_form, momentum_dtype=momentum_dtype)


OPTIMIZERS = {"adam": (adam, ("beta1", "beta2")), "sgd": (sgd, ("momentum", "momentum_dtype"))}


def make_optimizer(
    name: str, model: nn.Module, *, lr: float, weight_decay: float, decay_form: str, decay_on: str, **specific
) -> torch.optim.Optimizer:
    """'adam' or 'sgd'. `specific`: the values that only one of them takes, None for the other's; else ValueError."""
    make, takes = OPTIMIZERS[name]
    for key, value in specific.items():
        if (key in takes) == (value is None):
            raise ValueError(
                f"optimizer '{name}' needs {' and '.join(takes)}, and null for the other optimizer's values: {key} is {value}"
            )
    decay = dict(weight_decay=weight_decay, decay_form=decay_form, decay_on=decay_on)
    return make(model, lr=lr, **decay, **{key: specific[key] for key in takes})
