"""Records of event files are those of TensorBoard's own writer, byte for byte."""

import io

import numpy as np
import pytest
from tensorboard.summary.writer.record_writer import RecordWriter

from vit.report.tensorboard.records import BLOCK, checksum, record


def test_the_published_checksum_of_the_digits():
    assert checksum(b"123456789") == 0xE3069283  # the check value of CRC-32C (Castagnoli)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 60, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 3, 3 * BLOCK + 700])
def test_a_record_has_the_bytes_that_tensorboard_writes(length):
    content = np.random.default_rng(length).bytes(length)
    written = io.BytesIO()
    RecordWriter(written).write(content)
    assert record(content) == written.getvalue()
