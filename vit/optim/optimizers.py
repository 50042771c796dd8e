"""Adam, SGD, Lion and LAMB with the weight decay of the authors' code (Sections 4.1, B.1.1, D.1; Tables 3 and 4).

The paper states neither the form of the decay nor what it applies to. In the authors' code it is decoupled,
theta - sched(s) (lr u + wd theta), and applies to kernels (weights of linear maps and convolutions). `weight_decay` here
is wd / lr, as in torch's AdamW: their 1e-4 at lr 1e-3 is 0.1, like the values of Table 3.
"""

from functools import partial

import torch
from torch import nn

from vit.optim.lamb import Lamb
from vit.optim.lion import Lion
from vit.optim.momentum import Momentum


def kernels(model: nn.Module) -> list[nn.Parameter]:
    """Weights of linear maps and convolutions; not biases, norms, class token or positions."""
    return [module.weight for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]


def all_parameters(model: nn.Module) -> list[nn.Parameter]:
    """All parameters, which is what torch's optimizers decay by default."""
    return list(model.parameters())


DECAYED = {"kernels": kernels, "all": all_parameters}


def parameter_groups(
    model: nn.Module, *, lr: float, weight_decay: float, decay_on: str, layer_decay: float = 1.0
) -> list[dict]:
    """Two parameter groups: with weight decay, and without. With a layer_decay below 1 two a layer, from the head down.

    layer_decay: layer l of 0 .. L has the rate lr layer_decay^(L - l) (BEiT, MAE): the head and the last norm lr itself,
    the last block layer_decay lr, patches and positions the least. `model.layers()` says what a layer is.
    """
    layers = reversed(model.layers()) if layer_decay != 1 else [list(model.parameters())]
    decayed = DECAYED[decay_on](model)
    decayed_ids = {id(parameter) for parameter in decayed}  # comparing tensors with `in` would compare their elements
    groups = []
    for distance, layer in enumerate(layers):
        ids, rate = {id(parameter) for parameter in layer}, lr * layer_decay**distance
        groups += [
            {"params": [p for p in decayed if id(p) in ids], "weight_decay": weight_decay, "lr": rate},
            {"params": [p for p in layer if id(p) not in decayed_ids], "weight_decay": 0.0, "lr": rate},
        ]
    return groups


ADAM = {"decoupled": torch.optim.AdamW, "coupled": torch.optim.Adam}  # coupled: the decay is part of the gradient


def adam_of(groups: list[dict], *, lr: float, beta1: float, beta2: float, decay_form: str) -> torch.optim.Optimizer:
    """theta = theta - lr (u + weight_decay theta), where u = m_hat / (sqrt(v_hat) + 1e-8)."""
    # epsilon outside the square root, as in the authors' optimizer (optax); fused: one pass over memory, on a CPU too
    return ADAM[decay_form](groups, lr=lr, betas=(beta1, beta2), eps=1e-8, fused=True)


def decoupled_only(kind: type[Lion | Lamb], groups: list[dict], *, decay_form: str, **values) -> Lion | Lamb:
    """With the decay of their papers, which is never part of the gradient. Errors: ValueError for a coupled one."""
    if decay_form != "decoupled":
        raise ValueError(f"optimizer '{kind.__name__.lower()}' has decay_form decoupled only, not {decay_form}")
    return kind(groups, **values)


BETAS = ("beta1", "beta2")
OPTIMIZERS = {  # name -> (what makes it of parameter groups, the values that only some of them take)
    "adam": (adam_of, BETAS),
    "sgd": (Momentum, ("momentum", "momentum_dtype")),
    "lion": (partial(decoupled_only, Lion), BETAS),
    "lamb": (partial(decoupled_only, Lamb), BETAS),
}


def make_optimizer(
    name: str,
    model: nn.Module,
    *,
    lr: float,
    weight_decay: float = 0.0,
    decay_form: str = "decoupled",
    decay_on: str = "kernels",
    layer_decay: float = 1.0,
    **specific,
) -> torch.optim.Optimizer:
    """One of OPTIMIZERS. `specific`: the values that only some of them take, None for the others'; else ValueError."""
    make, takes = OPTIMIZERS[name]
    for key, value in specific.items():
        if (key in takes) == (value is None):
            raise ValueError(
                f"optimizer '{name}' needs {' and '.join(takes)}, and null for the other optimizers' values: {key} is {value}"
            )
    groups = parameter_groups(model, lr=lr, weight_decay=weight_decay, decay_on=decay_on, layer_decay=layer_decay)
    return make(groups, lr=lr, decay_form=decay_form, **{key: specific[key] for key in takes if key in specific})


def adam(model: nn.Module, **values) -> torch.optim.Optimizer:
    """Adam (Table 3), with the values of make_optimizer: lr, beta1, beta2, weight_decay ..."""
    return make_optimizer("adam", model, **values)


def sgd(model: nn.Module, **values) -> Momentum:
    """SGD with momentum (Table 4): lr, momentum ...; with weight decay for the pre-training of Table 7."""
    return make_optimizer("sgd", model, **values)
