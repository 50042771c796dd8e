"""One model out of a file: the prefix that its names share, and what lies beside it.

Training code stores a model as a part of something (`module.`, `backbone.`, `state_dict.model.`), sometimes two of them.
"""

import re

from vit.weights.file import few

WRAPPERS = r"(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."  # torch's, around any part of a model
ROOTS = ("embedding.weight", "root.weight", "stem.root.weight")  # ours; every model has one
OUTER = "outer"  # what a model without a prefix is called where another is inside it
PREFERRED = (  # of two models, the one that the projects which store such pairs evaluate
    ("teacher", "student"),  # DINO, iBOT, DINOv2
    ("state_dict_ema", "state_dict"),  # timm
    ("model_ema", "model"),  # DeiT
    ("base_encoder", "momentum_encoder"),  # MoCo v3
    ("state_dict", "current_model_state"),  # Lightning's weight averaging
)


def one_model(tensors, others, *, layouts, entry):
    """({name: tensor} of one model, names beside it, sentences); `others` are names of what is no tensor.

    ValueError where there are several models or none is `entry`.
    """
    names = {re.sub(WRAPPERS, "", name): tensor for name, tensor in tensors.items()}
    if len(names) < len(tensors):
        raise ValueError("some parameters are there twice, as they are and inside a wrapper of torch's")
    prefixes = models(names, layouts)
    prefix, notes = chosen(prefixes, entry)
    inner = tuple(other for other in prefixes if other != prefix and other.startswith(prefix))
    ours = [name for name in names if name.startswith(prefix) and not name.startswith(inner)]
    inside = {name.removeprefix(prefix): names[name] for name in ours}
    if prefix:
        notes.insert(0, f"its names begin with {prefix!r}, which was left out")
    return inside, beside([*names, *others], ours, prefix), notes


def models(names, layouts):
    """The prefixes behind which there is a model of a known layout; one may be inside another."""
    known = dict.fromkeys(prefix for name in names if (prefix := prefix_of(name, layouts)) is not None)
    whole = [prefix for prefix in known if has_root(prefix, names, layouts)]
    return whole or [
        prefix for prefix in known if not prefix.startswith(tuple(other for other in known if other != prefix))
    ]


def prefix_of(name, layouts):
    """What precedes a name that some layout has, as short as possible, or None."""
    starts = [0, *(match.end() for match in re.finditer(r"\.", name))]
    return next((name[:at] for at in starts if any(one.mark.fullmatch(name[at:]) for one in layouts)), None)


def has_root(prefix, names, layouts):
    """A model has its first layer; a decoder or a predictor of the same blocks has none."""
    roots = {(one, place.names[0]) for one in layouts for root in ROOTS if (place := one.place(root))}
    inside = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return any((one, one.spelled(name)) in roots for one in layouts for name in inside)


def chosen(prefixes, entry):
    """(the prefix of the model to take, sentences)."""
    labels = {prefix: prefix.rstrip(".") or OUTER for prefix in prefixes}
    several = len(prefixes) > 1
    if entry is not None:
        prefixes = [prefix for prefix in prefixes if entry == labels[prefix] or entry in labels[prefix].split(".")]
    elif several:
        prefixes = preferred(prefixes)
    if len(prefixes) != 1:
        held = few(list(labels.values()))
        if entry is not None:
            raise ValueError(f"entry={entry!r} is {'several' if prefixes else 'none'} of its models: {held}")
        if several:
            raise ValueError(
                f"it holds {len(labels)} models, {held}; name one: load_weights(..., entry=NAME), or save one to a file"
            )
        return "", []
    notes = [
        f"it holds {len(labels)} models, {few(list(labels.values()))}; {labels[prefixes[0]]} was taken (entry=NAME takes another)"
    ]
    return prefixes[0], notes if several else []


def preferred(prefixes):
    """The one of a known pair that is used, else all."""
    for first, second in PREFERRED:
        pair = [next((p for p in prefixes if key in p.split(".")), None) for key in (first, second)]
        if len(prefixes) == 2 and None not in pair and pair[0] != pair[1]:
            return pair[:1]
    return prefixes


def beside(names, ours, prefix):
    """What is not of the model: of each such group of names the part that tells it from the model."""
    ours = set(ours)
    return list(dict.fromkeys(group(name, prefix) for name in names if name not in ours))


def group(name, prefix):
    """'state_dict.head' for state_dict.head.mlp.0.weight beside state_dict.backbone."""
    ours, theirs = prefix.split("."), name.split(".")
    shared = next(i for i, part in enumerate(ours) if i >= len(theirs) or theirs[i] != part)
    return ".".join(theirs[: shared + 1])
