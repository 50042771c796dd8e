"""A folder of pictures and arrays, each file written completely or not at all."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import time

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from vit.atomic import atomic_write
from vit.inspect.pictures_below import ARRAYS
from vit.inspect.writing import writing
from vit.report.pictures.style import LOOK

EVENTS = "events.out.tfevents.0.inspect"
DOTS_PER_INCH = 130


class Folder:
    """Writes into a folder, which is made if it is missing; prints the path of each file."""

    def __init__(self, path: Path):
        self.path, self.pictures = path, []
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)

    def picture(self, name: str, draw: Callable[..., Figure], *arguments, **options) -> None:
        """NAME.png of what `draw` returns for the arguments; NAME may lie in folders, which are made."""
        with matplotlib.rc_context(LOOK), warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)  # a box says it, too
            figure = draw(*arguments, **options)
            with self.file(f"{name}.png") as path:
                figure.savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        self.pictures.append(name)

    def arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        with self.file(ARRAYS) as path, open(path, "wb") as file:
            np.savez_compressed(file, **arrays)

    def events(self) -> None:
        """All pictures for TensorBoard's page of images."""
        with self.file(EVENTS) as path, open(path, "wb") as file:
            writer = RecordWriter(file)
            writer.write(Event(wall_time=time(), file_version="brain.Event:2").SerializeToString())
            for name in self.pictures:
                data = (self.path / f"{name}.png").read_bytes()
                with Image.open(self.path / f"{name}.png") as picture:
                    width, height = picture.size
                image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=data)
                tag = f"inspect/{name}".encode(errors="backslashreplace").decode()  # a file name may be any bytes
                value = Summary.Value(tag=tag, image=image)
                writer.write(Event(wall_time=time(), step=0, summary=Summary(value=[value])).SerializeToString())

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        path = self.path / name
        with writing(path), atomic_write(path) as temporary:
            yield temporary
        print(path, flush=True)
