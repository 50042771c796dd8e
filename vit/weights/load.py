"""load_weights: any file of weights that this package knows, into one of our models."""

from vit.models.choices import choose
from vit.weights.assumed import fit_assumed
from vit.weights.file import few
from vit.weights.head import HEAD, fit_head, renew_head
from vit.weights.images import fit_images
from vit.weights.layout import kind_of
from vit.weights.ours import fit_own
from vit.weights.positions import fit_positions, only_ours
from vit.weights.recognise import OURS, recognised
from vit.weights.report import Report

HEADS = {"auto": "the file's where it fits, else zeros", "keep": "the file's", "zero": "zeros"}


def load_weights(model, path, head="auto", positions="bilinear", entry=None):
    """Parameters from the file at `path`, in place; returns a Report. Where a UserError is raised, nothing has changed.

    head: 'auto' keeps the file's where it fits the model's and has zeros else, 'keep' insists on it, 'zero' on zeros.
    entry: which model of a file that holds several, by its key ('student'); without it, the one that its authors evaluate.
    positions: how a table of another grid is resized, 'bilinear' as in the authors' code or 'bicubic'.
    """
    choose(HEADS, head, "head")
    file = recognised(path, entry)
    check_kind(file, model)
    report = Report(f"{file.path.name} ({file.layout.name})", dropped=file.dropped, notes=file.notes)
    if file.made_with is None:
        fit_assumed(file, model, report)
    else:
        fit_own(file, model, report, positions)
    fit_positions(file, model, report, positions)
    kept = fit_head(file, model, head, report)
    state = translated(file, model, kept)
    if file.made_with is None:
        fit_images(state, file, model, report)
    model.load_state_dict(model.state_dict() | state)
    renew_head(model, kept, report)
    report.loaded += state
    return report


def check_kind(file, model):
    """Another architecture has other names; comparing those would fill a screen."""
    if kind_of(model) not in file.layout.kinds:
        raise file.wrong(f"expected weights of {called(model)}, a {kind_of(model)}")
    if file.layout is not OURS and only_ours(model):
        raise file.wrong(f"{called(model)} has positions that only files of this project hold; expected one of those")


def translated(file, model, kept):
    """Our parameters from the file's, one to one: none is missing, left over or of another shape."""
    wanted = {name: tensor for name, tensor in model.state_dict().items() if name not in HEAD or name in kept}
    if differences := file.differences(wanted, model):
        raise file.wrong(f"it does not fit {called(model)}: {differences}")
    known = file.layout.stored(wanted, model)
    if left := [name for name in file.tensors if name not in known]:
        raise file.wrong(f"it does not fit {called(model)}, which has no {few(left)}")
    return {name: file.parameter(name, tensor, model) for name, tensor in wanted.items()}


def called(model):
    return model.made_with["name"] if model.made_with else f"this {type(model).__name__}"
