"""One firm on several rows or in several lists becomes one row; rows of other tables find their firm."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..schema import LAYERS
from . import match
from .codes import credit_codes
from .headers import ranks
from .quality import Log
from .raw import Raw
from .text import different, key

# What a merged row keeps of its own; nobody needs to be told that these differ.
_OWN = frozenset(("id", "name", "position_error_m", "source_file", "source_row", "other_ids"))
_EVIDENCE = ("credit_code", "address", "district")
TOLD_M = 1000.0  # likely doubles farther apart than this are not worth a person's time
_MANY = 50  # rows of one name; beyond it only those in one square kilometre are compared


def find(raw: Raw, columns: Mapping[str, str], other: gpd.GeoDataFrame, layer: str) -> NDArray[np.int64]:
    """
    (N,) position in ``other`` of the firm each row names, -1 where there is none (told as rejected).

    By id first (also by an id another list gave the firm, or one that lost its leading zeros), then by
    credit code and name with a score: from 0.85 on joined and told, from 0.60 on set aside with the
    likeliest firm named, as are rows between two equally likely ones.
    """
    frame = _named(raw, columns)
    codes, _ = different(pd.Series(list(map(tuple, frame.where(frame.notna(), "").to_numpy()))))
    first = np.flatnonzero(~pd.Series(codes).duplicated())
    few = frame.iloc[first].reset_index(drop=True)
    silent = Log(raw.what, layer)  # the codes of this file say nothing but which firm is meant
    few["credit_code"] = credit_codes(few["credit_code"], LAYERS["enterprises"].column("credit_code"), first, silent)
    at, loose = _by_id(few["id"], other)
    _tell_ids(raw, codes, few, other, at, loose)
    asked = np.flatnonzero((at < 0) & (few["name"].notna() | few["credit_code"].notna()).to_numpy())
    found = match.best(match.firms(few.iloc[asked]), match.firms(other))
    sure = (found.score >= match.JOINED) & (found.rival < 0)
    at[asked[sure]] = found.at[sure]
    _tell_names(raw, codes, few, other, asked, found)
    nowhere = np.isin(codes, np.flatnonzero(at < 0)) & ~np.isin(codes, asked[found.at >= 0])
    shown = frame["id"].where(frame["id"].notna(), frame["name"])
    raw.log.reject("not_joined", raw.rows[nowhere], column="enterprise_id", values=list(shown[nowhere]), details=layer)
    return at[codes]


def _named(raw: Raw, columns: Mapping[str, str]) -> pd.DataFrame:
    """id, name, and what else the file says of the firm of each row, by the headers of the enterprises layer."""
    free = [h for h in map(str, raw.frame.columns) if h not in columns.values()]
    fits = ranks(LAYERS["enterprises"], free, raw.labels)
    headers = {c: fits[c][0][1] for c in _EVIDENCE if c in fits}
    headers |= {to: columns[c] for c, to in (("enterprise_id", "id"), ("enterprise_name", "name")) if c in columns}
    out = {c: raw.frame[headers[c]] if c in headers else None for c in ("id", "name", *_EVIDENCE)}
    frame = pd.DataFrame(out, index=raw.frame.index).astype(object)
    return frame.where(frame.map(lambda cell: key(cell) != ""), None)


def _by_id(ids: pd.Series, other: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Position by id, and whether leading zeros had to be set aside for it."""
    by_id: dict[str, int] = {}
    for n, i in enumerate(other["id"]):
        by_id.setdefault(key(i), n)
    for n, more in enumerate(other.get("other_ids", ())):
        for i in more.split("|") if isinstance(more, str) else ():
            by_id.setdefault(key(i), n)
    short = pd.Series([w.lstrip("0") for w in by_id if w.isdigit()], dtype=object)
    unique = set(short[~short.duplicated(keep=False)])
    by_short = {w.lstrip("0"): n for w, n in by_id.items() if w.isdigit() and w.lstrip("0") in unique}
    words = [key(i) for i in ids]
    exact = np.array([by_id.get(w, -1) if w else -1 for w in words], np.int64)
    loose = np.array([by_short.get(w.lstrip("0"), -1) if w.isdigit() else -1 for w in words], np.int64)
    return np.where(exact >= 0, exact, loose), (exact < 0) & (loose >= 0)


def _tell_ids(raw: Raw, codes: NDArray, few: pd.DataFrame, other: gpd.GeoDataFrame, at: NDArray, loose: NDArray):
    """Rows found by id: those that lost zeros, and those whose name is quite another."""
    for n in np.flatnonzero(at >= 0):
        name, firm = few["name"].iloc[n], other["name"].iloc[at[n]]
        unlike = isinstance(name, str) and isinstance(firm, str) and match.name_score(name, firm) < match.DOUBTFUL
        if not (loose[n] or unlike):
            continue
        action, code = ("repaired", "joined_zeros") if loose[n] else ("noted", "joined_unlike")
        value = few["id"].iloc[n] if loose[n] else name
        where, told = list(raw.rows[codes == n]), _shown(other, at[n])
        raw.log.group(action, code, where, column="enterprise_id", values=[value], detail=told)


def _tell_names(
    raw: Raw, codes: NDArray, few: pd.DataFrame, other: gpd.GeoDataFrame, asked: NDArray, found: match.Best
) -> None:
    """Rows found by name: joined with their score, or set aside with the likeliest firm."""
    for n, at, score, rival in zip(asked, *found, strict=True):
        if at < 0:
            continue
        rows = raw.rows[codes == n]
        values = [few["name"].iloc[n] or few["credit_code"].iloc[n]] * len(rows)
        told = f"{_shown(other, at)}, score {score:.2f}"
        if score >= match.JOINED and rival < 0:
            raw.log.group("repaired", "joined_name", list(rows), column="enterprise_name", values=values, detail=told)
            continue
        code, told = ("join_doubt", told) if rival < 0 else ("join_tie", f"{told}; {_shown(other, rival)}")
        raw.log.reject(code, rows, column="enterprise_name", values=values, details=[told] * len(rows))


def _shown(other: gpd.GeoDataFrame, at: int) -> str:
    number = other["id"].iloc[at]
    return f"{other['name'].iloc[at]}" + ("" if pd.isna(number) else f" ({number})")


def merge_firms(layer: gpd.GeoDataFrame, logs: NDArray, rows: NDArray) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """
    (layer with the gaps of first mentions filled, rows (N,) that stay) after one firm's rows became one.

    Rows are one firm at a score of 0.85 and more; within one file only if their names are equal and no
    two ids of its own tell them apart. The first in the order of the files stays, keeps its values and
    takes what it lacks from the others; where both have different values that is told with both. Likely
    doubles that stay are told too.
    """
    pairs = _pairs(layer)
    layer = layer.copy()
    into = np.arange(len(layer))
    members: dict[int, list[int]] = {}
    for i, j, score, one in pairs:
        first = int(into[i])
        if first == into[j] or into[j] != j:
            continue
        told = f"{_place(first, j, rows, logs)}, {_shown(layer, first)}, score {score:.2f}"
        where = {"row": rows[j], "column": "name", "value": layer["name"].iloc[j], "detail": told}
        if one and not _told_apart(layer, members.get(first, [first]), j):
            into[j] = first
            members.setdefault(first, [first]).append(j)
            logs[j].repair("merged_firm", **where)
        else:
            logs[j].note("maybe_same", **where)
    keep = into == np.arange(len(layer))
    for copy in np.flatnonzero(~keep).tolist():
        _fill(layer, int(into[copy]), copy, logs[copy], rows[copy])
    return layer, keep


def _place(i: int, j: int, rows: NDArray, logs: NDArray) -> str:
    return f"{rows[i]}" + ("" if logs[i] is logs[j] else f" of {logs[i].file}")


def _told_apart(layer: gpd.GeoDataFrame, members: list[int], j: int) -> bool:
    """Whether a credit code, or two ids of one file, tell row ``j`` from one of ``members``."""
    code, number, file = (layer[c].iloc[j] for c in ("credit_code", "id", "_file"))
    others = layer.iloc[members]
    codes = others["credit_code"].dropna()
    ids = others.loc[others["_file"] == file, "id"].dropna()
    return bool((not pd.isna(code) and (codes != code).any()) or (not pd.isna(number) and (ids != number).any()))


def _pairs(layer: gpd.GeoDataFrame) -> list[tuple[int, int, float, bool]]:
    """(earlier, later, score, whether they are one) by later row, the best first."""
    known = match.firms(layer)
    i, j = _candidates(layer, known)
    score = match.scores(known, known, i, j)
    if not len(i):
        return []
    file, ids = layer["_file"].to_numpy(int), layer["id"].map(key).to_numpy(object)
    across = file[i] != file[j]
    told_apart = ~across & (ids[i] != ids[j]) & (ids[i] != "") & (ids[j] != "")
    names = zip(known.names[i], known.names[j], strict=True)
    alike = np.array([match.name_score(str(a), str(b)) == 1 for a, b in names], bool)
    one = (score >= match.JOINED) & ~told_apart & (across | alike)
    metres = np.hypot(*(known.xy[i] - known.xy[j]).T)
    worth = one | (score >= match.JOINED) | ((score >= match.DOUBTFUL) & across & (metres <= TOLD_M))
    order = np.lexsort((i[worth], -score[worth], ~one[worth], j[worth]))
    columns = (v[worth][order].tolist() for v in (i, j, score, one))
    return list(zip(*columns, strict=True))


def _candidates(layer: gpd.GeoDataFrame, known: match.Firms) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(earlier, later) rows worth a score: within a file those of one id, code or name, across files all alike."""
    file = layer["_file"].to_numpy(int)
    found = [np.empty((0, 2), np.int64)]
    for column in ("name", "id", "credit_code"):
        words = layer[column].astype(object)
        at = np.flatnonzero((words.notna() & words.duplicated(keep=False)).to_numpy())
        if not len(at):
            continue
        some = words.iloc[at]
        some = _crowded(some, known.xy[at]) if column == "name" else some
        text = np.array([f"{f}|{w}" for f, w in zip(file[at], some, strict=True)], object)
        found.append(at[np.column_stack(match.equal(text, text))])
    for number in np.unique(file)[1:]:
        late, early = np.flatnonzero(file == number), np.flatnonzero(file < number)
        a, b = match.candidates(known.take(late), known.take(early))
        found.append(np.column_stack([early[b], late[a]]))
    pairs = np.unique(np.concatenate(found), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    return pairs[:, 0], pairs[:, 1]


def _crowded(name: pd.Series, xy: NDArray[np.float64]) -> pd.Series:
    """Names, those of very many rows (加油站) with their square kilometre behind them."""
    many = (name.map(name.value_counts()) > _MANY).to_numpy()
    out = name.to_numpy(object).copy()
    out[many] = [f"{n}|{x:.0f} {y:.0f}" for n, (x, y) in zip(out[many], xy[many] / 1000, strict=True)]
    return pd.Series(out, index=name.index, dtype=object)


def _fill(layer: gpd.GeoDataFrame, first: int, copy: int, log: Log, row: int) -> None:
    """Gaps of ``first`` filled from ``copy``, the copy's id remembered, contradictions told."""
    for column in layer.columns:
        if column in _OWN or column.startswith("_") or column == layer.geometry.name:
            continue
        old, new = layer[column].iloc[first], layer[column].iloc[copy]
        if pd.isna(old) and not pd.isna(new):
            layer.loc[first, column] = new
        elif not pd.isna(new) and old != new:
            shown = [f"{v:g}" if isinstance(v, float) else str(v) for v in (new, old)]
            log.note("firm_conflict", row=row, column=column, value=shown[0], detail=shown[1])
    ids = [i for i in (layer["id"].iloc[copy], layer["other_ids"].iloc[copy]) if not pd.isna(i)]
    if pd.isna(layer["id"].iloc[first]) and ids:
        layer.loc[first, "id"] = ids.pop(0)
    known = [layer["other_ids"].iloc[first]] if not pd.isna(layer["other_ids"].iloc[first]) else []
    more = [i for i in ids if i != layer["id"].iloc[first] and i not in "|".join(known).split("|")]
    if more:
        layer.loc[first, "other_ids"] = "|".join(known + more)
