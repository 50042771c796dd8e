"""The head is kept where it fits; else a linear layer of zeros takes the place of all of it (Section 3.2).

The hidden layer of a pre-training head belongs to it.
"""

from torch import nn

HIDDEN, LINEAR = ("hidden.0.weight", "hidden.0.bias"), ("head.weight", "head.bias")
HEAD = HIDDEN + LINEAR


def fit_head(file, model, choice, report):
    """Names of the head's parameters to load; whatever else the file has of a head is taken out of it."""
    reason = misfit(file, model)
    if reason and choice == "keep":
        raise file.wrong(f"{reason}, and head='keep' wants its head")
    if choice == "zero":
        wanted = ()
    elif reason:
        report.notes.append(reason)
        # a body stored without the linear layer, as Hugging Face does, keeps the hidden one
        wanted = HIDDEN if fits(file, model, HIDDEN) and not stored(file, LINEAR) else ()
    else:
        wanted = [name for name in HEAD if name in model.state_dict()]
    for name in stored(file, HEAD):
        if name not in wanted:
            report.dropped += [file.name(name)]
            del file.tensors[file.name(name)]
    return wanted


def misfit(file, model):
    """Why the file's head is not the model's, or None."""
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


def stored(file, names):
    """Those of our names that the file has."""
    return [name for name in names if file.name(name) in file.tensors]


def fits(file, model, names):
    """Are these parameters in the file and in the model, in one shape?"""
    ours = model.state_dict()
    in_both = all(name in ours for name in names) and len(stored(file, names)) == len(names)
    return in_both and not file.differences({name: ours[name] for name in names}, model)


def renew_head(model, wanted, report):
    """Zeros for the linear layer that was not loaded; where nothing of the head was, the model's hidden layer goes too."""
    if LINEAR[0] in wanted:
        if not model.head.weight.any():
            report.notes.append("the head in the file is all zeros")
        return
    if wanted:
        nn.init.zeros_(model.head.weight)
        nn.init.zeros_(model.head.bias)
    else:
        model.reset_head(model.head.out_features)
    report.zeroed += LINEAR
