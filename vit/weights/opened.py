"""open_checkpoint: a model from any checkpoint, named by a path, the id of a run, or released:MODEL@COLLECTION."""

from dataclasses import dataclass
from pathlib import Path

from vit.errors import UserError
from vit.models import create_model
from vit.models.model import Model
from vit.paths import name_of, results
from vit.weights.class_names import classes_of
from vit.weights.file import File
from vit.weights.form_of_file import form_of_file
from vit.weights.load import head_sizes, load_weights
from vit.weights.ours import stated_arguments
from vit.weights.recognise import OURS, recognise
from vit.weights.released import RELEASED, file_of
from vit.weights.run_file import FILE, is_run
from vit.weights.zero_start import ZeroStart


@dataclass
class Opened:
    """name: of the run, the file or the folder of weights. images: the transform of the images that the model is evaluated
    on, None if the checkpoint states none. report: what was loaded, dropped and assumed, in one line. outputs: the loss of
    the head and the class_names of its outputs, where they are stated; classes: which they are, in the words of
    vit.weights.class_names, None if unknown.
    """

    name: str
    model: Model
    images: dict | None
    report: str
    outputs: dict
    classes: str | None


def open_checkpoint(checkpoint: str) -> Opened:
    """UserError if there is no such checkpoint, it cannot be read, or its model cannot be known from it."""
    path = find(checkpoint)
    run = is_run(path)
    if run and not (path / FILE).exists():
        raise UserError(f"{name_of(path)}: {why_without_weights(path)}")
    file = recognise(path / FILE if run else path)
    model = create(file)
    report = load_weights(model, file.path)
    name = path.name if run or path.is_dir() else path.stem
    return Opened(name, model, file.images, str(report), file.outputs, classes_of(file.path, model))


def why_without_weights(folder: Path) -> str:
    """Of a folder that is neither published weights nor a run with weights."""
    if not (folder / "config.yaml").exists():
        return "no run that has weights, and no folder of published ones"
    if not (folder / "metrics.json").exists():
        return "its run is not finished, so it has no weights yet; `make status` lists finished runs"
    return (
        "a run without weights: it trains none, or they were removed; name the run that its config.yaml gives as init"
    )


def find(checkpoint: str) -> Path:
    """The path itself, that of the run with this id at any scale, or that of a released file."""
    path = Path(checkpoint)
    if checkpoint.startswith(RELEASED):
        return Path(file_of(checkpoint))
    if path.exists():
        return path.resolve()  # "." has no name
    runs = sorted(results(".").glob(f"*/runs/{checkpoint}")) if path.name == checkpoint else []
    if not runs:
        raise UserError(
            f"{checkpoint}: no such checkpoint; expected a file of weights, a folder of them, a run's folder or its id,"
            f" or {RELEASED}MODEL@COLLECTION"
        )
    return runs[0]


def create(file: File) -> Model:
    """A model of the file's form, whose parameters are still to be loaded."""
    if file.made_with is not None:
        arguments = stated_arguments(file) and file.made_with
    elif file.layout is OURS:
        raise file.error(
            "it does not say which model it is of: give a run's folder, or a file that save_weights has written"
        )
    else:
        arguments = form_of_file(file) | head_sizes(file)
    try:
        with ZeroStart():
            return create_model(**arguments)
    except (TypeError, ValueError) as error:
        raise file.error(f"no model has its form ({error})") from None
