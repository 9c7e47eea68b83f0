"""Which substance of GB 18218-2018 a name, CAS number or hazard class means, and its threshold and beta.

Offices write 液氨, anhydrous ammonia, NH3 or 氨(液化); all are one row of Table 1. What cannot be
told apart stays apart: a substance carries the lowest and the highest threshold it may have.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..standards import weakest
from .rows import table_rows

# Traditional characters that occur in substance names, and their simplified forms.
_SIMPLIFIED = str.maketrans(
    "環氫氣異鈉鉀鋇鉛銨過鋁銻縮亞乙撐纖維發煙硝酸銅濃無機鹽鹼電純對鄰間軟輕煤黃萘醯",
    "环氢气异钠钾钡铅铵过铝锑缩亚乙撑纤维发烟硝酸铜浓无机盐碱电纯对邻间软轻煤黄萘酰",
)
_SEPARATORS = re.compile(r"[、/;；+＋，,&|]|和|及|与")
_BRACKETS = re.compile(r"[(（\[]([^)）\]]*)[)）\]]")
_VESSEL = re.compile(r"(储罐区|储罐|罐区|罐组|球罐|卧罐|罐|仓库|库房|装置)$")
# A solution is not the pure substance, whatever its CAS number says.
_DILUTE = re.compile(r"溶液|水溶|氨水|盐酸|稀|%|solution|aqueous|dilute")
_SYMBOL = re.compile(r"[JW]\d+(?:\.\d)?")
_NO_CLASS = "none"


class Substance(NamedTuple):
    """
    One substance as GB 18218-2018 sees it.

    ``threshold_low_t`` and ``threshold_high_t`` [t] bound its threshold; the upper one is infinite
    where it may not be listed at all. ``beta`` is the largest that may apply.
    """

    name: str
    threshold_low_t: float
    threshold_high_t: float
    beta: float
    clause: str
    confidence: str
    beta_confidence: str
    note: str


def identify(
    name: str | None, cas: str | None = None, hazard_class: str | None = None, *, process: bool = False
) -> tuple[list[Substance], str]:
    """
    The substances that a row means: none if unknown, several if it names a mixture or contradicts itself.

    Parameters
    ----------
    name, cas, hazard_class
        As written; any may be missing. ``hazard_class`` holds symbols of Table 2, "W5.3" or "J3, W2".
    process
        Whether the substance is processed rather than stored: W5.1 and W5.2 may then apply.

    Returns
    -------
    substances, reason
        ``reason`` says what was doubtful, and for an unknown name the nearest known ones.
    """
    name, cas = _text(name), _text(cas)
    by_name, by_cas = canonical(name), _by_cas(cas)
    symbols = _SYMBOL.findall(_text(hazard_class).upper())
    unknown_symbols = [s for s in symbols if s not in _classes()]
    notes = []
    if unknown_symbols:
        notes.append(f"hazard class {', '.join(unknown_symbols)} is not a symbol of GB 18218-2018 Table 2")
        symbols = []
    if cas and not by_cas:
        notes.append(f"CAS {cas} " + ("is not in the tables" if valid_cas(cas) else "fails its check digit"))
    names = by_name or by_cas
    if by_name and by_cas and not set(by_name) & set(by_cas):
        notes.append(f"name ({', '.join(by_name)}) and CAS ({', '.join(by_cas)}) contradict each other")
        names = by_name + by_cas
    dilute = not by_name and bool(_DILUTE.search(name))
    found = [_substance(n, symbols, process=process, dilute=dilute) for n in names]
    if not found and symbols:
        found = [_from_class(name or cas, symbols)]
    if not found:
        notes.append(_unknown(name, cas))
    return found, "; ".join([*notes, *(s.note for s in found if s.note)])


def canonical(name: str | None) -> list[str]:
    """
    The canonical names (Chinese, as in the tables) that a written name means; empty if unknown.

    Several where the text lists several known substances; a list with one unknown part is unknown.
    """
    text = _text(name)
    if not text:
        return []
    known = _names()
    for form in _forms(text):
        if form in known:
            return list(known[form])
    parts = [p for p in _SEPARATORS.split(text) if p.strip()]
    if len(parts) < 2:
        parts = _two_known(_key(text))
    groups = [canonical(p) for p in parts] if len(parts) > 1 else []
    if not groups or not all(groups):
        return []
    return list(dict.fromkeys(n for group in groups for n in group))


def written_forms(name: str | None) -> list[str]:
    """``name`` as it may be listed: as written, without its brackets, what stands in them, without a vessel's name."""
    return _forms(_text(name))


def valid_cas(cas: str) -> bool:
    """Whether ``cas`` is a CAS number whose check digit is right."""
    match = re.fullmatch(r"(\d{2,7})-(\d{2})-(\d)", cas.strip())
    if not match:
        return False
    digits = (match[1] + match[2])[::-1]
    return sum(i * int(d) for i, d in enumerate(digits, start=1)) % 10 == int(match[3])


def is_solution(name: str | None) -> bool:
    """Whether a written name is that of a solution (氨水, 盐酸, 30% ...), which is not the pure substance."""
    return bool(_DILUTE.search(_text(name)))


def nearest_names(name: str, n: int = 3) -> list[str]:
    """The ``n`` written names the tables know that look most like ``name``."""
    return [_written()[k] for k in difflib.get_close_matches(_key(_text(name)), _written(), n=n, cutoff=0.4)]


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)) or str(value) in ("<NA>", "nan"):
        return ""
    return unicodedata.normalize("NFKC", str(value)).translate(_SIMPLIFIED).strip()


def _key(text: str) -> str:
    return re.sub(r"[\s,，、'’·\-]", "", unicodedata.normalize("NFKC", text).translate(_SIMPLIFIED)).lower()


def _forms(text: str) -> list[str]:
    """The text, without its brackets, what stands in them, and without a vessel's name; as keys."""
    forms = [text]
    inside = _BRACKETS.findall(text)
    if inside and not any(_DILUTE.search(i) or "水" in i for i in inside):
        forms += [_BRACKETS.sub("", text), *inside]
    forms += [_VESSEL.sub("", f) for f in forms]
    return [_key(f) for f in forms if f]


def _two_known(key: str) -> list[str]:
    """汽油柴油 -> 汽油, 柴油. Oils only: 氯乙烷 is not 氯 and 乙烷."""
    known = {k for k in _names() if k.endswith("油")}
    return next(([key[:i], key[i:]] for i in range(1, len(key)) if key[:i] in known and key[i:] in known), [])


def _unknown(name: str, cas: str) -> str:
    if not (name or cas):
        return "no substance given"
    near = nearest_names(name) if name else []
    hint = f"; nearest known names: {', '.join(near)}" if near else ""
    return f"substance '{name or cas}' is not known and no hazard class is given{hint}"


def _substance(name: str, symbols: list[str], *, process: bool, dilute: bool) -> Substance:
    rows = [r for r in table_rows("gb18218_substances") if r["name_zh"] == name]
    if not rows:
        return _from_class(name, symbols) if symbols else _from_ghs(name, process=process)
    thresholds = [r["threshold_t"] for r in rows]
    # One row with a condition (anhydrous, more than 90 %) may not be met; several rows cover the cases.
    open_ended = dilute or (len(rows) == 1 and isinstance(rows[0]["condition"], str))
    high = np.inf if open_ended else max(thresholds)
    betas = [_beta(r, symbols) for r in rows]
    beta = max(betas, key=lambda b: b[0])
    note = ""
    if open_ended:
        note = f"{name}: listed only if {rows[0]['condition'] if not dilute else 'it is not a solution'}"
    elif len(rows) > 1:
        note = f"{name}: {len(rows)} thresholds by composition, {min(thresholds):g} to {max(thresholds):g} t"
    confidence = weakest(r["confidence"] for r in rows)
    return Substance(name, min(thresholds), high, beta[0], f"{rows[0]['clause']}, {beta[1]}", confidence, beta[2], note)


def _beta(row: dict[str, Any], symbols: list[str]) -> tuple[float, str, str]:
    """Table 3 first, else Table 4 by the declared class, else by the recalled class."""
    toxic = _toxic().get(row["no"])
    if toxic is not None:
        return toxic, "Table 3", "V"
    if symbols:
        return max(_classes()[s]["beta"] for s in symbols), "Table 4", "V"
    return _classes()[row["class_symbol"]]["beta"], f"Table 4 ({row['class_symbol']})", row["class_confidence"]


def _from_class(name: str, symbols: list[str]) -> Substance:
    """Of several classes the lowest threshold and the largest beta."""
    rows = [_classes()[s] for s in symbols]
    low, beta = min(r["threshold_t"] for r in rows), max(r["beta"] for r in rows)
    return Substance(name, low, low, beta, f"Tables 2 and 4 ({', '.join(symbols)})", "V", "V", "")


def _from_ghs(name: str, *, process: bool) -> Substance:
    row = next(r for r in table_rows("substance_classes") if r["name_zh"] == name)
    symbols = row["class_symbols"].split("|")
    if process and isinstance(row["process_symbols"], str):
        symbols += row["process_symbols"].split("|")
    real = [s for s in symbols if s != _NO_CLASS]
    thresholds = [_classes()[s]["threshold_t"] for s in real] + [np.inf] * (len(symbols) - len(real))
    beta = max((_classes()[s]["beta"] for s in real), default=0.0)
    what = f"class {' or '.join(real)}" if real else "no class of Table 2"
    note = f"{name} is not named in Table 1; {what} recalled, take it from the safety data sheet"
    c = row["confidence"]
    return Substance(name, min(thresholds), max(thresholds), beta, f"Tables 2 and 4 ({what})", c, c, note)


@lru_cache
def _classes() -> dict[str, dict[str, Any]]:
    return {r["symbol"]: r for r in table_rows("gb18218_classes")}


@lru_cache
def _toxic() -> dict[int, float]:
    return {r["substance_no"]: r["beta"] for r in table_rows("gb18218_toxic_beta")}


@lru_cache
def _spellings() -> list[tuple[str, tuple[str, ...]]]:
    """Every written name and the canonical names it means."""
    pairs = [(r["alias"], tuple(r["name_zh"].split("|"))) for r in table_rows("substance_aliases")]
    for row in (*table_rows("gb18218_substances"), *table_rows("substance_classes")):
        english = row["name_en"].split(";")
        pairs += [(w, (row["name_zh"],)) for w in (row["name_zh"], row.get("entry", row["name_zh"]), *english)]
    return pairs


@lru_cache
def _names() -> dict[str, tuple[str, ...]]:
    return {_key(written): names for written, names in _spellings()}


@lru_cache
def _written() -> dict[str, str]:
    return {_key(written): written for written, _ in _spellings()}


@lru_cache
def _cas_names() -> dict[str, str]:
    named = {r["no"]: r["name_zh"] for r in table_rows("gb18218_substances")}
    toxic = [{**r, "name_zh": named[r["substance_no"]]} for r in table_rows("gb18218_toxic_beta")]
    rows = [
        r
        for r in (*table_rows("gb18218_substances"), *table_rows("substance_classes"), *toxic)
        if isinstance(r["cas"], str)
    ]
    return {number: r["name_zh"] for r in rows for number in r["cas"].split(";")}


def _by_cas(cas: str) -> list[str]:
    numbers = re.findall(r"\d{2,7}-\d{2}-\d", cas)
    return list(dict.fromkeys(_cas_names()[n] for n in numbers if n in _cas_names()))
