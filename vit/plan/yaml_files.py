"""Reading YAML that people wrote: every mistake becomes one line that names the file and the key."""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from vit.errors import UserError, nearest
from vit.paths import name_of


class _UniqueKeys(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys in silence; a typing slip must not decide which number is used."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' appears twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path | str) -> dict:
    """A mapping from a YAML file. Strings that are numbers to Python (PyYAML reads 1e-3 as text) are refused."""
    content = read_mapping(path)
    _refuse_text_numbers(content, path, "")
    return content


def read_mapping(path: Path | str) -> dict:
    """A mapping from a YAML file, its values as YAML reads them."""
    path = Path(path)
    try:
        content = yaml.load(path.read_text(), _UniqueKeys)
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "nothing"
        hint = nearest(path.stem, [p.stem for p in path.parent.glob("*.yaml")])
        raise UserError(f"{name_of(path)}: no such file{hint} (known: {known})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{name_of(path)}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(content, dict):
        raise UserError(f"{name_of(path)}: a mapping of keys to values was expected, found {type(content).__name__}")
    return content


def _refuse_text_numbers(value, path, where):
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_text_numbers(inner, path, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            _refuse_text_numbers(inner, path, f"{where}[{position}]")
    elif isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value):
        raise UserError(
            f"{name_of(path)}: {where}: '{value}' is a text in YAML, not a number; write {float(value):.10g}"
        )


def check_keys(mapping: Iterable, known: Iterable, where: str) -> None:
    """Refuse a key that nothing reads."""
    for key in mapping:
        if key not in known:
            raise UserError(
                f"{where}: unknown key '{key}'{nearest(key, known) or ' (known: ' + ', '.join(map(str, known)) + ')'}"
            )


def build(kind, mapping, path, where=""):
    """An instance of a dataclass from a mapping whose keys must be its fields."""
    section = f"{name_of(path)}{': ' + where if where else ''}"
    if not isinstance(mapping, dict):
        raise UserError(f"{section}: a mapping was expected, found {mapping!r}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    check_keys(mapping, fields, section)
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in mapping:
            raise UserError(f"{section}: key '{name}' is missing")
    return kind(**mapping)
