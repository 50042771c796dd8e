"""Select one model in a file: the prefix that its names share, and what is stored beside it.

Training code stores a model as a part of something (`module.`, `backbone.`, `state_dict.model.`), sometimes two of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor

from vit.weights.file import few
from vit.weights.layout import Layout

WRAPPERS = r"(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."  # torch's, around any part of a model
ROOTS = ("embedding.weight", "root.weight", "stem.root.weight")  # our names of first layers; a model has one of them
OUTER = "outer"  # label of a model without a prefix that has another model inside
PREFERRED = (  # of two models, the one that the projects which store such pairs evaluate
    ("teacher", "student"),  # DINO, iBOT, DINOv2
    ("state_dict_ema", "state_dict"),  # timm
    ("model_ema", "model"),  # DeiT
    ("base_encoder", "momentum_encoder"),  # MoCo v3
    ("state_dict", "current_model_state"),  # Lightning's weight averaging
)


def select_model(
    tensors: Mapping[str, Tensor], others: Iterable[str], *, layouts: Sequence[Layout], entry: str | None
) -> tuple[dict[str, Tensor], list[str], list[str]]:
    """({name: tensor} of one model, without its prefix; names beside it; sentences). others: names of what is no tensor.

    ValueError if there are several models of which none is preferred, or if none is `entry`.
    """
    names = {re.sub(WRAPPERS, "", name): tensor for name, tensor in tensors.items()}
    if len(names) < len(tensors):
        raise ValueError("duplicate parameters: the same name with and without a wrapper of torch's")
    prefixes = model_prefixes(names, layouts)
    prefix, notes = select_prefix(prefixes, entry)
    inner = tuple(other for other in prefixes if other != prefix and other.startswith(prefix))
    ours = [name for name in names if name.startswith(prefix) and not name.startswith(inner)]
    inside = {name.removeprefix(prefix): names[name] for name in ours}
    if prefix:
        notes.insert(0, f"the prefix {prefix!r} of its names was removed")
    return inside, groups_beside([*names, *others], ours, prefix), notes


def model_prefixes(names: Iterable[str], layouts: Sequence[Layout]) -> list[str]:
    """The prefixes after which a model of a known layout follows; a model may be inside another."""
    known = dict.fromkeys(prefix for name in names if (prefix := prefix_of(name, layouts)) is not None)
    whole = [prefix for prefix in known if has_root(prefix, names, layouts)]
    return whole or [
        prefix for prefix in known if not prefix.startswith(tuple(other for other in known if other != prefix))
    ]


def prefix_of(name: str, layouts: Sequence[Layout]) -> str | None:
    """The shortest prefix before a name that some layout marks, or None."""
    starts = [0, *(match.end() for match in re.finditer(r"\.", name))]
    marked = (start for start in starts if any(layout.mark.fullmatch(name[start:]) for layout in layouts))
    return next((name[:start] for start in marked), None)


def has_root(prefix: str, names: Iterable[str], layouts: Sequence[Layout]) -> bool:
    """Is the first layer among the names? A decoder or a predictor made of the same blocks has none."""
    roots = {(layout, stored.names[0]) for layout in layouts for root in ROOTS if (stored := layout.lookup(root))}
    inside = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return any((layout, layout.spelled(name)) in roots for layout in layouts for name in inside)


def select_prefix(prefixes: list[str], entry: str | None) -> tuple[str, list[str]]:
    """(the prefix of the model to load, sentences)."""
    labels = {prefix: prefix.rstrip(".") or OUTER for prefix in prefixes}
    models = few(list(labels.values()))
    if entry is not None:
        prefixes = [prefix for prefix in prefixes if entry == labels[prefix] or entry in labels[prefix].split(".")]
        if not prefixes:
            raise ValueError(f"entry={entry!r} is none of its models: {models}")
        if len(prefixes) > 1:
            raise ValueError(f"entry={entry!r} matches several of its models: {models}")
    elif len(labels) > 1:
        prefixes = preferred(prefixes)
        if len(prefixes) > 1:
            raise ValueError(
                f"it holds {len(labels)} models, {models}; select one: load_weights(..., entry=NAME), or save one to a file"
            )
    if not prefixes:
        return "", []
    loaded = f"it holds {len(labels)} models, {models}; {labels[prefixes[0]]} was loaded (entry=NAME loads another)"
    return prefixes[0], [loaded] if len(labels) > 1 else []


def preferred(prefixes: list[str]) -> list[str]:
    """Of a known pair the one that its authors evaluate; all prefixes otherwise."""
    for first, second in PREFERRED:
        pair = [next((p for p in prefixes if key in p.split(".")), None) for key in (first, second)]
        if len(prefixes) == 2 and None not in pair and pair[0] != pair[1]:
            return pair[:1]
    return prefixes


def groups_beside(names: Iterable[str], ours: Iterable[str], prefix: str) -> list[str]:
    """The names that are not the model's, shortened to the first part that differs from the model's prefix."""
    ours = set(ours)
    return list(dict.fromkeys(group(name, prefix) for name in names if name not in ours))


def group(name: str, prefix: str) -> str:
    """'state_dict.head' for state_dict.head.mlp.0.weight beside state_dict.backbone."""
    ours, theirs = prefix.split("."), name.split(".")
    shared = next(i for i, part in enumerate(ours) if i >= len(theirs) or theirs[i] != part)
    return ".".join(theirs[: shared + 1])
