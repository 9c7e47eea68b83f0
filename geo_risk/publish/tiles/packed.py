"""Byte strings one after another in one array: what millions of small ``bytes`` would be too slow and too heavy for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Packed:
    """N byte strings: the i-th is ``data[offset[i]:offset[i + 1]]``; ``offset`` is (N + 1,)."""

    data: Bytes
    offset: Ints

    def __len__(self) -> int:
        return len(self.offset) - 1

    def __getitem__(self, i: int) -> bytes:
        return self.data[self.offset[i] : self.offset[i + 1]].tobytes()

    def joined(self, which: Ints) -> Bytes:
        """The strings ``which``, one after another."""
        return _joined(self.data, self.offset, which)


def packed(parts: Iterable[bytes]) -> Packed:
    """``parts`` as one array."""
    parts = list(parts)
    sizes = np.fromiter(map(len, parts), np.int64, len(parts))
    return Packed(np.frombuffer(b"".join(parts), np.uint8), np.concatenate(([0], np.cumsum(sizes))))


def text_array(texts: Any) -> pa.LargeStringArray:
    """A column of texts as an Arrow array; half a surrogate pair, which UTF-8 has not, becomes a question mark."""
    try:
        array = pa.array(texts, pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:
        plain = [t.encode("utf-8", "replace").decode() if isinstance(t, str) else None for t in texts]
        array = pa.array(plain, pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def packed_text(texts: pa.LargeStringArray) -> Packed:
    """The texts in UTF-8, without a copy; missing ones are empty."""
    _, offsets, data = texts.buffers()
    offset = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return Packed(np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8), offset)


def chained(parts: Iterable[Packed]) -> Packed:
    """The strings of all ``parts``, in order."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    ends, offsets = 0, [np.zeros(1, np.int64)]
    for part in parts:
        offsets.append(part.offset[1:] - part.offset[0] + ends)
        ends += int(part.offset[-1] - part.offset[0])
    pieces = [part.data[part.offset[0] : part.offset[-1]] for part in parts]
    return Packed(np.concatenate([np.empty(0, np.uint8), *pieces]), np.concatenate(offsets))


@njit(cache=True, nogil=True)
def _joined(data: Bytes, offset: Ints, which: Ints) -> Bytes:
    size = 0
    for i in which:
        size += offset[i + 1] - offset[i]
    out = np.empty(size, np.uint8)
    at = 0
    for i in which:
        for k in range(offset[i], offset[i + 1]):
            out[at] = data[k]
            at += 1
    return out
