"""One-line errors for LightningCLI's arguments: which option, which value, what is expected instead."""

import inspect
import re
from collections.abc import Sequence
from importlib import import_module

from lightning.pytorch.cli import LightningArgumentParser

from vit.errors import UserError, nearest
from vit.plan.yaml_files import read_mapping

TYPE_NAMES = {"int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list", "dict": "a mapping",
              "NoneType": "null"}  # fmt: skip
# This and the patterns below are messages of jsonargparse 4.
UNION = "Does not validate against any of the Union subtypes"


class OneLineErrorParser(LightningArgumentParser):
    """jsonargparse's own errors are 50 lines of usage and a tree of all the types that it tried."""

    def error(self, message, ex=None):
        """Raise a UserError of one line."""
        if not self.exit_on_error:  # an inner parser: jsonargparse catches its errors to try the next type of a Union
            super().error(message, ex)
        raise UserError(one_line(message, _options(self))) from None


def check_config_files(arguments: list[str]) -> None:
    """UserError unless every --config file is a YAML mapping; jsonargparse's error has neither path nor line."""
    for argument, following in zip(arguments, [*arguments[1:], None], strict=True):
        option, _, path = argument.partition("=")
        if option in ("--config", "-c") and (path or following):
            read_mapping(path or following)


def one_line(message: str, options: Sequence[str] = ()) -> str:
    """An error of jsonargparse in one line. options: all of the command line, to suggest the nearest."""
    if unknown := re.match(r"unrecognized arguments: (\S+)|.*does not accept option '(\S+)'", message):
        name = unknown[1] or unknown[2]
        hint = (
            nearest(name if unknown[1] else f"--{name}", options) or "; list all options with --help after the command"
        )
        return f"{name}: unknown option{hint}"
    if missing := re.match(r"the following arguments are required: (.*)", message):
        return f"missing {missing[1].replace(', ', ' and ')}; add --config FOLDER/config.yaml of a run"
    keys = re.findall(r'Parser key "([^"]+)"', message)
    cause = _cause(message)
    return f"--{'.init_args.'.join(keys)}: {cause}" if keys else f"command line: {cause}"


def _cause(message):
    """The innermost cause in a message of jsonargparse."""
    if unknown := re.search(r"given class_path '(\S+)':\s+Option '(\S+)' is not accepted", message):
        return f"{unknown[1]} has no option '{unknown[2]}'{_suggestion(unknown[2], _arguments_of(unknown[1]))}"
    if missing := re.search(r"module '(\S+)' has no attribute '(\S+)'", message):
        return f"{missing[1]} has no class '{missing[2]}'{_suggestion(missing[2], _names_in(missing[1]))}"
    if missing := re.search(r"No module named '(\S+)'", message):
        return f"there is no module '{missing[1]}'"
    if other := re.search(r"Import path (\S+) does not correspond to a subclass of (\S+)", message):
        return f"{other[1]} is no {other[2]}"
    if problem := re.search(r"Problem with given class_path '\S+':\n\s+([^\n]+)\n\s+- Expected", message):
        return problem[1]
    if text := re.search(r"Expected a dot import path string: (.*)", message):
        return f"'{text[1]}' is not a class path such as vit.tasks.Finetune or data.Digits"
    if single := re.search(r"Expected a (.+)\. Got value: (.*)", message):
        return f"'{single[2]}' is not {_type_name(single[1])}"
    if UNION in message:
        innermost = message.rpartition(UNION)[2]
        types = re.findall(r"Expected a (.+)", innermost.partition("Given value")[0])
        value = re.search(r"Given value: (.*)", innermost)
        return f"'{value[1] if value else ''}' is not {' or '.join(dict.fromkeys(map(_type_name, types)))}"
    return " ".join(re.sub(r'^Parser key "[^"]+":', "", message).split())


def _type_name(text):
    """'a whole number' for <class 'int'>, "one of 'a', 'b'" for typing.Literal['a', 'b'], 'null' for NoneType."""
    literal = re.search(r"Literal\[(.*)\]", text)
    name = literal[1] if literal else re.sub(r"<class '(?:.*\.)?(.+)'>", r"\1", text)
    return f"one of {name}" if literal else TYPE_NAMES.get(name, name)


def _suggestion(word, known):
    return nearest(word, known) or f" (known: {', '.join(known)})"


def _options(parser):
    """The option strings of a parser and of its subcommands."""
    inner = [subparser for action in parser._actions for subparser in _subparsers(action)]
    return [*parser._option_string_actions, *(option for subparser in inner for option in _options(subparser))]


def _subparsers(action):
    return action.choices.values() if isinstance(action.choices, dict) else ()


def _arguments_of(class_path):
    module, _, name = class_path.rpartition(".")
    return list(inspect.signature(getattr(import_module(module), name)).parameters)


def _names_in(module):
    return [name for name in dir(import_module(module)) if not name.startswith("_")]
