"""TensorBoard's event files, records of protobufs. A folder that holds one is a run in TensorBoard's list."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_FLOAT, DT_STRING
from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

from vit.report.tensorboard.records import record

FILE = "events.out.tfevents.0.report"


def write_events(folder: Path, values: Mapping[int, Iterable[Summary.Value]], time: float) -> None:
    """values: by step. time: in seconds since the epoch."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(event_bytes(values, time))


def event_bytes(values: Mapping[int, Iterable[Summary.Value]], time: float) -> bytes:
    """Equal values at equal times give equal bytes."""
    # Not tensorboard's SummaryWriter, which stamps events with the time of rendering.
    events = [Event(wall_time=time, file_version="brain.Event:2")]
    events += [Event(wall_time=time, step=step, summary=Summary(value=shown)) for step, shown in values.items()]
    return b"".join(record(event.SerializeToString()) for event in events)


def scalar(tag: str, value: float) -> Summary.Value:
    return Summary.Value(tag=tag, simple_value=value)


def picture(tag: str, png: bytes) -> Summary.Value:
    width, height = (int.from_bytes(png[start : start + 4]) for start in (16, 20))  # of a PNG's first chunk, IHDR
    return Summary.Value(tag=tag, image=Summary.Image(height=height, width=width, encoded_image_string=png))


def text(tag: str, markdown: str) -> Summary.Value:
    tensor = TensorProto(dtype=DT_STRING, tensor_shape={}, string_val=[markdown.encode()])
    return Summary.Value(tag=tag, metadata=of_plugin("text", TextPluginData()), tensor=tensor)


def hyper_parameters(tag: str, content: object) -> Summary.Value:
    """content: an HParamsPluginData. The plugin reads it from the metadata, but shows none without a value."""
    tensor = TensorProto(dtype=DT_FLOAT, tensor_shape={}, float_val=[0])
    return Summary.Value(tag=tag, metadata=of_plugin("hparams", content), tensor=tensor)


def of_plugin(name: str, content: object) -> SummaryMetadata:
    data = SummaryMetadata.PluginData(plugin_name=name, content=content.SerializeToString())
    return SummaryMetadata(plugin_data=data)
