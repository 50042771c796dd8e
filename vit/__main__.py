"""python -m vit COMMAND: starts a command and turns its errors into one line each."""

import os
import sys

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
    except Interrupted as end:
        if is_main_process():
            print(end, file=sys.stderr)
        sys.exit(end.code)
    except SystemExit as end:
        if end.code is None:  # Lightning's handler of SIGTERM exits without a code, which would mean success
            sys.exit("error: a library ended the process before the command was complete")
        raise
    except KeyboardInterrupt:
        sys.exit("interrupted; run the same command again to resume")
    except Exception as error:
        if os.environ.get("VIT_DEBUG"):
            raise
        if isinstance(error, UserError | OSError):
            sys.exit(f"error: {reason(error)}")
        sys.exit(f"error: {reason(error)} ({type(error).__name__}; set VIT_DEBUG=1 for the traceback)")


if __name__ == "__main__":
    main(sys.argv[1:])
