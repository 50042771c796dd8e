"""The downloader of the data, from a real server on this machine: whole and right, or not there and one line."""

import hashlib
import multiprocessing
import time

import numpy as np
import pytest
from file_server import FileServer

from data.disk.lock import Busy
from data.fetch.download import Refused, Unreachable, Unwritable, WrongBytes, download

CONTENT = np.random.default_rng(0).bytes(3 * 2**20 + 5)
MD5, SHA256 = hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    with FileServer() as server:
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "set" / "images.zip"


def part(path):
    return path.with_name("images.zip.part")


def assert_whole(path):
    assert path.read_bytes() == CONTENT and not part(path).exists()
    assert path.with_name("images.zip.sha256").read_text() == f"{SHA256}  images.zip\n"


@pytest.mark.parametrize("checksum", [None, MD5, SHA256])
def test_a_file_comes_whole_with_progress_and_its_sha256_beside_it(server, path, capsys, checksum):
    download([server.serve("/a", CONTENT)], path, checksum=checksum)
    assert_whole(path)
    assert "images.zip: 100%" in capsys.readouterr().err


def test_what_came_before_an_interruption_is_not_asked_for_again(server, path):
    server.cuts = [2**20, 0, 2**19]
    download([server.serve("/a", CONTENT)], path, checksum=MD5)
    assert_whole(path)
    assert server.asked == [("/a", None), *[("/a", f"bytes={2**20}-")] * 2, ("/a", f"bytes={2**20 + 2**19}-")]


def test_a_killed_process_leaves_its_part_and_the_next_goes_on_from_there(server, path):
    path.parent.mkdir()
    part(path).write_bytes(CONTENT[:1000])
    download([server.serve("/a", CONTENT)], path, checksum=MD5)
    assert_whole(path)
    assert server.asked == [("/a", "bytes=1000-")]


def test_a_part_that_is_already_whole_is_not_asked_for_again(server, path):
    path.parent.mkdir()
    part(path).write_bytes(CONTENT)
    server.cuts = [0, 0, 0]  # not a byte is sent
    download([server.serve("/a", CONTENT)], path, checksum=MD5)
    assert_whole(path)


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server, path):
    path.parent.mkdir()
    part(path).write_bytes(CONTENT + b"more")
    download([server.serve("/a", CONTENT)], path, checksum=MD5)
    assert_whole(path)


def test_a_connection_that_brings_nothing_three_times_is_given_up_and_the_part_kept(server, path):
    server.cuts = [1000, 0, 0, 0]
    url = server.serve("/a", CONTENT)
    with pytest.raises(
        Unreachable, match=r"/a: download failed: .* 1000 of 3145733 bytes \(1000 bytes are kept, the same"
    ):
        download([url], path, checksum=MD5)
    assert part(path).read_bytes() == CONTENT[:1000] and not path.exists()


@pytest.mark.parametrize("checksum", [MD5, SHA256])
def test_wrong_bytes_are_refused_and_thrown_away(server, path, checksum):
    with pytest.raises(WrongBytes, match=r"^http.*/a: (md5|sha256) differs [^\n]*$"):
        download([server.serve("/a", CONTENT[:-1] + b"?")], path, checksum=checksum)
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".images.zip.lock"]


def test_a_mirror_takes_over_from_a_server_without_the_file_and_from_one_with_other_bytes(server, path):
    wrong, right = server.serve("/wrong", b"an error page"), server.serve("/right", CONTENT)
    download([f"{server.address}/gone", wrong, right], path, checksum=MD5)
    assert_whole(path)
    assert [asked for asked, _ in server.asked] == ["/gone", "/wrong", "/right"]


def test_a_mirror_goes_on_where_the_first_server_ended(server, path):
    server.cuts = [2**20, 0, 0, 0]
    download([server.serve("/a", CONTENT), server.serve("/b", CONTENT)], path, checksum=SHA256)
    assert_whole(path)
    assert server.asked[-1] == ("/b", f"bytes={2**20}-")


def test_when_no_mirror_has_it_one_line_says_why_of_each(server, path):
    with pytest.raises(Refused) as error:
        download([f"{server.address}/a", f"{server.address}/b"], path)
    line = str(error.value)
    assert "\n" not in line and line.count("download failed: ") == 2 and "/a:" in line and "/b:" in line


def test_without_a_known_checksum_the_first_download_counts(server, path):
    url = server.serve("/a", CONTENT)
    download([url], path)
    path.unlink()
    server.files["/a"] = b"something else"
    with pytest.raises(WrongBytes, match=r"sha256 differs .*; remove .*images\.zip\.sha256 to accept"):
        download([url], path)
    assert not path.exists() and not part(path).exists()


def test_a_full_disk_is_one_line_with_the_file_and_the_bytes_and_no_mirror_is_tried(server, path):
    path.parent.mkdir()
    part(path).symlink_to("/dev/full")  # the kernel's own full disk
    url = server.serve("/a", CONTENT)
    with pytest.raises(Unwritable) as error:
        download([url, url], path)
    assert str(error.value) == (
        f"{part(path)}: No space left on device: 0 of 3,145,733 bytes are kept;"
        " make room for 3,145,733 and run the same command again"
    )
    assert len(server.asked) == 1 and not path.exists() and part(path).is_symlink()


def in_a_process(url, path, wait, said):
    try:
        download([url], path, checksum=MD5, wait=wait)
        said.put("done")
    except Busy as error:
        said.put(str(error))


def test_of_two_processes_one_downloads_and_the_other_is_told_or_waits(server, path):
    processes, url = multiprocessing.get_context("fork"), server.serve("/a", CONTENT)
    first, second, third = processes.Queue(), processes.Queue(), processes.Queue()
    server.open.clear()

    def start(wait, said):
        process = processes.Process(target=in_a_process, args=(url, path, wait, said))
        process.start()
        return process

    running = [start(False, first)]
    while not server.asked:
        time.sleep(0.01)
    running.append(start(False, second))
    assert second.get(timeout=20) == f"{path}: another process is downloading it"
    running.append(start(True, third))
    server.open.set()
    assert [first.get(timeout=20), third.get(timeout=20)] == ["done", "done"]
    for process in running:
        process.join()
    assert_whole(path)
    assert len(server.asked) == 1
