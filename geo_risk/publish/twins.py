"""
The texts of a site packed beforehand: beside each its twins .br and .gz, for servers that send such files.

Tiles stay as they are, being read in ranges, and so do downloads and the pieces in js/, which are packed inside.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli

from ..parallel import ahead

# Of brotli's 11 levels the one before the slow ones: a tenth more bytes, in a twentieth of the time. Of what is long
# (an index of a million names), a sixth of that for another tenth.
_BROTLI, _GZIP = (9, 5), (9, 6)
_LONG = 4_000_000
# Content coding -> (ending of the twin, how it is packed, how it is read); the better first.
CODINGS: dict[str, tuple[str, Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "br": (".br", lambda data: brotli.compress(data, quality=_BROTLI[len(data) > _LONG]), brotli.decompress),
    "gzip": (".gz", lambda data: gzip.compress(data, _GZIP[len(data) > _LONG], mtime=0), gzip.decompress),
}
_FOLDERS = (".", "assets", "data")
_TEXTS = (".html", ".js", ".css", ".txt")


def texts(folder: Path) -> list[Path]:
    """The files of a site that have twins."""
    there = [p for name in _FOLDERS for p in sorted((folder / name).glob("*"))]
    return [p for p in there if p.is_file() and p.suffix in _TEXTS]


def write_twins(folder: Path) -> None:
    """Write the twins of a site's texts; equal texts get equal twins."""
    twins = [(path, ending, pack) for path in texts(folder) for ending, pack, _ in CODINGS.values()]

    def write(twin: tuple[Path, str, Callable[[bytes], bytes]]) -> None:
        path, ending, pack = twin
        path.with_name(path.name + ending).write_bytes(pack(path.read_bytes()))

    for _ in ahead(write, twins):
        pass


def is_twin(path: Path) -> bool:
    """Whether the file is named as the twin of a text beside it."""
    return path.suffix in {ending for ending, _, _ in CODINGS.values()} and path.with_suffix("").is_file()


def twin_problems(folder: Path) -> Iterator[str]:
    """Twins that are missing or hold something else than their texts."""
    for path in texts(folder):
        for ending, _, unpack in CODINGS.values():
            twin = path.with_name(path.name + ending)
            if not twin.is_file() or _read(twin, unpack) != path.read_bytes():
                yield f"{path.relative_to(folder).as_posix()}{ending} is missing or differs from its text"


def _read(path: Path, unpack: Callable[[bytes], bytes]) -> Any:
    try:
        return unpack(path.read_bytes())
    except (brotli.error, OSError, EOFError):
        return None


def twin_of(path: Path, accepted: Callable[[str], bool]) -> tuple[str, str] | None:
    """(content coding, name of the twin) of the best that is ``accepted`` and there."""
    for coding, (ending, _, _) in CODINGS.items():
        if accepted(coding) and path.with_name(path.name + ending).is_file():
            return coding, path.name + ending
    return None
