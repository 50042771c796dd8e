"""TensorBoard shows each update once, in both of its readers: the one in Rust and, where that is missing, the one in Python."""

import time
from collections import Counter
from contextlib import contextmanager

import pytest
from folder_runs import Break, SavesEvery, smoke_config, trained_in
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.data.server_ingester import SubprocessServerDataIngester, get_server_binary
from tensorboard.util.grpc_util import ChannelCredsType

from vit.run.loggers import TensorBoardEvents

UPDATES = 40


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """The folder of a run that broke off six updates after a checkpoint and went on."""
    folder = tmp_path_factory.mktemp("events") / "run"
    folder.mkdir()
    for callbacks in ([Break(26)], []):
        config = smoke_config("pretrain-ViT-B-16-fractals-160")
        config["trainer"]["max_steps"] = UPDATES
        try:
            trained_in(folder, config, SavesEvery(folder, 10), *callbacks)
        except RuntimeError as error:
            assert str(error) == "broken off"
    assert len(list(folder.glob("events.out.tfevents.*"))) >= 2
    return folder


@contextmanager
def python_reader(folder):
    events = EventMultiplexer(tensor_size_guidance={"scalars": 0})
    events.AddRunsFromDirectory(str(folder)).Reload()
    yield MultiplexerDataProvider(events, str(folder))


@contextmanager
def rust_reader(folder):
    ingester = SubprocessServerDataIngester(
        server_binary=get_server_binary(), logdir=str(folder), reload_interval=0,
        channel_creds_type=ChannelCredsType.LOCAL, samples_per_plugin={"scalars": 0},
    )  # fmt: skip
    ingester.start()
    yield ingester.data_provider


def steps_of(provider, run):
    what = {"experiment_id": "", "plugin_name": "scalars", "downsample": 10_000}
    steps, before = [], None
    while not steps or steps != before:  # the Rust reader answers before it has read everything
        time.sleep(0.3)
        runs = provider.read_scalars(RequestContext(), **what)
        steps, before = [event.step for event in runs.get(run, {}).get("train_loss", [])], steps
    return steps


@pytest.mark.parametrize("reader", [python_reader, rust_reader])
def test_after_a_resume_each_update_is_shown_once(resumed, reader):
    with reader(resumed.parent) as provider:
        assert Counter(steps_of(provider, resumed.name)) == Counter(range(UPDATES))


def test_files_of_one_second_are_read_in_the_order_of_the_process_that_wrote_them(tmp_path):
    for first, last in ((0, 5), (3, 6)):
        events = TensorBoardEvents(tmp_path)
        events.resume_from(first)
        for step in range(first, last):
            events.log_metrics({"train_loss": 1.0}, step)
        events.finalize("success")
        events.log_metrics({"test_loss": 1.0}, last)
        events.close()
        files = sorted(tmp_path.glob("events*"))
        if first == 0:  # a name that would be the last of its second
            files[0].rename(f"{files[0]}999999")
    assert len(files) == 2
    with python_reader(tmp_path) as provider:
        assert steps_of(provider, ".") == list(range(6))
