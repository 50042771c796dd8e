"""Records of an event file: length and content, each followed by its checksum, a masked CRC-32C.

TensorBoard's own writer takes half a microsecond of Python for each byte of a checksum, which was most of the time of a
report. A CRC is linear, so that of a block is the exclusive or of its bytes' contributions, which stand in a table.
"""

import struct
from functools import cache

import numpy as np

POLYNOMIAL = 0x82F63B78  # Castagnoli, bits reversed
BLOCK = 1024  # bytes that are looked up at once


def record(content: bytes) -> bytes:
    return b"".join([header(len(content)), content, masked(checksum(content))])


@cache
def header(length: int) -> bytes:
    packed = struct.pack("<Q", length)
    return packed + masked(checksum(packed))


def masked(crc: int) -> bytes:
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def checksum(content: bytes) -> int:
    state, contributions = 0xFFFFFFFF, table()
    for start in range(0, len(content), BLOCK):
        block = np.frombuffer(content, np.uint8, min(BLOCK, len(content) - start), start).copy()
        block[:4] ^= np.frombuffer(struct.pack("<I", state), np.uint8)[: len(block)]
        looked_up = contributions[np.arange(len(block) - 1, -1, -1), block]
        state = state >> 8 * len(block) ^ int(np.bitwise_xor.reduce(looked_up))
    return state ^ 0xFFFFFFFF


@cache
def table() -> np.ndarray:
    """(BLOCK, 256): what a byte contributes that `row` further bytes follow."""
    last = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        last = np.where(last & 1, last >> 1 ^ np.uint32(POLYNOMIAL), last >> 1)
    rows = [last]
    while len(rows) < BLOCK:
        last = rows[0][last & 255] ^ last >> 8
        rows.append(last)
    return np.stack(rows)
