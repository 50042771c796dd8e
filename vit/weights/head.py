"""The head: loaded if it fits the model's, otherwise replaced by a linear layer of zeros (Section 3.2).

A head is a linear layer and, in pre-training, a hidden layer before it.
"""

from collections.abc import Sequence

from torch import nn

from vit.weights.file import File

HIDDEN, LINEAR = ("hidden.0.weight", "hidden.0.bias"), ("head.weight", "head.bias")
HEAD = HIDDEN + LINEAR


def fit_head(file: File, model: nn.Module, choice: str, report) -> Sequence[str]:
    """Names of the head's parameters to load; those that are not loaded are removed from the file's tensors."""
    reason = misfit(file, model)
    if reason and choice == "keep":
        raise file.error(f"{reason}, but head='keep' requires a head that fits; use head='auto' or 'zero'")
    if choice == "zero":
        wanted = ()
    elif reason:
        report.notes.append(reason)
        # Hugging Face stores bodies without the linear layer but with the hidden one, which it calls the pooler.
        wanted = HIDDEN if fits(file, model, HIDDEN) and not stored(file, LINEAR) else ()
    else:
        wanted = [name for name in HEAD if name in model.state_dict()]
    for name in stored(file, HEAD):
        if name not in wanted:
            report.dropped += [file.name(name)]
            del file.tensors[file.name(name)]
    return wanted


def misfit(file: File, model: nn.Module) -> str | None:
    """Why the file's head does not fit the model's, or None if it does."""
    if file.name(LINEAR[0]) not in file.tensors:
        return "the file has no head"
    if bool(stored(file, HIDDEN)) != (HIDDEN[0] in model.state_dict()):
        return f"the file's head has {'a' if stored(file, HIDDEN) else 'no'} hidden layer, unlike the model's"
    if len(stored(file, LINEAR)) < len(LINEAR):
        return "the file's head has no bias"
    classes = file.tensors[file.name(LINEAR[1])].numel()
    if classes != model.head.out_features:
        return f"the file's head has {classes} classes, the model {model.head.out_features}"
    names = [name for name in HEAD if name in model.state_dict()]
    return None if fits(file, model, names) else "the file's head has layers of another width"


def stored(file: File, names: Sequence[str]) -> list[str]:
    """Those of our parameter names that the file has."""
    return [name for name in names if file.name(name) in file.tensors]


def fits(file: File, model: nn.Module, names: Sequence[str]) -> bool:
    """Do file and model both have these parameters, in equal shapes?"""
    ours = model.state_dict()
    in_both = all(name in ours for name in names) and len(stored(file, names)) == len(names)
    return in_both and not file.differences({name: ours[name] for name in names}, model)


def renew_head(model: nn.Module, loaded: Sequence[str], report) -> None:
    """Zero the linear layer if it was not loaded; remove the model's hidden layer if nothing of the head was."""
    if LINEAR[0] in loaded:
        if not model.head.weight.any():
            report.notes.append("the file's head is all zeros")
        return
    if loaded:
        nn.init.zeros_(model.head.weight)
        nn.init.zeros_(model.head.bias)
    else:
        model.reset_head(model.head.out_features)
    report.zeroed += LINEAR
