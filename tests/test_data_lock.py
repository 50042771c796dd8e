"""What is made once is made by one process; the others say what they wait for, and a kill leaves nobody waiting."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from archive_files import png

from data.disk.lock import Busy, locked
from data.disk.pack import packed
from data.pictures.decoded_once import readable_rows
from data.pictures.pictures import Files

FORK = multiprocessing.get_context("fork")


def started(task, *arguments):
    process = FORK.Process(target=task, args=arguments)
    process.start()
    return process


def until(happened, seconds=20):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def make_slowly(folder):
    def blocks():
        with (folder / "log").open("a") as log:
            log.write("made\n")
        time.sleep(0.3)
        yield np.full((2, 2, 2), 7, np.uint8)

    assert packed(folder / "x.npy", (2, 2, 2), blocks).sum() == 56


def test_three_processes_make_one_pack_and_those_that_wait_say_for_what(tmp_path, capfd):
    processes = [started(make_slowly, tmp_path) for _ in range(3)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert (tmp_path / "log").read_text() == "made\n"
    waiting = f"{tmp_path / 'x.npy'}: another process is making it; waiting for it"
    assert capfd.readouterr().err.splitlines() == [waiting] * 2


class Slow(Files):
    """Files that say in a log that they are read."""

    def encoded(self, index):
        with (self.folder / "log").open("a") as log:
            log.write(f"{index}\n")
        time.sleep(0.1)
        return super().encoded(index)


def look(folder):
    assert readable_rows(Slow([folder / "0.png", folder / "1.png"], folder), folder / "set", 0).tolist() == [0, 1]


def test_two_processes_try_each_picture_once_between_them(tmp_path, monkeypatch):
    monkeypatch.setattr(Slow, "folder", tmp_path, raising=False)
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    for process in [started(look, tmp_path) for _ in range(2)]:
        process.join()
        assert process.exitcode == 0
    assert sorted((tmp_path / "log").read_text().split()) == ["0", "1"]


def hold(path, child):
    """Under the lock it starts a process of its own, as a loader does, and neither comes to its end."""
    with locked(path):
        child.value = started(time.sleep, 60).pid
        time.sleep(60)


def test_a_lock_goes_with_its_process_although_a_worker_of_it_lives_on(tmp_path):
    child = FORK.Value("i", 0)
    process = started(hold, tmp_path / "x", child)
    until(lambda: child.value)
    try:
        with pytest.raises(Busy, match=r"x: another process is making it$"), locked(tmp_path / "x", wait=False):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with locked(tmp_path / "x", wait=False):
            os.kill(child.value, 0)  # it is still there
    finally:
        os.kill(child.value, signal.SIGKILL)
