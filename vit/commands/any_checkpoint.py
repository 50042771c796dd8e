"""inspect, predict: what a checkpoint of any known format looks like inside, and what it sees in pictures."""

from vit.commands.errors_at_end import exit_if_any

CHECKPOINT = "a run's folder or id, or a file or folder of weights of any known format"


def add(command):
    about = "draw what a checkpoint looks like inside: attention over images, its distances, filters, positions"
    inspect = command("inspect", inspect_command, about, scale=None)
    inspect.add_argument("checkpoint", help=CHECKPOINT)
    inspect.add_argument("images", nargs="+", metavar="image", help="picture files")
    inspect.add_argument("--out", metavar="DIR", help="folder to write to (default: a new one, inspect-NAME)")
    predict = command("predict", predict_command, "the most probable classes of pictures", scale=None)
    predict.add_argument("checkpoint", help=CHECKPOINT)
    predict.add_argument("images", nargs="+", metavar="image", help="picture files, and folders of them at any depth")
    predict.add_argument("--top", type=int, default=5, metavar="N", help="number of classes (default: %(default)s)")
    predict.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
    predict.add_argument(
        "--map", action="store_true", help="write NAME.map.png: the attention rollout over the picture"
    )
    predict.add_argument("--out", default=".", metavar="DIR", help="folder for maps and, of a folder, predictions.csv")


def inspect_command(arguments):
    from vit.inspect.command import inspect

    exit_if_any(inspect(arguments.checkpoint, arguments.images, arguments.out))


def predict_command(arguments):
    from vit.predict.predict import predict

    wanted = {"count": arguments.top, "json": arguments.json, "maps": arguments.map, "out": arguments.out}
    exit_if_any(predict(arguments.checkpoint, arguments.images, **wanted))
