"""Identifiers: unified social credit codes, CAS numbers, and what spreadsheets do to all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..schema import Column
from .quality import Log
from .quantities import NOTHING
from .text import different, plain, visible

# Written for "has none" in a column of identifiers.
_NONE = NOTHING | {"无", "無", "无证", "暂无", "不详", "未知", "待定", "待补充", "0", "空"}
_POWER_OF_TEN = re.compile(r"^\d(?:\.\d+)?e\+\d+$|^\d\.\d+e\d+$", re.IGNORECASE)  # 5E12 may be a code, 5E+12 is none
_EXACT_DIGITS = 15  # a spreadsheet keeps this many; the rest become zeros
_EXACT_FLOAT = 2.0**53

# GB 32100-2015: 31 characters, no I O S V Z; weights 3^(i-1) mod 31; the check character closes the sum to 0 mod 31.
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_FORM = re.compile(rf"^[{_CREDIT}]{{18}}$")
_CREDIT_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_LOOK_ALIKE = str.maketrans("OIZS", "0125")  # letters the alphabet leaves out because they look like these
# GB 11714-1997: 8 characters and a check character; weights 3 7 9 10 5 8 4 2 mod 11.
_ORGANISATION_FORM = re.compile(r"^[0-9A-Z]{8}-?[0-9X]$")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_REGISTRATION_FORM = re.compile(r"^\d{15}$|^\d{13}$")  # business registration number before 2015


def credit_check(code: str) -> str:
    """The 18th character of a unified social credit code by GB 32100-2015, from its first 17."""
    total = sum(_CREDIT.index(c) * w for c, w in zip(code[:17], _CREDIT_WEIGHTS, strict=True))
    return _CREDIT[-total % 31]


def organisation_check(code: str) -> str:
    """The 9th character of an organisation code by GB 11714-1997, from its first 8 (figures, or A = 10 and on)."""
    total = sum(int(c, 36) * w for c, w in zip(code[:8], _ORGANISATION_WEIGHTS, strict=True))
    return "0X123456789"[total % 11] if total % 11 < 2 else str(11 - total % 11)


def credit_kind(code: str) -> str:
    """
    What a code is: 'valid', 'wrong check', 'registration' (15 or 13 figures), 'organisation' or 'other'.

    Or 'placeholder' for one character repeated (000…). ``code`` without blanks, upper case.
    """
    if len(set(code)) == 1:
        return "placeholder"
    if _CREDIT_FORM.match(code):
        return "valid" if credit_check(code) == code[17] else "wrong check"
    if _REGISTRATION_FORM.match(code):
        return "registration"
    if _ORGANISATION_FORM.match(code):
        return "organisation" if organisation_check(code) == code[-1] else "other"
    return "other"


def credit_codes(values: pd.Series, column: Column, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """(N,) credit codes, upper case without blanks; damaged ones None, doubtful ones kept and told."""
    written = identifiers(values, column, rows, log)
    codes, unique = different(written)
    texts = [re.sub(r"[\s-]", "", t).upper() for t in unique]
    told: dict[str, list[int]] = {}
    out: list[str | None] = []
    for i, text in enumerate(texts):
        kind, found = credit_kind(text), text
        if kind == "other" and credit_kind(mended := text.translate(_LOOK_ALIKE)) == "valid":
            kind, found = "look-alike", mended
        out.append(None if kind == "placeholder" else found)
        told.setdefault(kind, []).append(i)
    out_of = np.append(np.array(out, object), [None])
    problems = (("look-alike", "repaired", "credit_letters"), ("wrong check", "noted", "credit_check"),
                ("registration", "noted", "registration_number"), ("organisation", "noted", "organisation_code"),
                ("other", "noted", "no_credit_code"), ("placeholder", "noted", "placeholder_code"))  # fmt: skip
    for kind, action, code in problems:
        members = told.get(kind, [])
        where = np.flatnonzero(np.isin(codes, members))
        shown = "; ".join(unique[i] for i in members[:5])
        log.group(action, code, list(rows[where]), column=column.name, values=[shown])
    return out_of[codes]


def cas_check(digits: str) -> bool:
    """Whether the figures of a CAS number, check digit last, fit: the sum of place times figure, from the right."""
    return sum(i * int(c) for i, c in enumerate(reversed(digits[:-1]), 1)) % 10 == int(digits[-1])


_CAS = re.compile(r"^(?:cas(?:\s*no\.?|\s*rn|号)?\s*[:#]?\s*)?(\d{2,7})([-\s]?)(\d{2})\2(\d)$", re.IGNORECASE)


def cas_numbers(values: pd.Series, column: Column, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """(N,) CAS numbers with hyphens; one whose check digit is wrong names no substance and is None, told."""
    text = strings(values)
    codes, unique = different(text)
    out: list[str | None] = []
    wrong, odd = [], []
    for i, word in enumerate(unique):
        found = _CAS.match(re.sub("[–—‑−]", "-", plain(word)))
        if found is None:
            out.append(None if plain(word).lower() in _NONE else word)
            odd += [i] if out[-1] else []
            continue
        fits = cas_check(found[1] + found[3] + found[4])
        out.append(f"{int(found[1])}-{found[3]}-{found[4]}" if fits else None)
        wrong += [] if fits else [i]
    for members, code in ((wrong, "wrong_cas"), (odd, "not_cas")):
        where = np.flatnonzero(np.isin(codes, members))
        shown = "; ".join(str(unique[i]) for i in members[:5])
        log.group("noted", code, list(rows[where]), column=column.name, values=[shown])
    return np.append(np.array(out, object), [None])[codes]


def identifiers(values: pd.Series, column: Column, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """
    (N,) identifiers as text; None where missing or damaged by a spreadsheet.

    Damaged: a power of ten (9.13202E+17), a number too large for a spreadsheet's 15 figures, or text of
    more figures whose last are zeros as in half of its like in the column. Ids that look as if they lost
    leading zeros (shorter than nearly all the others) are kept as written and told.
    """
    text = strings(values)
    codes, unique = different(text)
    rounded = _rounded(unique) if column.name == "credit_code" else _rounded(unique) & (_share_rounded(unique) >= 0.5)
    damaged = np.array([bool(_POWER_OF_TEN.match(t)) for t in unique], bool) | rounded
    if pd.api.types.is_float_dtype(values.dtype):
        damaged |= np.isin(np.arange(len(unique)), codes[(values.to_numpy(float, na_value=0) >= _EXACT_FLOAT)])
    nothing = np.array([t.lower() in _NONE for t in unique], bool)
    if column.name == "id":
        nothing &= unique != "0"
    for mask, code, detail in ((damaged, "damaged_id", ""), (_short(unique) & ~damaged, "short_id", "")):
        where = np.flatnonzero(np.append(mask, False)[codes])
        shown = "; ".join(unique[mask][:5])
        log.group("noted", code, list(rows[where]), column=column.name, values=[shown], detail=detail)
    kept = np.append(unique, [None])
    kept[:-1][damaged | nothing] = None
    return kept[codes]


def _of_each(unique: NDArray, test: Callable[[str], bool]) -> NDArray[np.bool_]:
    return np.array([test(t) for t in unique], bool)


def _rounded(unique: NDArray) -> NDArray[np.bool_]:
    """(U,) figures beyond the 15th all zero; a credit code whose check character fits is none of these."""

    def test(t: str) -> bool:
        return t.isdigit() and len(t) > _EXACT_DIGITS and not t[_EXACT_DIGITS:].strip("0") and credit_kind(t) != "valid"

    return _of_each(unique, test)


def _share_rounded(unique: NDArray) -> float:
    long = _of_each(unique, lambda t: t.isdigit() and len(t) > _EXACT_DIGITS)
    return float(_rounded(unique)[long].mean()) if long.any() else 0.0


USUAL_SHARE = 0.9  # of the ids that are figures must have one length, before a shorter one is suspected


def _short(unique: NDArray) -> NDArray[np.bool_]:
    """(U,) ids of figures one to three shorter than nearly all the others; a count from 1 on is none of these."""
    figures = _of_each(unique, str.isdigit)
    sizes = Counter(len(t) for t in unique[figures])
    usual, count = max(sizes.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    if usual < 5 or count < USUAL_SHARE * figures.sum() or max(sizes) > usual or min(sizes) < usual - 3:
        return np.zeros(len(unique), bool)
    return figures & _of_each(unique, lambda t: len(t) < usual)


def strings(values: pd.Series) -> NDArray[np.object_]:
    """(N,) `visible` text, None for missing; whole numbers without a point."""
    codes, unique = different(values)
    out = np.empty(len(unique) + 1, object)
    for i, v in enumerate(unique):
        if isinstance(v, float | np.floating) and v.is_integer():
            v = int(v)
        text = visible(str(v))
        out[i] = None if plain(text).lower() in NOTHING else text
    return out[codes]
