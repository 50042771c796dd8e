"""Predictions as lines, as JSON and as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from vit.predict.predictor import Prediction, Predictor

COLUMNS = ("image", "rank", "class", "name", "probability", "error")


def lines(prediction: Prediction) -> list[str]:
    """A line for each class; none for a picture that could not be read."""
    return [
        f"{prediction.picture.path}  {probability:8.3%}  {name or f'class {number} (no name)'}"
        for number, name, probability in prediction.classes
    ]


def as_csv(predictions: Iterable[Prediction]) -> str:
    """A row for each class of each picture; of a picture that could not be read, one row with the error."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for prediction in predictions:
        path = prediction.picture.path
        if prediction.error:
            rows.writerow([path, "", "", "", "", prediction.error])
        for rank, (number, name, probability) in enumerate(prediction.classes, 1):
            rows.writerow([path, rank, number, name or "", probability, ""])
    return text.getvalue()


def as_json(checkpoint: str, predictor: Predictor, predictions: Sequence[Prediction], maps: dict[str, Path]) -> str:
    """One document. maps: the files of the maps by the names of their pictures."""
    document = {
        "checkpoint": checkpoint,
        "model": predictor.model.made_with["name"],
        "images_prepared": str(predictor.prepared),
        "probabilities": predictor.loss,
        "probabilities_known": predictor.loss_from,
        "class_names": predictor.names_from,
        "images": [entry(prediction, maps.get(prediction.picture.name)) for prediction in predictions],
    }
    return json.dumps(document, indent=2)


def entry(prediction: Prediction, map_file: Path | None) -> dict:
    image = {"image": str(prediction.picture.path)}
    if prediction.error:
        return image | {"error": prediction.error}
    keys = ("class", "name", "probability")
    classes = [dict(zip(keys, values, strict=True)) for values in prediction.classes]
    return image | {"classes": classes} | ({"map": str(map_file)} if map_file else {})
