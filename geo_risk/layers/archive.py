"""ZIP archives as they arrive (names in GBK, folders, rubbish) and as they should not (bombs, links, ways out)."""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import InputError
from . import limits

_DAMAGED = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError, ValueError)


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name: UTF-8 where it is flagged or fits, else GBK, in which Windows here writes them."""
    written = info.orig_filename.partition("\x00")[0]
    if not info.flag_bits & 0x800:
        try:
            data = written.encode("cp437")
        except UnicodeEncodeError:
            data = b""
        for encoding in ("utf-8", "gb18030"):
            try:
                written = data.decode(encoding) or written
                break
            except UnicodeDecodeError:
                continue
    return written.replace("\\", "/")


def contents(path: Path, shown: str | None = None) -> dict[str, zipfile.ZipInfo]:
    """
    The files in an archive by name, without folders and what systems leave behind (__MACOSX, Thumbs.db, dot files).

    Raises
    ------
    InputError
        If it is damaged, too large or too densely packed, or a name leads out of it.
    """
    shown = shown or path.name
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except _DAMAGED as error:
        raise InputError(f"{shown}: the archive cannot be opened ({error}). Ask for it again.") from error
    if len(infos) > limits.ARCHIVE_MEMBERS:
        raise InputError(
            f"{shown}: {len(infos):,} files; at most {limits.ARCHIVE_MEMBERS:,} are unpacked. Name the files."
        )
    total, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if total > limits.UNPACKED_BYTES:
        raise InputError(
            f"{shown}: unpacks to more than {limits.UNPACKED_BYTES >> 30} GB. Unpack it and name the files."
        )
    if total > limits.RATIO_FREE_BYTES and total > limits.PACKED_RATIO * max(packed, path.stat().st_size, 1):
        raise InputError(
            f"{shown}: packed {total // max(packed, 1)} to 1, as no data are, and not unpacked. "
            "If you trust the sender, unpack it and name the files."
        )
    found = {_name(i): i for i in infos}
    for name, info in found.items():
        _refuse_way_out(shown, name, info)
    return {n: i for n, i in found.items() if not n.endswith("/") and not _rubbish(n)}


def _refuse_way_out(shown: str, name: str, info: zipfile.ZipInfo) -> None:
    link = stat.S_ISLNK(info.external_attr >> 16)
    if link or name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        what = "is a link" if link else "leads out of the archive"
        raise InputError(f"{shown}: the member {name!r} {what}, so the archive is not unpacked. Ask for a plain one.")


def _rubbish(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith((".", "~$")) or parts[-1].lower() in ("thumbs.db", "desktop.ini")


@contextmanager
def unpacked(path: Path, names: dict[str, str], shown: str | None = None) -> Iterator[Path]:
    """A temporary folder with the members ``names`` (member -> plain path in the folder)."""
    found = contents(path, shown)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        for name, plain in names.items():
            target = Path(folder) / plain
            target.parent.mkdir(parents=True, exist_ok=True)
            _extract(shown or path.name, archive, found[name], target)
        yield Path(folder)


def _extract(shown: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """Copy one member out; zipfile reads no more than the size it states, which `contents` has judged."""
    try:
        with archive.open(info) as source, open(target, "wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except _DAMAGED as error:
        raise InputError(
            f"{shown}: '{_name(info)}' cannot be unpacked ({error}). If the archive has a password, unpack it "
            "and name the files; if it is damaged, ask for it again."
        ) from error


_REFERENCE = re.compile(
    rb"<(?:\w+:)?(c|row|mergeCell)\b[^>]*?\b(?:r|ref)\s*=\s*[\"'](?:[A-Z]{1,3}\d+:)?([A-Z]{0,3})(\d+)[\"']"
)


def check_workbook(path: Path) -> None:
    """
    Refuse an XLSX that would unpack without bound or whose cells reach too far; others pass.

    The dimension a sheet declares may lie, so the cells and merged ranges themselves are looked at.
    """
    for name, info in contents(path).items():
        if not name.endswith((".xml", ".rels")):
            continue
        column, row = _reach(path, info)
        if column * row > limits.WORKBOOK_CELLS:
            raise InputError(
                f"{path.name}: {name} reaches to row {row:,} and column {column:,}, more than "
                f"{limits.WORKBOOK_CELLS:,} cells. Delete the empty rows and columns behind the data and save it again."
            )


def _reach(path: Path, info: zipfile.ZipInfo) -> tuple[int, int]:
    """(last column, last row) that an XML part names, read in pieces; refuses entities."""
    column = row = 0
    rest = b""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(info) as part:
            while piece := part.read(1 << 20):
                text = rest + piece
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                    raise InputError(f"{path.name}: the workbook declares XML entities. Save it again as XLSX.")
                for _, letters, digits in _REFERENCE.findall(text):
                    column, row = max(column, _column(letters)), max(row, int(digits[:8]))
                rest = text[-200:]
    except _DAMAGED as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name}: the workbook cannot be opened ({error}). Save it again as XLSX.") from error
    return max(column, 1), row


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
