"""Reading YAML that people wrote: every mistake becomes one line that names the file and the key."""

import dataclasses
import re
import typing
from collections.abc import Iterable
from pathlib import Path

import yaml

from vit.errors import UserError, nearest
from vit.paths import name_of

EXPECTED = {
    dict: "a mapping",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


class _UniqueKeys:
    """PyYAML keeps the last of two equal keys in silence; a typing slip must not decide which number is used."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' appears twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class _Loader(_UniqueKeys, yaml.SafeLoader):
    """Names the character that it stumbles over, which libyaml does not."""


class _FastLoader(_UniqueKeys, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Five times as fast where PyYAML was built with libyaml."""


def read_yaml(path: Path | str) -> dict:
    """A mapping from a YAML file. Strings that are numbers to Python (PyYAML reads 1e-3 as text) are refused."""
    content = read_mapping(path)
    _refuse_text_numbers(content, path, "")
    return content


def read_mapping(path: Path | str) -> dict:
    """A mapping from a YAML file, its values as YAML reads them."""
    path = Path(path)
    try:
        content = _loaded(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UserError(f"{name_of(path)}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
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


def _loaded(text):
    try:
        return yaml.load(text, _FastLoader)
    except yaml.YAMLError:
        return yaml.load(text, _Loader)


def _refuse_text_numbers(value, path, where):
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_text_numbers(key, path, f"{where}: key")
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
            raise UserError(f"{section}: key '{name}' is missing{_found_deeper(name, mapping)}")
        if name in mapping:
            _check_type(mapping[name], field.type, f"{section}{': ' if not where else '.'}{name}")
    return kind(**mapping)


def _found_deeper(name, mapping):
    parent = next((key for key, inner in mapping.items() if isinstance(inner, dict) and name in inner), None)
    return f"; it stands under '{parent}', so it is indented too far" if parent else ""


def _check_type(value, annotation, where):
    """annotation: of a dataclass's field, such as dict or str | None; object takes anything."""
    kinds = typing.get_args(annotation) or (annotation,)
    if not any(_is(value, kind) for kind in kinds):
        expected = " or ".join(EXPECTED[kind] for kind in kinds if kind in EXPECTED)
        raise UserError(f"{where}: {expected} was expected, found {'nothing' if value is None else repr(value)}")


def _is(value, kind):
    """isinstance, except that a whole number is a number too, and true and false are none."""
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    return isinstance(value, kind)
