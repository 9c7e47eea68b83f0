"""The user's own setback rules: any table the program reads, each row checked, good rows kept."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from ..schema import RESULTS
from ..standards import PROVENANCE
from .attributes import canonical
from .dates import date
from .headers import match
from .quality import FileReport, Log
from .raw import Raw
from .read import read
from .rule_bands import check_bands
from .text import key, plain

LAYER = "own_rules"
TABLE = RESULTS["rules"]
_NEEDED = ("source_class", "target_classes", "distance_m")
_SPLIT = re.compile(r"[|｜;；、]")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(\D*)")
_UNITS = {
    "distance_m": ("", "m", "米", "metre", "metres"),
    "lower": ("", "m3", "立方米", "t", "吨"),
}
# Distances beyond these are no error, but worth a second look [m].
_FAR_M, _NEAR_M = 5_000.0, 0.5
_OWN = ("class", "name_zh", "words")
_NEAREST = 3  # class names proposed


class Classes(NamedTuple):
    """
    The classes rules may name by side, those a layer can show, and words that mean one (by side and `key`).

    A word two kinds share (码头: a jetty, or a place with passengers) means neither.
    """

    known: Mapping[str, Collection[str]]
    shown: Collection[tuple[str, str]]
    words: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Classes:
        """From a table of class, side, name_zh, shown and words (split by |)."""
        known = {side: frozenset(rows["class"]) for side, rows in table.groupby("side")}
        shown = frozenset(
            zip(table.loc[table["shown"] == 1, "side"], table.loc[table["shown"] == 1, "class"], strict=True)
        )
        words: dict[str, dict[str, str]] = {}
        for side, rows in table.groupby("side"):
            meant: dict[str, set[str]] = {}
            for name, zh, also in zip(rows["class"], rows["name_zh"], rows["words"], strict=True):
                for word in filter(None, map(key, (zh, *also.split("|")))):
                    meant.setdefault(word, set()).add(name)
            names = {key(zh): name for name, zh, also in zip(*(rows[c] for c in _OWN), strict=True) if not also}
            words[side] = {word: min(found) for word, found in meant.items() if len(found) == 1} | names
        return cls(known, shown, words)


class Wrong(Exception):
    """A row that cannot be used: code, column, value and detail of the problem."""

    def __init__(self, code: str, column: str, value: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.column, self.value, self.detail = code, column, value, detail


def load_rules(
    files: Sequence[tuple[Path, str | None]], library: pd.DataFrame, classes: Classes
) -> tuple[pd.DataFrame, list[FileReport]]:
    """
    The rows of the files that can be used as rules, and a report of each file.

    Parameters
    ----------
    files
        (path, sheet or sublayer): tables of any format `read.read` opens, with headers as in
        ``schema.RESULTS["rules"]``, Chinese or English.
    library
        The built-in rules: their ids are taken, and rows that say otherwise than they are told.
    classes
        What source_class and target_classes may say.

    Returns
    -------
    rules, reports
        Columns of ``schema.RESULTS["rules"]`` but ``switched``. Every row of a file is in ``rules`` or rejected in
        its report with row, column, value and what to do. Rows of one clause that contradict each other are kept
        with confidence MU.

    Raises
    ------
    InputError
        If a file cannot be read, or has no column for source, target or distance.
    """
    columns = [c for c in TABLE.names if c != "switched"]
    taken = dict.fromkeys(library["rule_id"].astype(str), "a built-in rule")
    logs, raws, found = [], [], []
    for path, sublayer in files:
        raw = read(path, sublayer, layer=LAYER, expected=_headers())
        logs.append(raw.log)
        raws.append(raw)
        found += _rows(raw, classes, taken, len(logs) - 1)
    check_bands(found, library, logs)
    frame = pd.DataFrame([{c: row.get(c) for c in columns} for row in found], columns=columns)
    for name in columns:
        dtype = {"float": float, "int": "Int64"}.get(TABLE.column(name).dtype, object)
        frame[name] = frame[name].astype(dtype)
    kept = [sum(row["_file"] == i for row in found) for i in range(len(raws))]
    return frame, [log.report(raw.read, n) for log, raw, n in zip(logs, raws, kept, strict=True)]


def _headers() -> list[str]:
    return [a for c in TABLE.columns for a in (c.name, c.zh, *c.aliases)]


def _rows(raw: Raw, classes: Classes, taken: dict[str, str], file: int) -> list[dict[str, Any]]:
    """The usable rows of one file; the others are rejected in its log."""
    chosen, _ = match(TABLE, list(raw.frame.columns), raw.labels, what=raw.what)
    missing = [c for c in _NEEDED if c not in chosen]
    if missing:
        said = ", ".join(f"{c} ({TABLE.column(c).zh})" for c in missing)
        raise InputError(
            f"{raw.what}: no column for {said}. Its headers are: {', '.join(map(str, raw.frame.columns))}."
        )
    raw.log.columns = {h: c for c, h in chosen.items()}
    out = []
    cells = {c: raw.frame[h].map(_text).tolist() for c, h in chosen.items()}
    for i, number in enumerate(raw.rows):
        written = {c: values[i] for c, values in cells.items()}
        try:
            row = _rule(written, classes)
            row["rule_id"] = _id(written, row, taken)
        except Wrong as wrong:
            header = chosen.get(wrong.column, wrong.column)
            raw.log.reject(wrong.code, [int(number)], column=header, values=[wrong.value], details=[wrong.detail])
            continue
        taken[row["rule_id"]] = f"row {int(number)} of {raw.what}"
        row |= {"source_file": raw.what, "source_row": int(number), "_file": file}
        _remark(row, written, classes, raw.log)
        out.append(row)
    return out


def _text(value: object) -> str:
    """A cell as text; a whole number without a point, as a column with gaps holds 1 as 1.0."""
    return plain(int(value) if isinstance(value, float) and value.is_integer() else value)


def _rule(written: Mapping[str, str], classes: Classes) -> dict[str, Any]:
    """One row as the rules have it; raises `Wrong`."""
    sources = _classes(written, "source_class", classes)
    if len(sources) > 1:
        raise Wrong("rule_class", "source_class", written["source_class"], "one class a row: write one row for each")
    row: dict[str, Any] = {"source_class": sources[0]}
    row["target_classes"] = "|".join(_classes(written, "target_classes", classes))
    row["distance_m"] = _distance(written, "distance_m")
    row["reduced_m"] = _distance(written, "reduced_m") if written.get("reduced_m") else np.nan
    if row["reduced_m"] >= row["distance_m"]:
        raise Wrong("rule_distance", "reduced_m", written["reduced_m"], "not below the distance itself")
    row |= _band(written)
    for column in ("in_force", "ends"):
        row[column] = _day(written, column)
    for column in PROVENANCE:
        if column != "confidence" and not written.get(column):
            raise Wrong("rule_provenance", column, "")
        row[column] = written.get(column, "")
    row["confidence"] = _word(written, "confidence", "MU")
    for column in ("source_point", "target_point"):
        row[column] = written.get(column, "")
    return row


def _classes(written: Mapping[str, str], column: str, classes: Classes) -> list[str]:
    side = column.partition("_")[0]
    known, words = classes.known[side], classes.words[side]
    names = [part.strip() for part in _SPLIT.split(written[column]) if part.strip()]
    out = []
    for name in names or [""]:
        found = name if name in known else words.get(key(name), "")
        if not found:
            raise Wrong("rule_class", column, name, ", ".join(_nearest(name, known, words)))
        out.append(found)
    return list(dict.fromkeys(out))


def _nearest(name: str, known: Collection[str], words: Mapping[str, str]) -> list[str]:
    """Class names spelt like ``name``, or named by a word that shares most characters with it."""
    meant = {**words, **{key(c): c for c in known}}
    near = difflib.get_close_matches(key(name), sorted(meant), n=2 * _NEAREST, cutoff=0.5)
    return list(dict.fromkeys(meant[w] for w in near))[:_NEAREST] or sorted(known)[:_NEAREST]


def _distance(written: Mapping[str, str], column: str) -> float:
    text = written[column]
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Wrong("rule_distance", column, text, "decimal point, not comma" if "," in text else "not one number")
    unit = found[2].strip().casefold()
    if unit not in _UNITS["distance_m"]:
        raise Wrong("rule_distance", column, text, f"unit {found[2].strip()}")
    if not float(found[1]) > 0:
        raise Wrong("rule_distance", column, text, "not above 0")
    return float(found[1])


def _band(written: Mapping[str, str]) -> dict[str, Any]:
    """Quantity and bounds; a Chinese 以上 holds its number and 以下 does not, unless the row says otherwise."""
    quantity = _word(written, "quantity", "none")
    bounds = {c: _bound(written, c) for c in ("lower", "upper", "unit_lower_m3", "unit_upper_m3")}
    given = [c for c, value in bounds.items() if np.isfinite(value)]
    if given and quantity == "none":
        raise Wrong("rule_bound", given[0], written[given[0]], "bounds of what is not said (quantity)")
    if bounds["lower"] >= bounds["upper"]:
        raise Wrong("rule_bound", "upper", written["upper"], f"not above the lower bound {bounds['lower']:g}")
    inclusive = {
        c: int(_word(written, c, default)) for c, default in (("lower_inclusive", "1"), ("upper_inclusive", "0"))
    }
    return {"quantity": quantity, **bounds, **inclusive}


def _bound(written: Mapping[str, str], column: str) -> float:
    text = written.get(column, "")
    if not text:
        return np.nan
    found = _NUMBER.fullmatch(text)
    if found is None or found[2].strip().casefold() not in _UNITS["lower"]:
        raise Wrong("rule_bound", column, text, "not one number in m3 or t")
    return float(found[1])


def _word(written: Mapping[str, str], column: str, default: str) -> str:
    text = written.get(column, "")
    if not text:
        return default
    domain = TABLE.column(column).domain
    found, by_word = canonical(text.removesuffix(".0"), domain)
    if found is None or by_word:
        raise Wrong("rule_word", column, text, ", ".join(domain))
    return found


def _day(written: Mapping[str, str], column: str) -> str | None:
    text = written.get(column, "")
    if not text:
        return None
    iso = date(text).iso
    if iso is None or len(iso) < len("2026-01-01"):
        raise Wrong("rule_date", column, text)
    return iso[:10]


def _id(written: Mapping[str, str], row: Mapping[str, Any], taken: Mapping[str, str]) -> str:
    name = written.get("rule_id", "")
    if not name:
        what = [str(row[c]) for c in ("source_class", "target_classes", "quantity", "lower", "upper", *PROVENANCE[:3])]
        name = "own-" + hashlib.sha256("\x1f".join([*what, str(row["distance_m"])]).encode()).hexdigest()[:8]
    if name in taken:
        raise Wrong("rule_id_taken", "rule_id", name, taken[name])
    return name


def _remark(row: Mapping[str, Any], written: Mapping[str, str], classes: Classes, log: Log) -> None:
    """What is worth knowing about a row that is kept."""
    number = row["source_row"]
    note: Callable[..., None] = log.note
    if not written.get("rule_id"):
        log.repair("rule_id_made", row=number, column="rule_id", after=row["rule_id"])
    if not written.get("confidence"):
        note("rule_unverified", row=number, column="confidence", after="MU")
    distance = row["distance_m"]
    if distance > _FAR_M or distance < _NEAR_M:
        note("rule_scale", row=number, column="distance_m", value=written["distance_m"], detail=f"{distance:g} m")
    unseen = [c for c in row["target_classes"].split("|") if ("target", c) not in classes.shown]
    unseen += [row["source_class"]] if ("source", row["source_class"]) not in classes.shown else []
    if unseen:
        note("rule_unseen", row=number, detail=", ".join(unseen))
