"""python -m vit COMMAND: starts a command and turns its errors into one line each."""

import os
import sys
from signal import SIGINT

from vit.commands.command_line import parser
from vit.errors import UserError, reason
from vit.paths import EXPERIMENTS
from vit.run.distributed import is_main_process
from vit.run.signals import Interrupted, signals


def main(arguments: list[str]) -> None:
    """Run a command. Every error is one line on stderr and a non-zero exit code."""
    sys.stdout.reconfigure(errors="backslashreplace")  # as stderr by default: file names may be any bytes
    command = arguments[0] if arguments else ""
    sys.path.append(str(EXPERIMENTS / "ablations"))  # where one's own classes may lie beside the YAML that names them
    try:
        if command in ("run", "fit", "validate", "test"):
            signals.install()  # before importing torch, which takes seconds
        if command in ("fit", "validate", "test"):
            from vit.run.cli import lightning_main

            return lightning_main(arguments)
        options = parser().parse_args(arguments)
        options.function(options)
        sys.stdout.flush()  # not at exit, where an error could not be told
    except Interrupted as end:
        if is_main_process():
            print(end, file=sys.stderr)
        sys.exit(end.code)
    except SystemExit as end:
        if end.code is None:  # Lightning's handler of SIGTERM exits without a code, which would mean success
            sys.exit("error: a library ended the process before the command was complete")
        raise
    except KeyboardInterrupt:
        print("interrupted; run the same command again", file=sys.stderr)
        sys.exit(128 + SIGINT)
    except BrokenPipeError:  # such as after `| head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit would fail again
        sys.exit("error: the reader of stdout ended before the command was complete")
    except Exception as error:
        if os.environ.get("VIT_DEBUG"):
            raise
        if isinstance(error, UserError | OSError):
            sys.exit(f"error: {reason(error)}")
        sys.exit(f"error: {reason(error)} ({type(error).__name__}; set VIT_DEBUG=1 for the traceback)")


if __name__ == "__main__":
    main(sys.argv[1:])
