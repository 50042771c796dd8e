"""inspect, predict: what a checkpoint of any known format looks like inside, and what it sees in pictures."""

import signal
from contextlib import contextmanager

from vit.commands.errors_at_end import exit_if_any
from vit.run.signals import Interrupted

CHECKPOINT = "a run's folder or id, or a file or folder of weights of any known format"
IMAGES = "picture files, and folders of them at any depth"


def add(command):
    about = "draw what a checkpoint looks like inside: attention over images, its distances, filters, positions"
    inspect = command("inspect", inspect_command, about, scale=None)
    inspect.add_argument("checkpoint", help=CHECKPOINT)
    inspect.add_argument("images", nargs="+", metavar="image", help=IMAGES)
    inspect.add_argument("--out", metavar="DIR", help="folder to write to (default: a new one, inspect-NAME)")
    predict = command("predict", predict_command, "the most probable classes of pictures", scale=None)
    predict.add_argument("checkpoint", help=CHECKPOINT)
    predict.add_argument("images", nargs="+", metavar="image", help=IMAGES)
    predict.add_argument("--top", type=int, default=5, metavar="N", help="number of classes (default: %(default)s)")
    predict.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
    predict.add_argument(
        "--map", action="store_true", help="write NAME.map.png: the attention rollout over the picture"
    )
    predict.add_argument("--out", default=".", metavar="DIR", help="folder for maps and, of a folder, predictions.csv")


def inspect_command(arguments):
    with what_stays("files whose paths are printed are complete; the same command begins anew"):
        from vit.inspect.command import inspect

        exit_if_any(inspect(arguments.checkpoint, arguments.images, arguments.out))


def predict_command(arguments):
    wanted = {"count": arguments.top, "json": arguments.json, "maps": arguments.map, "out": arguments.out}
    with what_stays(
        "lines, and files whose paths are printed, are complete; JSON and predictions.csv come at the end only;"
        " the same command begins anew"
    ):
        from vit.predict.predict import predict

        exit_if_any(predict(arguments.checkpoint, arguments.images, **wanted))


@contextmanager
def what_stays(text):
    """Ctrl-C ends these commands at once, with what they leave: nothing is resumed, as nothing is trained."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, advice=text) from None
