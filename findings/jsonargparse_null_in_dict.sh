#!/usr/bin/env bash
# jsonargparse 4.53.0. A class takes `options: dict`. One entry is set on the command line of a subclass argument:
# --model.init_args.options.patch 8, then --model.init_args.options.head null.
# Guess: the number 8 and None, as the same words give in a YAML file and in every other argument.
# Seen: with a plain `dict` 8 stays the text '8'; whatever the annotation, null becomes the text 'None', which is true.
# This script fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "jsonargparse[signatures]==4.53.0" 2>/dev/null
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser


class Plain:
    def __init__(self, options: dict):
        self.options = options


class Anything:
    def __init__(self, options: dict[str, Any]):
        self.options = options


class United:
    def __init__(self, options: dict[str, bool | int | float | str | None]):
        self.options = options


config = Path(sys.argv[1], "config.yaml")
seen = {}
for kind in (Plain, Anything, United):
    name = f"__main__.{kind.__name__}"
    config.write_text(f"model: {{class_path: {name}, init_args: {{options: {{patch: 8, head: null}}}}}}\n")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--config", action="config")
    parser.add_subclass_arguments(kind, "model")
    file = parser.parse_args(["--config", str(config)])
    words = ["--model.init_args.options.patch", "8", "--model.init_args.options.head", "null"]
    line = parser.parse_args(["--config", str(config), *words])
    seen[kind.__name__] = dict(line.model.init_args.options)
    print(f"{kind.__name__}: file {dict(file.model.init_args.options)}, command line {seen[kind.__name__]}")
    assert dict(file.model.init_args.options) == {"patch": 8, "head": None}
PYTHON
