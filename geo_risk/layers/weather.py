"""Wind for the spread of gas: a wind rose, or hourly weather counted into one.

Hourly files are EPW (.epw), TMY3 (.csv) and plain CSV with time, direction and speed, each also as .gz.
Stability classes follow EPA-454/R-99-005, see standards/stability_pasquill.csv.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import standards
from ..errors import InputError
from .encoding import decode
from .quality import FileReport, Log
from .text import key, plain

COLUMNS = ["period", "direction_deg", "speed_mps", "stability", "share"]
SECTOR_DEG = 22.5  # 16 sectors, the first centred on north
FASTEST_MPS = 75.0  # the strongest ten-minute wind ever measured is below this (judgement)
_SUM_TOLERANCE = 0.05  # shares may miss 1 by rounding or a rejected row; beyond it the file is wrong
_ENDINGS = (".epw", ".csv", ".epw.gz", ".csv.gz")
_SECTORS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_SECTORS_ZH = ("北", "北东北", "东北", "东东北", "东", "东东南", "东南", "南东南",
               "南", "南西南", "西南", "西西南", "西", "西西北", "西北", "北西北")  # fmt: skip
_CALM = frozenset(("c", "calm", "静风", "静"))
_WORDS = {
    **{key(w): i * SECTOR_DEG for i, w in enumerate(_SECTORS)},
    **{key(w): i * SECTOR_DEG for i, w in enumerate(_SECTORS_ZH)},
}
_HEADERS = {
    "time": ("时间", "日期", "日期时间", "观测时间", "time", "datetime", "date"),
    "direction": ("风向角", "风向角度", "风向度", "风向", "风向方位", "风向风速", "方位", "direction",
                  "wind_direction", "wdir", "wind_dir", "direction_deg"),
    "speed": ("风速", "平均风速", "speed", "wind_speed", "wspd", "speed_mps"),
    "stability": ("稳定度", "大气稳定度", "稳定度等级", "stability", "pasquill"),
    "share": ("频率", "占比", "风频", "share", "frequency", "percent"),
    "radiation": ("总辐射", "太阳辐射", "辐射", "ghi", "radiation", "solar_radiation"),
    "cloud": ("总云量", "云量", "cloud", "cloud_cover", "totcld"),
}  # fmt: skip
_BRACKET = re.compile(r"[(（\[].*?[)）\]]")
_RANGE = re.compile(r"^(\d+(?:\.\d+)?)\s*[-~～—–]\s*(\d+(?:\.\d+)?)$")
_OPEN = re.compile(r"^(?:>=?|≥|＞)\s*(\d+(?:\.\d+)?)$|^(\d+(?:\.\d+)?)\s*(?:以上|\+)$")
# EPW fields (EnergyPlus, Auxiliary Programs, EPW data dictionary): position and the code for "missing".
_EPW = {"radiation": (13, 9999.0), "direction": (20, 999.0), "speed": (21, 999.0), "cloud": (22, 99.0)}
_EPW_HEAD = 8  # lines before the data
_HEAD_BYTES = 65_536  # of a file, to see whether it is weather
_OTHER_SPEED = re.compile(r"km|knot|kt|mph|节", re.IGNORECASE)
_CLOUD_UNITS = ((re.compile(r"%"), 0.01), (re.compile(r"成|tenths"), 0.1), (re.compile(r"okta|八分|1/8"), 0.125))


def load_wind(path: Path) -> tuple[pd.DataFrame, FileReport]:
    """
    A wind rose as schema.RESULTS["wind_rose"], and the report of its rows.

    Columns period ("day", "night", "all"), direction_deg (where the wind comes from, NaN when calm), speed_mps,
    stability ("A" to "F", None where it cannot be told) and share, which sums to 1. Rows are sorted.

    Raises
    ------
    InputError
        If the file is none of the kinds, or its shares do not sum to 1 or 100 %.
    """
    log = Log(path.name, "weather")
    kind, rows = _open(path)
    if kind == "epw":
        table, read = _hourly(_epw(rows), log)
    elif kind == "tmy3":
        table, read = _hourly(_columns(rows, 1, 2), log)
    else:
        head = _header_row(rows)
        if head is None:
            raise InputError(
                f"{path.name}: no wind rose and no hourly weather. A rose needs columns 风向 (direction), 风速 (speed) "
                "and 频率 (share), or a column 风向 and one column a speed class; hourly data need 时间 (time), 风向 "
                "and 风速; .epw and TMY3 are read as they are."
            )
        columns = _columns(rows, head, head + 1)
        if "share" in columns:
            table, read = _rose(columns, log)
        else:
            table, read = _hourly(columns, log) if "speed" in columns else _matrix(rows, head, log)
    return _finished(table), log.report(read, len(table))


def is_wind(path: Path) -> bool:
    """Whether a file looks like one `load_wind` can read."""
    if not path.name.lower().endswith(_ENDINGS):
        return False
    try:
        kind, rows = _open(path, _HEAD_BYTES)
    except InputError:
        return False
    return kind != "csv" or _header_row(rows) is not None


def _open(path: Path, size: int = -1) -> tuple[str, list[list[str]]]:
    """("epw", "tmy3" or "csv", cells of all lines, or of those in the first ``size`` bytes)."""
    if not path.is_file():
        raise InputError(f'{path}: there is no such file. Correct [weather] wind = "{path.name}" in region.toml.')
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else open(path, "rb") as file:
            data = file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path.name}: cannot be unpacked ({error}). Ask for it again.") from error
    if size > 0:
        data = data[: data.rfind(b"\n") + 1]
    text = decode(data, path.name)[0] if data else ""
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputError(f"{path.name}: no table of text ({error}).") from error
    if rows and rows[0][:1] == ["LOCATION"] and len(rows) > _EPW_HEAD:
        return "epw", rows
    if len(rows) > 2 and any("Wdir" in cell for cell in rows[1]):
        return "tmy3", rows
    return "csv", rows


def _role(header: str) -> str | None:
    """Which column a header means; units in brackets do not count."""
    if header.endswith((" source", ")")) and (" source" in header or " uncert" in header):  # of TMY3: no values
        return None
    bare = key(re.sub(r"[\\/]", "", _BRACKET.sub("", header)))
    return next((role for role, words in _HEADERS.items() if bare in map(key, words)), None)


def _header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The line with the headings: a direction, and a speed with time or share, or else speed classes."""
    for i, row in enumerate(rows[:20]):
        roles = {_role(cell) for cell in row}
        if "direction" in roles:
            known = "speed" in roles and roles & {"time", "share"}
            classes = sum(_speed_class(c) is not None for c in row)
            if known or classes >= 2:
                return i
    return None


def _columns(rows: Sequence[Sequence[str]], head: int, first: int) -> dict[str, pd.Series]:
    """Role -> values as written, indexed by line number from 1; of two direction columns the one in degrees."""
    lines = [(i + 1, row) for i, row in enumerate(rows) if i >= first and any(c.strip() for c in row)]
    out: dict[str, pd.Series] = {}
    for at, header in enumerate(rows[head]):
        role = _role(header)
        if role is None:
            continue
        values = pd.Series([row[at] if at < len(row) else "" for _, row in lines], index=[n for n, _ in lines])
        values.name = header
        if role in out and role == "direction":
            out["word"], values = (out[role], values) if _degrees_written(values) else (values, out[role])
        out[role] = values
    return out


def _degrees_written(values: pd.Series) -> bool:
    return bool(pd.to_numeric(values, errors="coerce").notna().mean() > 0.5)


def _epw(rows: Sequence[Sequence[str]]) -> dict[str, pd.Series]:
    lines = [(i + 1, row) for i, row in enumerate(rows) if i >= _EPW_HEAD and row]
    index = [n for n, _ in lines]
    out = {"time": pd.Series(["-".join(row[:4]) for _, row in lines], index=index)}
    for role, (at, missing) in _EPW.items():
        written = pd.Series([row[at] if at < len(row) else "" for _, row in lines], index=index)
        out[role] = written.mask(pd.to_numeric(written, errors="coerce") >= missing, "")
        out[role].name = "cloud (tenths)" if role == "cloud" else role
    return out


def _numbers(values: pd.Series) -> NDArray[np.float64]:
    bare = values.map(lambda v: plain(v).replace("%", "").strip() if isinstance(v, str) else v)
    return pd.to_numeric(bare, errors="coerce").to_numpy(float)


def _directions(values: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(degrees, NaN where unreadable or impossible; whether the cell says calm)."""
    words = values.map(lambda v: key(v))
    degrees = np.where(words.isin(list(_WORDS)), words.map(_WORDS).astype(float), _numbers(values))
    calm = words.isin(list(_CALM)).to_numpy()
    return np.where((degrees >= 0) & (degrees <= 360), degrees % 360, np.nan), calm


def _wind(columns: dict[str, pd.Series], log: Log) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """direction (NaN: calm) and speed of each row; rows without either are rejected (the mask is False)."""
    if _OTHER_SPEED.search(str(columns["speed"].name)):
        raise InputError(f"{log.file}: the speed is in '{columns['speed'].name}'. Give it in m/s.")
    direction, calm = _directions(columns["direction"])
    if "word" in columns:
        named, quiet = _directions(columns["word"])
        calm = calm | quiet
        away = np.abs((direction - named + 180) % 360 - 180) > SECTOR_DEG / 2
        direction = np.where(np.isnan(direction), named, np.where(away, np.nan, direction))
    speed = _numbers(columns["speed"])
    calm = calm | (speed < _speed_classes()[0][1])
    fast = ~((speed >= 0) & (speed <= FASTEST_MPS))
    lost = ~fast & np.isnan(direction) & ~calm
    rows = columns["speed"].index.to_numpy()
    for bad, code, column in ((fast, "wind_speed", "speed"), (lost, "wind_direction", "direction")):
        log.reject(code, rows[bad], column=column, values=columns[column][bad].tolist())
    frame = pd.DataFrame({"direction": np.where(calm, np.nan, direction), "speed": speed}, index=rows)
    return frame, ~(fast | lost)


def _speed_classes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower edges and representative speeds [m/s]."""
    table = standards.table("wind_speed_classes")
    return table["from_mps"].to_numpy(float), table["representative_mps"].to_numpy(float)


def _hourly(columns: dict[str, pd.Series], log: Log) -> tuple[pd.DataFrame, int]:
    """Hours counted by period, sector, speed class and stability."""
    wind, good = _wind(columns, log)
    edges, speeds = _speed_classes()
    wind, read = wind[good], len(wind)
    if not len(wind):
        raise InputError(f"{log.file}: none of {read} hours has a wind. Check direction and speed.")
    if read % 8760 and read % 8784:
        log.note("wind_hours", count=read, detail=f"{read} hours")
    radiation = _numbers(columns["radiation"])[good] if "radiation" in columns else np.full(len(wind), np.nan)
    radiation = np.where(radiation >= 0, radiation, np.nan)
    cloud = _cloud(columns["cloud"], log)[good] if "cloud" in columns else np.full(len(wind), np.nan)
    day = radiation > 0
    stability = stability_class(wind["speed"].to_numpy(), np.where(day, radiation, np.nan), cloud)
    unknown = int(pd.isna(stability).sum())
    if unknown:
        log.note("wind_no_stability", count=unknown)
    period = np.where(np.isnan(radiation), "all", np.where(day, "day", "night"))
    which = np.searchsorted(edges, wind["speed"].to_numpy(), side="right") - 1
    hours = pd.DataFrame({"period": period, "speed_mps": speeds[which], "stability": stability})
    parts = [hours.assign(direction_deg=sector, share=weight) for sector, weight in _sectors(wind["direction"], log)]
    counted = pd.concat(parts).groupby(COLUMNS[:4], dropna=False)["share"].sum()
    return counted[counted > 0].div(counted.sum()).reset_index(), read


def _sectors(direction: pd.Series, log: Log) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """
    (sector, weight of each hour in it); NaN for calm.

    Directions in tens of degrees stand for 10 degrees each: put into sectors of 22.5 whole, they would give
    north three and north-north-east two. Each is parted by how much of it lies in which sector.
    """
    degrees = direction.to_numpy()
    known = degrees[~np.isnan(degrees)]
    half = 5.0 if len(known) and (known % 10 == 0).all() else 0.0
    if half:
        log.note("wind_tens")
    low, high = degrees - half, degrees + half
    first, last = (np.floor((d + SECTOR_DEG / 2) / SECTOR_DEG) for d in (low, high))
    cut = last * SECTOR_DEG - SECTOR_DEG / 2
    beyond = np.where((last > first) & (half > 0), (high - cut) / (2 * half or 1.0), 0.0)
    return [(first % 16 * SECTOR_DEG, 1 - beyond), (last % 16 * SECTOR_DEG, beyond)]


def stability_class(
    speed_mps: NDArray[np.float64], radiation_w_m2: NDArray[np.float64], cloud: NDArray[np.float64]
) -> NDArray[np.object_]:
    """
    Pasquill class (N,) of hours, "A" to "F"; None where it cannot be told.

    By day, where ``radiation_w_m2`` (global, horizontal) is given, from wind and radiation; where it is NaN, the
    hour counts as night and its class follows from wind and ``cloud`` cover (0 to 1). Source:
    EPA-454/R-99-005, 6.4.
    """
    table = standards.table("stability_pasquill")
    out = np.full(len(speed_mps), None, object)
    for period, condition in (("day", radiation_w_m2), ("night", np.where(np.isnan(radiation_w_m2), cloud, np.nan))):
        rows = table[table["period"] == period]
        names = rows["class"].tolist()
        for name, (speed, limit) in zip(names, rows[["speed_from_mps", "condition_from"]].to_numpy(float), strict=True):
            out[(speed_mps >= speed) & (condition >= limit)] = name  # thresholds rise, so the last that fits holds
    return out


def _cloud(values: pd.Series, log: Log) -> NDArray[np.float64]:
    """Cover as a fraction; NaN where missing, and everywhere if the heading does not tell the unit."""
    scale = next((s for pattern, s in _CLOUD_UNITS if pattern.search(str(values.name))), None)
    if scale is None:
        log.note("wind_cloud_unit", column=str(values.name))
        return np.full(len(values), np.nan)
    cover = _numbers(values) * scale
    return np.where((cover >= 0) & (cover <= 1), cover, np.nan)


def _rose(columns: dict[str, pd.Series], log: Log) -> tuple[pd.DataFrame, int]:
    """A table with one share a row."""
    wind, good = _wind(columns, log)
    share = _numbers(columns["share"])
    bad = good & ~(share >= 0)
    log.reject("wind_share", wind.index[bad], column="share", values=columns["share"][bad].tolist())
    good &= ~bad
    stability = np.full(len(wind), None, object)
    if "stability" in columns:
        letters = columns["stability"].map(lambda v: plain(v).strip().upper()[:1])
        known = letters.isin(list("ABCDEF")).to_numpy()
        stability[known] = letters.to_numpy()[known]
        rows = list(wind.index[good & ~known])
        log.group("noted", "wind_no_stability", rows, column="stability", values=[""] * len(rows))
    table = pd.DataFrame({"period": "all", "direction_deg": wind["direction"], "speed_mps": wind["speed"],
                          "stability": stability, "share": share})  # fmt: skip
    return _shares(table[good].reset_index(drop=True), columns["share"], log), len(wind)


def _shares(table: pd.DataFrame, written: pd.Series | None, log: Log) -> pd.DataFrame:
    """Shares as fractions that sum to 1; percentages and small misses are told."""
    total = float(table["share"].sum())
    percent = abs(total - 100) <= 100 * _SUM_TOLERANCE
    marked = written is not None and ("%" in str(written.name) or written.astype(str).str.contains("%").any())
    whole = 100.0 if percent else 1.0
    if not abs(total / whole - 1) <= _SUM_TOLERANCE or (marked and not percent):
        raise InputError(
            f"{log.file}: the shares sum to {total:g}, which is neither 1 nor 100 %. Check the shares for missing "
            "directions and for a row of totals."
        )
    if percent:
        log.note("wind_percent")
    if abs(total / whole - 1) > 1e-9:
        log.note("wind_sum", detail=f"{total:.6g}")
    return table.assign(share=table["share"] / total)


def _speed_class(header: str) -> float | None:
    """The speed a heading of a matrix stands for [m/s]: '2-3' its middle, '>8' the class's representative."""
    text = re.sub(r"m/s|米/秒|\s", "", plain(header))
    if found := _RANGE.match(text):
        return (float(found[1]) + float(found[2])) / 2
    if found := _OPEN.match(text):
        low = float(found[1] or found[2])
        edges, speeds = _speed_classes()
        return float(max(low, speeds[np.searchsorted(edges, low, side="right") - 1]))
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value <= FASTEST_MPS else None


def _matrix(rows: Sequence[Sequence[str]], head: int, log: Log) -> tuple[pd.DataFrame, int]:
    """A table of directions by speed classes."""
    at = next(i for i, cell in enumerate(rows[head]) if _role(cell) == "direction")
    classes = [(i, _speed_class(cell)) for i, cell in enumerate(rows[head]) if i != at]
    lines = [(n + 1, row) for n, row in enumerate(rows) if n > head and any(c.strip() for c in row)]
    index = [n for n, _ in lines]
    direction, calm = _directions(pd.Series([row[at] for _, row in lines], index=index))
    lost = np.isnan(direction) & ~calm
    shown = [row[at] for (_, row), bad in zip(lines, lost, strict=True) if bad]
    log.reject("wind_direction", np.array(index)[lost], column="direction", values=shown)
    parts = []
    for i, speed in classes:
        if speed is not None:
            share = _numbers(pd.Series([row[i] if i < len(row) else "" for _, row in lines]))
            parts.append(pd.DataFrame({"period": "all", "direction_deg": np.where(calm, np.nan, direction),
                                       "speed_mps": speed, "stability": None, "share": share})[~lost])  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    if (table["share"] < 0).any():
        raise InputError(f"{log.file}: a share below 0 ({table['share'].min():g}). Correct it.")
    log.note("wind_no_stability", count=len(lines))
    return _shares(table[table["share"] > 0].reset_index(drop=True), None, log), len(lines)


def _finished(table: pd.DataFrame) -> pd.DataFrame:
    """Columns and order of the schema; equal rows as one."""
    table = table[COLUMNS].assign(stability=table["stability"].astype(object))
    united = table.groupby(COLUMNS[:4], dropna=False, sort=True)["share"].sum().reset_index()
    united["stability"] = united["stability"].astype(object).where(united["stability"].notna(), None)
    return united[united["share"] > 0].reset_index(drop=True)
