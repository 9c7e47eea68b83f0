"""Rows set aside, as a file a person can mend and import again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from csv import writer
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..store import write_text
from .headers import known
from .quality import Issue
from .raw import Raw

ADDED = ("行号", "问题", "处理建议")  # last columns of the file; not data when it comes back
SURPLUS = "多出的单元格"  # cells beyond the header, where a row had any

# A spreadsheet would compute a cell that begins so (OWASP, "CSV Injection"); plain numbers are harmless.
_FORMULA = re.compile(r"^'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"^'+[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"^[-+]?[\d.,]+%?$")
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|#\x7f]')  # what some file system or '#sublayer' forbids in a name
_LONGEST = 60  # characters of a file's name, within the 255 bytes every file system allows


@dataclass(frozen=True)
class Written:
    """What was read of a file, before any row was taken out: see `Raw`."""

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    geometry: NDArray[np.object_] | None

    @classmethod
    def of(cls, raw: Raw) -> Written:
        """The rows of ``raw`` as they are now (shared, not copied: `Raw.take` makes new tables)."""
        return cls(raw.frame, raw.rows, raw.geometry)


def returned(raw: Raw) -> None:
    """Undo, in a mended rejects file that comes back as a source, what `write_rejects` added."""
    if not set(ADDED) <= set(raw.frame.columns):
        return
    raw.frame = raw.frame.drop(columns=[*ADDED, *({SURPLUS} & set(raw.frame.columns))])
    raw.labels = {h: label for h, label in raw.labels.items() if h not in (*ADDED, SURPLUS)}
    if raw.geometry is None:
        raw.frame = raw.frame.map(lambda v: v[1:] if isinstance(v, str) and _ESCAPED.match(v) else v)
    raw.log.note("rejects_back", detail=", ".join(ADDED))


def write_rejects(folder: Path, raw: Raw, written: Written, given: Mapping[str, str], taken: set[str]) -> str:
    """
    Write the rejected rows of one file to ``folder`` and return the file's name, '' if there are none.

    A table becomes CSV (UTF-8 with a byte mark), a file of shapes GeoJSON with its own coordinates;
    both keep what was written and add the row, the problems and what to do. Cells a spreadsheet
    would take for a formula get an apostrophe, which `returned` takes off again. ``given`` are
    the user's columns; ``taken`` the names already used, which grows.
    """
    problems = _problems(raw)
    if not problems:
        return ""
    plain = written.geometry is None
    text = _csv(raw, written, problems, given) if plain else _geojson(raw, written, problems)
    name = _name(raw, ".csv" if plain else ".geojson", taken)
    write_text(folder / name, text)
    return name


def _problems(raw: Raw) -> dict[int, list[Issue]]:
    """Row -> why it was set aside."""
    out: dict[int, list[Issue]] = {}
    for issue in raw.log.issues:
        if issue.action == "rejected" and issue.row is not None:
            out.setdefault(issue.row, []).append(issue)
    return dict(sorted(out.items()))


def _index(written: Written, problems: Mapping[int, list[Issue]]) -> dict[int, int]:
    """Row -> its index in the table, for the rows with problems that are in it."""
    return {int(written.rows[i]): int(i) for i in np.flatnonzero(np.isin(written.rows, list(problems)))}


def _name(raw: Raw, ending: str, taken: set[str]) -> str:
    part = f"_{raw.sublayer}" if raw.sublayer and raw.sublayer != raw.path.stem else ""
    stem = _UNSAFE.sub("_", raw.path.stem + part)[:_LONGEST]
    name, number = stem + ending, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}{ending}"
    taken.add(name.casefold())
    return name


def _told(issues: Sequence[Issue], columns: Mapping[str, str]) -> tuple[str, str]:
    """Problems, each with the file's own header, and what to do."""
    headers = [columns.get(i.column, i.column) for i in issues]
    where = [f"{h}：{i.problem_zh}" if h else i.problem_zh for h, i in zip(headers, issues, strict=True)]
    return "；".join(dict.fromkeys(where)), "；".join(dict.fromkeys(i.suggestion[1] for i in issues))


def _csv(raw: Raw, written: Written, problems: Mapping[int, list[Issue]], given: Mapping[str, str]) -> str:
    frame, unread = written.frame, dict(raw.unread)
    width = len(frame.columns)
    place = _index(written, problems)
    surplus = any(len(cells) > width for cells in unread.values())
    out = StringIO()
    lines = writer(out)  # CRLF, as spreadsheets write; a lone CR in a cell is quoted too
    lines.writerow([*(_header(str(h), raw, given) for h in frame.columns), *([SURPLUS] if surplus else ()), *ADDED])
    for row, issues in problems.items():
        cells = list(map(_cell, frame.iloc[place[row]])) if row in place else unread.get(row, [])
        line = [*cells[:width], *[""] * (width - len(cells)), *([" | ".join(cells[width:])] if surplus else ())]
        lines.writerow([*map(_harmless, line), row, *_told(issues, raw.log.columns)])
    return "\ufeff" + out.getvalue()


def _header(name: str, raw: Raw, given: Mapping[str, str]) -> str:
    """The header, or its second heading where only that one is known: one line must do in the new file."""
    label = raw.labels.get(name, "")
    return label if label and not known(name, given.values()) and known(label) else name


def _cell(value: Any) -> str:
    return "" if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) else str(value)


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _PLAIN_NUMBER.match(cell) else cell


def _geojson(raw: Raw, written: Written, problems: Mapping[int, list[Issue]]) -> str:
    """One feature a line, in the file's own coordinates, whose system an old ``crs`` member names."""
    assert written.geometry is not None
    unread = dict(raw.unread)
    place = _index(written, problems)
    features = []
    for row, issues in problems.items():
        if row in place:
            cells = {str(k): _plain(v) for k, v in written.frame.iloc[place[row]].items()}
            feature = _feature(cells, written.geometry[place[row]])
        else:
            feature = _as_read(unread.get(row, [""])[0])
        feature["properties"] |= dict(zip(ADDED, (row, *_told(issues, raw.log.columns)), strict=True))
        features.append(json.dumps(feature, ensure_ascii=False, allow_nan=False))
    crs = json.dumps({"type": "name", "properties": {"name": raw.crs}}, ensure_ascii=False)
    system = f'"crs": {crs},\n' if raw.crs else ""
    body = ",\n".join(features)
    return f'{{"type": "FeatureCollection",\n{system}"features": [\n{body}\n]}}\n'


def _feature(properties: dict[str, Any], shape: shapely.Geometry | None) -> dict[str, Any]:
    """A feature; a shape whose numbers JSON cannot hold goes as WKT."""
    if shape is not None and not np.isfinite(shapely.get_coordinates(shape)).all():
        properties, shape = {**properties, "WKT": shape.wkt}, None
    if isinstance(shape, shapely.LinearRing):
        shape = shapely.LineString(shape)
    geometry = None if shape is None else json.loads(shapely.to_geojson(shape))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _as_read(text: str) -> dict[str, Any]:
    """A feature that could not be read, as it stands in the file."""
    try:
        feature = json.loads(text)
        return {**feature, "properties": dict(feature.get("properties") or {})}
    except (ValueError, TypeError, AttributeError):
        return {"type": "Feature", "properties": {"原文": text} if text else {}, "geometry": None}


def _plain(value: Any) -> Any:
    """A value JSON can hold: numpy's numbers as Python's, missing as null, anything else as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
