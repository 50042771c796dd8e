"""Adam and SGD with the decay of the authors' code (Sections 4.1, B.1.1, D.1; Tables 3 and 4).

The paper says Adam with weight decay and SGD with momentum. How the decay enters and what it reaches is in the authors'
code only: decoupled, theta - sched(s) (lr u + wd theta), on kernels (weights of linear maps and convolutions).
`weight_decay` here is wd / lr, as in torch's AdamW: their 1e-4 at lr 1e-3 is 0.1, like the values of Table 3.
"""

import torch
from torch import nn

from vit.optim.momentum import Momentum


def kernels(model):
    """Parameters that weight decay reaches: weights of linear maps and convolutions. Not biases, norms, class token, positions."""
    return [module.weight for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]


def everything(model):
    """All parameters, as torch's optimizers decay them unasked."""
    return list(model.parameters())


DECAYED = {"kernels": kernels, "all": everything}


def groups(model, weight_decay, decay_on):
    """Parameter groups: those that the decay reaches, and the rest."""
    decayed = DECAYED[decay_on](model)
    chosen = {id(parameter) for parameter in decayed}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


ADAM = {"decoupled": torch.optim.AdamW, "coupled": torch.optim.Adam}  # coupled: the decay is part of the gradient


def adam(model, *, lr, beta1, beta2, weight_decay, decay_form="decoupled", decay_on="kernels"):
    """Adam (Table 3): u = m_hat / (sqrt(v_hat) + 1e-8); decoupled, theta = theta - lr (u + weight_decay theta)."""
    parameters = groups(model, weight_decay, decay_on)
    return ADAM[decay_form](parameters, lr=lr, betas=(beta1, beta2), eps=1e-8)


def sgd(model, *, lr, momentum, weight_decay=0.0, decay_form="decoupled", decay_on="kernels", momentum_dtype="float32"):
    """SGD with momentum (Table 4), with decay beside the momentum for the pre-training of Table 7; see Momentum."""
    parameters = groups(model, weight_decay, decay_on)
    return Momentum(parameters, lr=lr, momentum=momentum, decay_form=decay_form, momentum_dtype=momentum_dtype)


OPTIMIZERS = {"adam": (adam, ("beta1", "beta2")), "sgd": (sgd, ("momentum", "momentum_dtype"))}


def make_optimizer(name, model, *, lr, weight_decay, decay_form, decay_on, **own):
    """By name; values that only the other optimizer has must be None. Errors: ValueError."""
    make, takes = OPTIMIZERS[name]
    for key, value in own.items():
        if (key in takes) == (value is None):
            raise ValueError(
                f"optimizer '{name}' takes {' and '.join(takes)} and nothing else of its own: {key} is {value}"
            )
    decay = dict(weight_decay=weight_decay, decay_form=decay_form, decay_on=decay_on)
    return make(model, lr=lr, **decay, **{key: own[key] for key in takes})
