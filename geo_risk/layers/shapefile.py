"""Shapefiles as they arrive: parts missing, text in any encoding, names cut at ten bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from . import encoding, signature
from .quality import Log

PARTS = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".shp.xml", ".qpj")


def missing_shp(path: Path) -> InputError:
    """The error for a shapefile without its .shp, which tells what to ask for."""
    name = path.with_suffix(".shp").name
    table = path.with_suffix(".dbf").name
    return InputError(
        f"{path.name}: the file {name} is missing, which holds the geometry. A shapefile is at least "
        f"{path.stem}.shp, {path.stem}.shx and {path.stem}.dbf: ask the sender for {name}. "
        f"Name {table} to take the attributes alone."
    )


def check(path: Path, shown: str, log: Log) -> None:
    """
    Tell what is missing beside a .shp, and refuse a set whose shapes and rows cannot be matched.

    Raises
    ------
    InputError
        If .shp and .dbf differ in their number of rows: every attribute might stand at the wrong shape.
    """
    index, table = path.with_suffix(".shx"), path.with_suffix(".dbf")
    if not index.exists():
        log.note("no_shx", detail=f"{Path(shown).stem}.shx")
    elif index.stat().st_size < 100 or index.read_bytes()[:4] != b"\x00\x00\x27\x0a":
        index.unlink()  # a copy; it is made anew from the .shp
        log.note("no_shx", detail=f"{Path(shown).stem}.shx")
    if not table.exists():
        log.note("no_dbf", detail=f"{Path(shown).stem}.dbf")
        return
    signature.check(table, ".dbf", Path(shown).with_suffix(".dbf").name)
    rows, shapes = signature.dbf_rows(table), _shapes(path)
    if rows != shapes:
        raise InputError(
            f"{shown}: {shapes:,} shapes, but {rows:,} rows in {Path(shown).stem}.dbf, so it cannot be told which "
            "belong together. The files are of different versions: ask for all of them again."
        )


def _shapes(path: Path) -> int:
    """Shapes of a .shp, by its index where there is one (8 bytes each behind 100), else by walking the records."""
    index = path.with_suffix(".shx")
    if index.exists():
        return (index.stat().st_size - 100) // 8
    count, at, size = 0, 100, path.stat().st_size
    with open(path, "rb") as file:
        while at + 8 <= size:
            file.seek(at + 4)
            at += 8 + 2 * max(0, int.from_bytes(file.read(4), "big", signed=True))
            count += 1
    return count


def decode(
    names: list[str], fields: list[Any], path: Path, log: Log, stated: str | None = None
) -> tuple[list[str], list[Any]]:
    """
    Field names and values read as Latin-1, in the encoding their bytes fit best, whatever the .cpg says.

    Half a character at the end of a name cut at ten bytes is dropped.
    """
    texts = [isinstance(values, np.ndarray) and values.dtype == object for values in fields]
    written = [v for values, text in zip(fields, texts, strict=True) if text for v in values]
    data = b"\n".join([*(_whole(_bytes(n)) for n in names), *map(_bytes, written)])
    if data.isascii():
        return names, fields
    beside = path.with_suffix(".cpg")
    cpg = re.sub(r"[^\w.-]", "", beside.read_text("ascii", "replace"))[:40] if beside.exists() else ""
    name, remark = encoding.guess(data, log.file, stated, cpg or _label(path))
    if name != "utf-8" or (cpg and cpg.upper().replace("-", "") not in ("UTF8", "65001")):
        log.note("encoding", detail=name.upper() + remark + (f" although the .cpg says {cpg}" if cpg else ""))
    decoded = [
        np.array([_text(v, name, "replace") for v in values], object) if text else values
        for values, text in zip(fields, texts, strict=True)
    ]
    return [str(_text(n, name, "ignore")) for n in names], decoded


_LANGUAGES = {0x4D: "936", 0x4F: "950"}  # language byte of a dBASE table -> code page


def _label(path: Path) -> str:
    """What a table without .cpg says of its texts: the language byte of its .dbf, the character set of MapInfo."""
    if path.suffix in (".tab", ".mif"):
        found = re.search(rb'charset\s+"?(\w+)', path.read_bytes()[:1000], re.IGNORECASE)
        return found[1].decode() if found else ""
    table = path.with_suffix(".dbf")
    if not table.exists():
        return ""
    with open(table, "rb") as file:
        head = file.read(30)
    return _LANGUAGES.get(head[29], "") if len(head) == 30 else ""


def _bytes(value: object) -> bytes:
    return value.encode("latin-1", "replace") if isinstance(value, str) else b""


def _whole(name: bytes) -> bytes:
    """A field name without the half character at its end, which would speak against its encoding."""
    for codec, longest in (("utf-8", 3), ("gb18030", 1), ("cp950", 1)):
        for cut in range(longest + 1):
            try:
                name[: len(name) - cut].decode(codec)
            except UnicodeDecodeError:
                continue
            return name[: len(name) - cut]
    return name


def _text(value: object, name: str, errors: str) -> object:
    return _bytes(value).decode(name, errors) if isinstance(value, str) else value
