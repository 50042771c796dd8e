"""What a config.json beside a file states of a head's outputs: names of the classes, and how it was trained."""

from pathlib import Path

from vit.weights.config import CONFIG, read_json
from vit.weights.layout import Layout

PROBLEMS = {
    "single_label_classification": "softmax",
    "multi_label_classification": "sigmoid",
}  # Hugging Face's: our loss
UNNAMED = "LABEL_"  # Hugging Face numbers classes without names so


def outputs_beside(path: Path, layout: Layout) -> dict:
    """class_names, None for a class without one, and loss; without what is not stated."""
    config = read_json((path if path.is_dir() else path.parent) / CONFIG) if layout.config else None
    if config is None:
        return {}
    names, problem = of_hugging_face(config.get("id2label")) or of_timm(config), config.get("problem_type")
    loss = PROBLEMS.get(problem) if isinstance(problem, str) else None
    return ({"class_names": names} if any(names) else {}) | ({"loss": loss} if loss else {})


def of_hugging_face(labels) -> list[str | None]:
    """From id2label, {"0": name}."""
    if not isinstance(labels, dict):
        return []
    names = [labels.get(str(number)) for number in range(len(labels))]
    return [name if isinstance(name, str) and not name.startswith(UNNAMED) else None for name in names]


def of_timm(config: dict) -> list[str | None]:
    """From label_names, which may be WordNet ids that label_descriptions describes."""
    names, described = config.get("label_names"), config.get("label_descriptions")
    if not isinstance(names, list):
        return []
    described = described if isinstance(described, dict) else {}
    return [described.get(name, name) if isinstance(name, str) else None for name in names]
