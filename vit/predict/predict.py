"""The command: what it prints, and what it writes where."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from vit.atomic import atomic_write
from vit.errors import UserError
from vit.inspect.pictures_below import MAP, left_out, list_pictures
from vit.inspect.writing import writing
from vit.predict.documents import as_csv, as_json, lines
from vit.predict.predictor import Prediction, Predictor
from vit.weights import open_checkpoint

CSV = "predictions.csv"


def predict(checkpoint: str, images: Sequence[str], *, count: int, json: bool, maps: bool, out: str) -> list[str]:
    """Print a line for each of the `count` most probable classes of each image, or one JSON document; returns what could
    not be read, a line each.

    images: picture files and folders; if there is a folder, a CSV in `out` takes the place of the lines. maps: write the
    rollout over each picture into `out`. UserError if nothing can be predicted, or `out` cannot be written to.
    """
    if count < 1:
        raise UserError(f"--top {count}: expected 1 or more")
    pictures, others = list_pictures(images)
    in_folders, folder = any(Path(path).is_dir() for path in images), Path(out)
    if maps or in_folders:
        check_folder(folder)
    opened = open_checkpoint(checkpoint)
    predictor = Predictor(opened, count=count, maps=maps)
    tell(opened.report, predictor, others)
    predictions, map_files = [], {}
    # on a terminal; lines on stdout show the progress of single images
    for prediction in tqdm(
        predictor.predictions(pictures), total=len(pictures), unit="image", disable=None if in_folders else True
    ):
        if prediction.map is not None:
            map_files[prediction.picture.name] = write_map(folder, prediction)
        if not (json or in_folders):
            print("\n".join(lines(prediction)), end="\n" if prediction.classes else "", flush=True)
        predictions.append(prediction)
    if in_folders:
        write_csv(folder / CSV, predictions)
    if json:
        print(as_json(checkpoint, predictor, predictions, map_files))
    return [prediction.error for prediction in predictions if prediction.error]


def check_folder(folder: Path) -> None:
    """Make the folder. UserError if it cannot be written to, before any image is read."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "Permission denied")


def tell(report: str, predictor: Predictor, others: Sequence[Path]) -> None:
    """What was loaded and what is known of the head, on stderr."""
    notes = [report, f"images: {predictor.prepared}", f"probabilities: {predictor.loss}, {predictor.loss_from}"]
    notes += [f"class names: {predictor.names_from}"]
    if predictor.maps and predictor.model.class_token is None:
        notes += ["maps: the mean over the patches, as the model has no class token"]
    notes += left_out(others)
    print("\n".join(notes), file=sys.stderr, flush=True)


def write_map(folder: Path, prediction: Prediction) -> Path:
    path, pixels = folder / f"{prediction.picture.name}{MAP}", prediction.map
    prediction.map = None  # a folder of maps would fill the memory
    with writing(path), atomic_write(path) as temporary:
        Image.fromarray(pixels).save(temporary, "PNG")
    print(path, file=sys.stderr)
    return path


def write_csv(path: Path, predictions: Sequence[Prediction]) -> None:
    with writing(path), atomic_write(path) as temporary:
        temporary.write_text(as_csv(predictions), encoding="utf-8", errors="backslashreplace")
    print(path, file=sys.stderr)
