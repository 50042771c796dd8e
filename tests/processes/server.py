"""Starts real processes of `python -m vit` without the seconds that torch takes to import: by fork, one for each line on stdin.

A line is a JSON object: `arguments` of vit, `environment`, `output` (a file), and perhaps `dies`, a list of what happens to it before its end:
{"before": "rename", "of": end of a path, "count": n}: kill -9 just before it renames to such a path for the n-th time;
{"before": "open", ..., "seconds": s}: the same for opening, and s seconds later, wherever it is then;
{"before": ..., "by": "SIGTERM"}: by another signal; {"before": ..., "exit": code}: by a SystemExit, as of a library;
{"at_byte": n}: ended by the system in the middle of a write, where a file would grow beyond n bytes.
The answer is its process id. A line that is a number waits for that process; the answer is how it ended.
"""

import json
import os
import resource
import signal
import sys
import threading
import time


def main():
    import lightning.pytorch.cli  # noqa: F401 (what every child needs, imported once)
    import tensorboard  # noqa: F401

    import data  # noqa: F401
    import vit.run.cli
    import vit.run.micro_batch
    import vit.run.progress
    import vit.run.runner
    import vit.tasks  # noqa: F401

    answer("ready")
    for line in sys.stdin:
        order = json.loads(line)
        answer(os.waitpid(order, 0)[1] if isinstance(order, int) else start(order))


def answer(value):
    print(json.dumps(value), flush=True)


def start(order):
    process = os.fork()
    if process == 0:
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(order["environment"])
        for how in order["dies"]:
            prepare_to_die(how)
        run(order["arguments"])
    return process


def prepare_to_die(how):
    if "at_byte" in how:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (how["at_byte"],) * 2)
    if "before" not in how:
        return
    event, path, left = f"os.{how['before']}".replace("os.open", "open"), how["of"], [how["count"]]

    def watch(happening, details):
        if happening == event and str(details[event == "os.rename"]).endswith(path):
            left[0] -= 1
            if not left[0]:
                if "exit" in how:
                    raise SystemExit(how["exit"])
                number = signal.Signals[how.get("by", "SIGKILL")]
                later = "seconds" in how
                threading.Thread(target=die, args=[how["seconds"], number]).start() if later else die(0, number)

    sys.addaudithook(watch)


def die(seconds, number):
    time.sleep(seconds)
    os.kill(os.getpid(), number)


def run(arguments):
    from vit.__main__ import main as vit_main

    sys.argv = ["vit", *arguments]
    code = 1
    try:
        vit_main(arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else print(end.code, file=sys.stderr) or 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
