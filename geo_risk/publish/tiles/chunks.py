"""An archive cut into scripts, for file:// and servers without range requests."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

# Divisible by 3, so that no piece but the last is padded.
CHUNK_BYTES = 384 * 1024
_PIECE = re.compile(r'GEO_RISK_CHUNK\("([^"\\]+)", (\d+), "([A-Za-z0-9+/=]*)"\);\n?')


def write_chunks(archive: Path, folder: Path, source: str) -> int:
    """Cut ``archive`` into ``folder``/0.js, 1.js, ... of `CHUNK_BYTES` each and return their number."""
    folder.mkdir(parents=True)
    data = archive.read_bytes()
    count = max(1, -(-len(data) // CHUNK_BYTES))
    for n in range(count):
        piece = base64.b64encode(data[n * CHUNK_BYTES : (n + 1) * CHUNK_BYTES]).decode("ascii")
        text = f'GEO_RISK_CHUNK({json.dumps(source)}, {n}, "{piece}");\n'
        (folder / f"{n}.js").write_text(text, encoding="ascii", newline="\n")
    return count


def read_chunks(folder: Path, source: str, count: int) -> Iterator[bytes]:
    """
    The pieces of an archive that the scripts in ``folder`` hold.

    Raises
    ------
    ValueError
        If a piece is missing, out of order, of another source, or holds anything but data.
    """
    for n in range(count):
        path = folder / f"{n}.js"
        match = _PIECE.fullmatch(path.read_text(encoding="ascii")) if path.is_file() else None
        if match is None or match[1] != source or int(match[2]) != n:
            raise ValueError(f"{folder.name}/{n}.js is missing or not piece {n} of '{source}'")
        yield base64.b64decode(match[3])
