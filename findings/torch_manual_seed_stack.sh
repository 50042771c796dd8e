#!/usr/bin/env bash
# torch 2.9.1, in a process that uses no GPU. torch.manual_seed(n), as a loop might call it before every update to make random numbers a
# function of the step.
# Guess: it sets the state of a generator, which takes a microsecond wherever it is called from.
# Seen: for kinds of accelerators that are not initialised it formats the whole call stack as text, to be shown should a deferred
# seeding fail later: twice a call, so that the cost grows with the depth of the stack, from 0.07 ms to 0.3 ms where a training loop is
# 60 calls deep. torch.default_generator.manual_seed(n) takes a microsecond and gives the same numbers.
# This script fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "torch==2.9.1" numpy 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import time
import traceback

import torch

CALLS, format_stack = [], traceback.format_stack


def counted(*arguments, **options):
    CALLS.append(1)
    return format_stack(*arguments, **options)


def deep(depth, function):
    return deep(depth - 1, function) if depth else function()


def microseconds(function, depth):
    start = time.perf_counter()
    deep(depth, lambda: [function(7) for _ in range(300)])
    return (time.perf_counter() - start) / 300 * 1e6


torch.manual_seed(7)
expected = torch.rand(3)
torch.default_generator.manual_seed(7)
assert torch.equal(torch.rand(3), expected)
for name, function in (("torch.manual_seed", torch.manual_seed), ("default_generator", torch.default_generator.manual_seed)):
    print(name, *(f"{microseconds(function, depth):.0f} us {depth} calls deep" for depth in (1, 60)), sep=", ")
traceback.format_stack = counted
torch.manual_seed(7)
print(f"stacks formatted by one torch.manual_seed: {len(CALLS)}")
assert len(CALLS) >= 2, "it no longer formats stacks: this has changed"
PYTHON
