"""The parser of LightningCLI's command line, whose mistakes are one line: which option, which value, what to write instead."""

import inspect
import re
from importlib import import_module

from lightning.pytorch.cli import LightningArgumentParser

from vit.errors import UserError, nearest
from vit.plan.yaml_files import read_mapping

KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list", "dict": "a mapping",
         "NoneType": "null"}  # fmt: skip
UNION = "Does not validate against any of the Union subtypes"


class Parser(LightningArgumentParser):
    """jsonargparse prints its usage, 50 lines, and then the whole tree of types that it tried."""

    def error(self, message, ex=None):
        """UserError in the one line; parsers inside this parser keep jsonargparse's own error, by which it tries types."""
        if not self.exit_on_error:
            super().error(message, ex)
        raise UserError(one_line(message, _options(self))) from None


def check_files(words):
    """UserError unless each file of --config is a YAML mapping: jsonargparse would say neither which one nor its line."""
    for word, following in zip(words, [*words[1:], None], strict=True):
        option, _, path = word.partition("=")
        if option in ("--config", "-c") and (path or following):
            read_mapping(path or following)


def with_nulls(options):
    """jsonargparse hands `--model.init_args.options.NAME null` on as the text 'None', which no option takes."""
    return {name: None if value == "None" else value for name, value in options.items()}


def one_line(message, options=()):
    """What is wrong, in the user's terms. options: every option of the command line, from which the nearest is named."""
    if words := re.match(r"unrecognized arguments: (\S+)|.*does not accept option '(\S+)'", message):
        name = words[1] or words[2]
        hint = nearest(name if words[1] else f"--{name}", options) or "; `--help` after the command lists the options"
        return f"{name}: unknown option{hint}"
    if missing := re.match(r"the following arguments are required: (.*)", message):
        return f"{missing[1].replace(', ', ' and ')} not given; add --config FOLDER/config.yaml of a run"
    keys = re.findall(r'Parser key "([^"]+)"', message)
    cause = _cause(message)
    return f"--{'.init_args.'.join(keys)}: {cause}" if keys else f"command line: {cause}"


def _cause(message):
    """The innermost reason of a message of jsonargparse."""
    if unknown := re.search(r"given class_path '(\S+)':\s+Option '(\S+)' is not accepted", message):
        return f"{unknown[1]} has no option '{unknown[2]}'{_nearest(unknown[2], _arguments_of(unknown[1]))}"
    if missing := re.search(r"module '(\S+)' has no attribute '(\S+)'", message):
        return f"{missing[1]} has no class '{missing[2]}'{_nearest(missing[2], _names_in(missing[1]))}"
    if text := re.search(r"Expected a dot import path string: (.*)", message):
        return f"'{text[1]}' is not the name of a class, such as vit.tasks.Finetune or data.Digits"
    if single := re.search(r"Expected a (.+)\. Got value: (.*)", message):
        return f"'{single[2]}' is not {_kind(single[1])}"
    if UNION in message:
        innermost = message.rpartition(UNION)[2]
        kinds = dict.fromkeys(map(_kind, re.findall(r"Expected a (.+)", innermost.partition("Given value")[0])))
        value = re.search(r"Given value: (.*)", innermost)
        return f"'{value[1] if value else ''}' is not {' or '.join(kinds)}"
    return " ".join(re.sub(r'^Parser key "[^"]+":', "", message).split())


def _kind(kind):
    """'a whole number' of <class 'int'>, "one of 'a', 'b'" of typing.Literal['a', 'b'], 'null' of NoneType."""
    literal = re.search(r"Literal\[(.*)\]", kind)
    name = literal[1] if literal else re.sub(r"<class '(?:.*\.)?(.+)'>", r"\1", kind)
    return f"one of {name}" if literal else KINDS.get(name, name)


def _nearest(word, known):
    """What was meant, or all there is to choose from."""
    return nearest(word, known) or f" (known: {', '.join(known)})"


def _options(parser):
    """Option strings of a parser and of its subcommands."""
    inside = [inner for action in parser._actions for inner in _subparsers(action)]
    return [*parser._option_string_actions, *(option for inner in inside for option in _options(inner))]


def _subparsers(action):
    return action.choices.values() if isinstance(action.choices, dict) else ()


def _arguments_of(class_path):
    module, _, name = class_path.rpartition(".")
    return list(inspect.signature(getattr(import_module(module), name)).parameters)


def _names_in(module):
    return [name for name in dir(import_module(module)) if not name.startswith("_")]
