"""A fork server of `python -m vit`: it imports torch and Lightning once, and starts each process by fork.

stdin: a JSON object per line; stdout: its answer, a line each.
{"root": checkout, "arguments": of vit, "cwd", "environment", "stdout" and "stderr": files} starts a process, and perhaps
"dies": a list of what happens to it before its end (see `prepare_to_die`). Answer: its process id.
{"root": checkout, "wait": process id}: waits for it. Answer: its status, as os.waitpid gives it.
"""

import json
import os
import resource
import runpy
import signal
import sys
import threading
import time
import traceback


def main():
    import lightning.pytorch.cli  # noqa: F401 (what every process needs of other projects)
    import tensorboard  # noqa: F401
    import torchvision  # noqa: F401
    from lightning.pytorch import loggers  # noqa: F401

    print(json.dumps("ready"), flush=True)
    checkouts = {}
    for line in sys.stdin:
        root = json.loads(line)["root"]
        if root not in checkouts:
            checkouts[root] = server_of(root, checkouts)
        orders, answers = checkouts[root]
        print(line, file=orders, end="", flush=True)
        print(answers.readline(), end="", flush=True)
    os._exit(0)  # without the second that torch takes to leave


def server_of(root, checkouts):
    """(its orders, its answers): a process in a checkout that has imported the code there."""
    (read_orders, write_orders), (read_answers, write_answers) = os.pipe(), os.pipe()
    if os.fork() == 0:
        for orders, _ in checkouts.values():
            orders.close()  # else the other servers would not see the end of theirs
        os.close(write_orders)
        serve(root, os.fdopen(read_orders), os.fdopen(write_answers, "w"))
        os._exit(0)
    os.close(read_orders)
    os.close(write_answers)
    return os.fdopen(write_orders, "w"), os.fdopen(read_answers)


def serve(root, orders, answers):
    os.chdir(root)
    os.environ["PYTHONPATH"] = root
    sys.path.insert(0, root)

    import data.sets.mnist5k
    import vit.run.cli
    import vit.run.micro_batch
    import vit.run.progress
    import vit.run.runner
    import vit.tasks  # noqa: F401

    for line in orders:
        order = json.loads(line)
        if order.get("arguments", [""])[0] == "run":
            data.sets.mnist5k.pixels_and_labels()  # read once, not by each process
        answer = os.waitpid(order["wait"], 0)[1] if "wait" in order else start(order)
        print(json.dumps(answer), file=answers, flush=True)


def start(order):
    process = os.fork()
    if process == 0:
        for name, number in (("stdout", 1), ("stderr", 2)):
            os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), number)
        os.chdir(order["cwd"])
        os.environ.update(order["environment"])
        for death in order["dies"]:
            prepare_to_die(death)
        run(order["arguments"])
    return process


def prepare_to_die(death):
    """{"before": "rename", "of": end of a path, "count": n}: kill -9 just before it renames to such a path for the n-th time;
    {"before": "open", ..., "seconds": s}: the same for opening, and s seconds later, wherever it is then;
    {"before": ..., "by": "SIGTERM"}: by another signal; {"before": ..., "exit": code}: by a SystemExit, as of a library;
    {"at_byte": n}: ended by the system in the middle of a write, where a file would grow beyond n bytes.
    """
    if "at_byte" in death:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (death["at_byte"],) * 2)
    if "before" not in death:
        return
    event, path, remaining = f"os.{death['before']}".replace("os.open", "open"), death["of"], [death["count"]]

    def watch(audited, details):
        if audited == event and str(details[event == "os.rename"]).endswith(path):
            remaining[0] -= 1
            if not remaining[0]:
                if "exit" in death:
                    raise SystemExit(death["exit"])
                number = signal.Signals[death.get("by", "SIGKILL")]
                later = "seconds" in death
                threading.Thread(target=die, args=[death["seconds"], number]).start() if later else die(0, number)

    sys.addaudithook(watch)


def die(seconds, number):
    time.sleep(seconds)
    os.kill(os.getpid(), number)


def run(arguments):
    sys.argv = ["vit", *arguments]
    code = 1
    try:
        runpy.run_module("vit", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
