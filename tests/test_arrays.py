"""arrays.npz: what a run leaves beside its record, written whole or not at all."""

import numpy as np
import pytest

from vit.arrays import FILE, read_arrays, write_arrays
from vit.errors import UserError

ARRAYS = {"distance": np.arange(6.0).reshape(2, 3), "images": np.zeros((1, 2, 2, 3), np.uint8)}


def test_arrays_come_back_with_their_types(tmp_path):
    shapes = write_arrays(tmp_path, ARRAYS)
    assert shapes == {"distance": [2, 3], "images": [1, 2, 2, 3]}
    read = read_arrays(tmp_path, shapes)
    for name, array in ARRAYS.items():
        assert read[name].dtype == array.dtype and np.array_equal(read[name], array)


def test_equal_arrays_give_equal_bytes(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        write_arrays(tmp_path / name, ARRAYS)
    assert (tmp_path / "a" / FILE).read_bytes() == (tmp_path / "b" / FILE).read_bytes()


def test_a_run_without_arrays_leaves_no_file(tmp_path):
    assert write_arrays(tmp_path, {}) == {} and not (tmp_path / FILE).exists()


@pytest.mark.parametrize("damage", [b"", b"no archive", "cut", "other"])
def test_a_damaged_file_is_told_with_what_to_do(tmp_path, damage):
    shapes = write_arrays(tmp_path, ARRAYS)
    whole = (tmp_path / FILE).read_bytes()
    if damage == "other":
        shapes = {**shapes, "distance": [3, 2]}
    else:
        (tmp_path / FILE).write_bytes(whole[:-40] if damage == "cut" else damage)
    with pytest.raises(UserError, match=r"arrays\.npz: damaged.*delete .*metrics\.json") as error:
        read_arrays(tmp_path, shapes)
    assert "\n" not in str(error.value)


def test_a_byte_that_changed_is_damage(tmp_path):
    shapes = write_arrays(tmp_path, ARRAYS)
    whole = bytearray((tmp_path / FILE).read_bytes())
    whole[70] ^= 255  # inside the first array
    (tmp_path / FILE).write_bytes(whole)
    with pytest.raises(UserError, match="damaged"):
        read_arrays(tmp_path, shapes)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match=r"arrays\.npz: missing"):
        read_arrays(tmp_path, {"distance": [2, 3]})
