"""What is peculiar to lists of tanks and substances: several substances in a cell, several rows for one source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .quality import Log
from .quantities import NOTHING
from .text import key, plain

# A comma inside a name (1,3-丁二烯) has a figure behind it; "/" and a comma also join the parts of one name
# (汽油/柴油, Ammonia, anhydrous), so without as many quantities they do not part. Nothing parts inside brackets.
_OUTSIDE = r"(?![^()\[\]]*[)\]])"
_SUBSTANCES = re.compile(rf"\s*(?:[;；、/|，\n]|,(?!\d)){_OUTSIDE}\s*")
_CERTAIN = re.compile(rf"\s*[;；、\n]{_OUTSIDE}\s*")
_QUANTITIES = re.compile(r"\s*(?:[;；、/|，\n]|,(?!\d{3}(?!\d)))\s*")
# Prefixes of isomers: 邻、间、对二甲苯 is one name.
_PREFIXES = frozenset("邻间对正异顺反叔仲鄰間對異順")
_BARE = re.compile(r"^[\d.,]+$")
_UNIT_BEHIND = re.compile(r"^[\d.,]+\s*(\D+)$")

# Columns that say a row is about a period: what it amounts to is then handled, not held.
_PERIOD = frozenset(
    map(key, ("STARTDATE", "ENDDATE", "period", "quarter", "季度", "期间", "申报期", "起始日期", "截止日期"))
)


def period_columns(names: Iterable[str]) -> list[str]:
    """The headers by which a row reports a period (a quarter's use), not a stock."""
    return [n for n in names if key(n) in _PERIOD]


def split_substances(
    frame: pd.DataFrame, columns: Mapping[str, str], rows: NDArray, log: Log
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """
    Rows with several substances become several where the quantities are as many, or none is stated.

    With one quantity for several substances nobody knows the shares: the row stays and is told.

    ``frame`` holds the raw cells; returns a new one and, for each of its rows, the position of the old row.
    """
    if "substance" not in columns:
        return frame, np.arange(len(frame))
    amounts = [columns[c] for c in ("quantity_t", "volume_m3") if c in columns]
    parts = {c: [_with_unit(_parts(v, _QUANTITIES)) for v in frame[c]] for c in amounts}
    names = [_parts(v, _SUBSTANCES) for v in frame[columns["substance"]]]
    cas = [_parts(v, _SUBSTANCES) for v in frame[columns["cas"]]] if "cas" in columns else None
    origin: list[int] = []
    cells: dict[str, list[object]] = {c: [] for c in (columns["substance"], *amounts)}
    if cas is not None:
        cells[columns["cas"]] = []
    for i, several in enumerate(names):
        stated = [c for c in amounts if parts[c][i]]
        certain = [] if stated or len(several) < 2 else _parts(frame[columns["substance"]].iloc[i], _CERTAIN)
        if len(certain) > 1 and not _PREFIXES & set(certain):
            several = certain
        matched = all(len(parts[c][i]) == len(several) for c in stated) if stated else several is certain
        if len(several) > 1 and matched:
            log.repair("split_row", row=rows[i], column="substance", value=" ".join(several), detail=len(several))
        elif len(several) > 1:
            log.note("unsplit_row", row=rows[i], column="substance", value=" ".join(several))
            several = [plain(frame[columns["substance"]].iloc[i])]
        count = max(1, len(several))
        origin += [i] * count
        cells[columns["substance"]] += several or [None]
        for c in amounts:
            cells[c] += parts[c][i] if count > 1 and parts[c][i] else [frame[c].iloc[i]] * count
        if cas is not None:
            cells[columns["cas"]] += cas[i] if len(cas[i]) == count else [frame[columns["cas"]].iloc[i]] * count
    where = np.array(origin, np.int64)
    grown = frame.iloc[where].reset_index(drop=True)
    return grown.assign(**{c: pd.Series(values, dtype=object) for c, values in cells.items()}), where


def _parts(value: object, separator: re.Pattern[str]) -> list[str]:
    text = "\n".join(plain(line) for line in str(value).splitlines()) if isinstance(value, str) else plain(value)
    if text.lower() in NOTHING:
        return []
    return [p for p in separator.split(text) if p]


def _with_unit(amounts: list[str]) -> list[str]:
    """A unit written once, behind the last amount, counts for all: 500、800kg."""
    unit = _UNIT_BEHIND.match(amounts[-1]) if len(amounts) > 1 else None
    if unit is None or not all(_BARE.match(a) for a in amounts[:-1]):
        return amounts
    return [*(a + unit[1] for a in amounts[:-1]), amounts[-1]]


def merge_reports(frame: pd.DataFrame, geometry: NDArray, logs: NDArray, rows: NDArray) -> NDArray[np.bool_]:
    """
    (N,) rows that stay where a register reports one source again and again (each quarter, each use).

    Only rows without id, quantity and volume can merge: they say no more than that the substance is
    there. Rows that state a quantity and are the same in everything else stay, and are told: they may be two tanks.
    """
    silent = (frame["id"].isna() & frame["quantity_t"].isna() & frame["volume_m3"].isna()).to_numpy()
    plain_frame = frame.astype(object).where(frame.notna(), None)
    index = pd.MultiIndex.from_frame(plain_frame.assign(_x=[g.wkb for g in geometry]))
    code = pd.factorize(index)[0]
    first = pd.Series(np.arange(len(frame))).groupby(code).transform("first").to_numpy()
    copy = first != np.arange(len(frame))
    for log in dict.fromkeys(logs[copy & silent]):
        mine = np.flatnonzero((logs == log) & silent)
        gone = int((copy & silent & (logs == log)).sum())
        told = f"{len(mine)} rows without quantity, of which {gone} repeat an enterprise and substance, "
        log.repair("merged_rows", count=gone, detail=f"{told}merged to {len(mine) - gone} sources")
    for i in np.flatnonzero(copy & ~silent & frame["id"].isna().to_numpy()):
        logs[i].note("same_tank", row=rows[i], detail=rows[first[i]])
    return ~(copy & silent)
