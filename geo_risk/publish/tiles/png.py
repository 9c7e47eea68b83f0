"""Palette PNG: the few chunks a tile needs, in the same bytes every time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def palette_png(codes: NDArray[np.uint8], palette: Sequence[tuple[int, int, int]]) -> bytes:
    """
    ``codes`` (rows, cols) as an 8-bit palette PNG; code 0 is transparent.

    Raises
    ------
    ValueError
        If a code has no colour.
    """
    if codes.max(initial=0) >= len(palette):
        raise ValueError(f"code {codes.max()} has no colour among {len(palette)}")
    rows, cols = codes.shape
    lines = np.zeros((rows, cols + 1), np.uint8)  # each line starts with filter type 0
    lines[:, 1:] = codes
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", cols, rows, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(np.array(palette, np.uint8).tobytes())),
            _chunk(b"tRNS", b"\x00"),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def read_codes(png: bytes) -> NDArray[np.uint8]:
    """
    The codes (rows, cols) of a PNG that `palette_png` wrote.

    Raises
    ------
    ValueError
        If it is any other kind of PNG.
    """
    cols, rows, depth, color, *_ = struct.unpack(">IIBBBBB", png[16:29])
    start = png.find(b"IDAT")
    if (depth, color) != (8, 3) or start < 0:
        raise ValueError("not a palette PNG of this package")
    (size,) = struct.unpack(">I", png[start - 4 : start])
    lines = np.frombuffer(zlib.decompress(png[start + 4 : start + 4 + size]), np.uint8).reshape(rows, cols + 1)
    if lines[:, 0].any():
        raise ValueError("not a palette PNG of this package")
    return lines[:, 1:]
