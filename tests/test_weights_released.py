"""Published files: from a folder, or downloaded once, whole or not at all, from a real server on this machine."""

import base64
import hashlib
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from vit.errors import UserError
from vit.models import lookup
from vit.weights import released
from vit.weights.released import COLLECTIONS

CONTENT = np.random.default_rng(0).bytes(3 * 2**20)
PLACE = "vit_models/imagenet21k/ViT-B_16.npz"


class Bucket(BaseHTTPRequestHandler):
    """Serves CONTENT at PLACE, with ranges; `cuts` say after how many bytes the next connections end."""

    def do_GET(self):
        server = self.server
        server.asked.append(self.headers["Range"])
        if self.path != f"/{PLACE}":
            return self.send_error(404)
        start = int(re.match(r"bytes=(\d+)-", self.headers["Range"] or "bytes=0-")[1]) if server.ranges else 0
        if start >= len(CONTENT):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start + server.surplus))
        if server.md5:
            self.send_header("x-goog-hash", "crc32c=AAAAAA==")
            self.send_header("x-goog-hash", f"md5={base64.b64encode(server.md5).decode()}")
        self.end_headers()
        self.wfile.write(CONTENT[start:][: server.cuts.pop(0) if server.cuts else None])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def bucket():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.ranges, server.cuts, server.surplus, server.md5, server.asked = True, [], 0, None, []
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where the file comes to lie."""
    monkeypatch.setenv("VIT_DATA", str(tmp_path))
    monkeypatch.delenv("VIT_WEIGHTS", raising=False)
    return tmp_path / "weights" / PLACE


def get(bucket):
    return released("ViT-B/16", "imagenet21k", host=bucket.address)


def part(place):
    return place.with_name(f"{place.name}.part")


def assert_whole(place):
    assert place.read_bytes() == CONTENT and not part(place).exists()


def test_a_first_download_shows_progress_and_leaves_its_sha256(bucket, place, capsys):
    assert get(bucket) == place
    assert_whole(place)
    recorded = place.with_name(f"{place.name}.sha256").read_text()
    assert recorded == f"{hashlib.sha256(CONTENT).hexdigest()}  ViT-B_16.npz\n"
    assert "ViT-B_16.npz: 100%" in capsys.readouterr().err
    assert get(bucket) == place and bucket.asked == [None]  # the second time it is there


def test_a_file_that_changed_since_is_refused(bucket, place):
    get(bucket)
    place.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(UserError, match="sha256 differs from the one beside it; remove the file to download it again"):
        get(bucket)


def test_a_second_download_must_be_the_first_file_again(bucket, place):
    get(bucket)
    record = place.with_name(f"{place.name}.sha256")
    place.unlink()
    get(bucket)
    assert_whole(place)
    place.unlink()
    record.write_text(f"{'0' * 64}  {place.name}\n")
    with pytest.raises(UserError, match=f"sha256 differs from the first download's; remove {record} to accept"):
        get(bucket)
    assert not place.exists()


def test_a_cut_connection_is_taken_up_where_it_ended(bucket, place):
    bucket.cuts = [2**20, 2**19]
    get(bucket)
    assert_whole(place)
    assert bucket.asked == [None, f"bytes={2**20}-", f"bytes={2**20 + 2**19}-"]


def test_a_killed_download_goes_on_from_its_part(bucket, place):
    place.parent.mkdir(parents=True)
    part(place).write_bytes(CONTENT[:1000])
    get(bucket)
    assert_whole(place)
    assert bucket.asked == ["bytes=1000-"]


def test_a_server_without_ranges_sends_it_all_again(bucket, place):
    bucket.ranges, bucket.cuts = False, [2**20]
    get(bucket)
    assert_whole(place)


def test_a_part_longer_than_the_file_is_thrown_away(bucket, place):
    place.parent.mkdir(parents=True)
    part(place).write_bytes(CONTENT + b"more")
    get(bucket)
    assert_whole(place)


def test_a_wrong_length_is_never_taken_for_the_file(bucket, place):
    """The server promises more bytes than it has."""
    bucket.surplus = 10
    with pytest.raises(
        UserError, match=f"download failed: the server has no bytes after the first {len(CONTENT)}; or set"
    ):
        get(bucket)
    assert not place.exists()


def test_a_connection_that_ends_again_and_again_leaves_its_part(bucket, place):
    bucket.cuts = [1000, 0, 0, 0]
    with pytest.raises(UserError) as error:
        get(bucket)
    assert "the connection ended at 1000 of 3145728 bytes (1000 bytes are kept, the same command" in str(error.value)
    get(bucket)
    assert_whole(place)


def test_the_md5_that_googles_storage_states_is_checked(bucket, place):
    bucket.md5 = hashlib.md5(CONTENT).digest()
    get(bucket)
    place.unlink()
    part(place).write_bytes(b"0" * 1000)  # of another version of the file
    with pytest.raises(UserError, match=r"md5 differs from the server's"):
        get(bucket)
    assert not place.exists() and not part(place).exists()


def test_without_a_network_one_line_names_the_url_and_the_way_out(place):
    with pytest.raises(UserError) as error:
        released("ViT-B/16", "imagenet21k", host="http://127.0.0.1:9")
    line = str(error.value)
    assert line.startswith(f"http://127.0.0.1:9/{PLACE}: download failed: ") and "\n" not in line
    assert "set VIT_WEIGHTS to a folder with the file" in line and not place.exists()


def test_a_file_that_the_server_does_not_have(bucket, place):
    with pytest.raises(UserError, match=r"ViT-L_16.npz: download failed: .*Not Found"):
        released("ViT-L/16", "imagenet21k", host=bucket.address)
    assert len(bucket.asked) == 1


@pytest.mark.parametrize("where", [PLACE, "imagenet21k/ViT-B_16.npz", "ViT-B_16.npz"])
def test_vit_weights_is_a_folder_of_files_that_are_there_already(where, place, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_WEIGHTS", str(tmp_path / "mine"))
    file = tmp_path / "mine" / where
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    assert released("ViT-B/16", "imagenet21k") == file
    with pytest.raises(UserError) as error:
        released("ViT-L/16", "imagenet21k")
    line = str(error.value)
    assert "(VIT_WEIGHTS) has no vit_models/imagenet21k/ViT-L_16.npz" in line
    assert "https://storage.googleapis.com/vit_models/imagenet21k/ViT-L_16.npz" in line


def test_names_that_are_not_published_are_answered_with_those_that_are():
    with pytest.raises(UserError, match="unknown collection 'imagenet22k', did you mean 'imagenet21k'"):
        released("ViT-B/16", "imagenet22k")
    with pytest.raises(UserError, match=r"sam has no 'ViT-H/14'.*ViT-B/32, ViT-L/16"):
        released("ViT-H/14", "sam")


def test_every_published_model_can_be_created_and_every_path_is_there_once():
    paths = []
    for folder, files in COLLECTIONS.values():
        for name, file in files.items():
            lookup(name)
            paths.append(os.path.join(folder, file))
    assert len(paths) == len(set(paths)) == 59 and all(path.endswith(".npz") for path in paths)
