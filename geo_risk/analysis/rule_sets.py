"""
The library of setback rules: every row with its dates and measuring points, and which rows a region applies.

A rule set is all rows of one standard in one edition. It is dated where the library knows the day; a day that is not
known never takes a rule away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import SettingsError
from ..schema import LAYERS
from ..standards import CONFIDENCE, table
from .conditions import builtin_rules
from .rows import records, working

SET = ["standard", "edition"]
# Layers whose kinds are classes of their own, and kinds the layers' own words lack.
_KINDS = {
    "source": ("hazard_sources", "gas_pipelines"),
    "target": ("crowded_places", "roads", "hazard_sources", "buildings"),
}
_FURTHER = {
    "gas_pipelines": ("unknown",),
    "roads": ("unknown",),
    "buildings": ("home", "public", "works", "shed", "unknown"),
}
_POINTS = (("source_point", "source_class"), ("target_point", "target_classes"))


def rule_library() -> pd.DataFrame:
    """
    `conditions.builtin_rules` with ``in_force`` and ``ends`` (days of its rule set, None where not known) and
    ``source_point`` and ``target_point``: between what the distance is measured, "" where no source says it.
    """
    rules = builtin_rules().merge(table("rule_sets")[[*SET, "in_force", "ends"]], how="left", on=SET)
    for column in ("in_force", "ends"):
        rules[column] = rules[column].astype(object).where(rules[column].notna(), None)
    known = {(r["of_standard"], r["class"]): r["point_en"] for r in records(table("measuring_points"))}
    for point, classes in _POINTS:
        rules[point] = [
            "; ".join(dict.fromkeys(p for c in names.split("|") if (p := known.get((standard, c)))))
            for standard, names in zip(rules["standard"], rules[classes], strict=True)
        ]
    return rules


def without_number() -> pd.DataFrame:
    """The rows of the library no distance of which holds by itself: rule_id, source_class, target_classes, why."""
    rows = table("setbacks")
    rows = rows[rows["distance_m"].isna() | rows["requires"].notna()]
    why = rows["missing_reason"].fillna("holds only if: " + rows["requires"].astype("string"))
    return rows.assign(why=why)[["rule_id", "source_class", "target_classes", "why"]].reset_index(drop=True)


def rules_for(
    rules: pd.DataFrame, *, standards: Sequence[str] = (), off: Sequence[str] = (), day: str = ""
) -> pd.DataFrame:
    """
    The rules with the column ``switched``: "" where the rule applies, else why not.

    Parameters
    ----------
    rules
        `rule_library`, with or without own rules (those with a ``source_file``).
    standards
        Beginnings of the standards whose built-in rules apply; all where empty. Own rules always do.
    off
        Beginnings of standards, with or without edition ("GB 50156-2021"), or rule_ids, that do not.
    day
        The day the data stand for (YYYY-MM-DD); "" where not known: dates then decide nothing.

    Raises
    ------
    SettingsError
        If a word of ``standards`` or ``off`` fits no rule.
    """
    named = rules["standard"] + "-" + rules["edition"]
    own = rules["source_file"].notna() if "source_file" in rules else pd.Series(False, index=rules.index)
    why = pd.Series("", index=rules.index, dtype=object)
    for key, words in (("standards", standards), ("off", off)):
        for word in words:
            if not _fits(rules, named, word, ids=key == "off").any():
                raise SettingsError(f'[setbacks] {key}: no rule is of "{word}". Known: {_known(rules)}.')
    if standards:
        chosen = np.any([_fits(rules, named, word, ids=False) for word in standards], axis=0)
        why[~chosen & ~own.to_numpy(bool)] = "not among [setbacks] standards"
    if day:
        for i, (start, end) in enumerate(zip(rules["in_force"], rules["ends"], strict=True)):
            if isinstance(start, str) and day < start:
                why.iloc[i] = f"in force from {start}, after the data date {day}"
            elif isinstance(end, str) and day >= end:
                why.iloc[i] = f"not in force any more from {end}, data date {day}"
    for word in off:
        why[_fits(rules, named, word, ids=True)] = "switched off by [setbacks] off"
    return rules.assign(switched=why)


def _fits(rules: pd.DataFrame, named: pd.Series, word: str, *, ids: bool) -> np.ndarray:
    found = named.str.startswith(word).to_numpy(bool)
    return found | (rules["rule_id"] == word).to_numpy(bool) if ids else found


def _known(rules: pd.DataFrame) -> str:
    return ", ".join(sorted(set(rules["standard"])))


def rule_sets(switched: pd.DataFrame) -> pd.DataFrame:
    """
    One row a rule set, in the order of the rules: ``schema.RESULTS["rule_sets"]``.

    ``switched`` is what `rules_for` gives.
    """
    told = {(r["standard"], r["edition"]): r for r in records(table("rule_sets"))}
    out = []
    for (standard, edition), rows in switched.groupby(SET, sort=False):
        known: Mapping[str, Any] = told.get((standard, edition), {})
        counts = {f"n_{c.lower()}": int((rows["confidence"] == c).sum()) for c in CONFIDENCE}
        applied = int((rows["switched"] == "").sum())
        out.append(
            {
                "standard": standard,
                "edition": edition,
                "title": _text(known.get("title_zh")),
                "n": len(rows),
                "applied": applied,
                **counts,
                "in_force": _day(rows["in_force"]),
                "ends": _day(rows["ends"]),
                "moved_to": _text(known.get("mandatory_moved_to")),
                "why": "; ".join(dict.fromkeys(w for w in rows["switched"] if w)),
            }
        )
    return pd.DataFrame(out)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _day(days: pd.Series) -> str:
    return ", ".join(dict.fromkeys(d for d in days if isinstance(d, str)))


def unruled(layers: Mapping[str, gpd.GeoDataFrame]) -> list[dict[str, Any]]:
    """What the region has but no rule of the library could judge, as rows of the table ``not_checked``."""
    out = []
    for row in records(table("unruled_pairs")):
        count = _count(layers, row["source_layer"], row["source_kinds"])
        if count and _count(layers, row["target_layer"], row["target_kinds"]):
            why = f"{row['what_en']} ({row['standard']}): {row['source']}"
            out.append({"layer": row["source_layer"], "count": count, "why": why})
    rest = without_number()
    listed = ", ".join(rest["rule_id"])
    out.append({"layer": "", "count": len(rest), "why": f"rules without a distance that holds by itself: {listed}"})
    return out


def art19(layers: Mapping[str, gpd.GeoDataFrame]) -> pd.DataFrame:
    """
    The eight groups of places to keep clear of (危险化学品安全管理条例 art. 19), and which layer shows each.

    Returns
    -------
    DataFrame
        ``schema.RESULTS["art19"]``: group, item, item_en, layer, kinds, count (rows of the region; missing where no
        layer of it shows the item) and state: "shown", "no layer NAME" or "no layer of any region shows it".
    """
    out = []
    for row in records(table("art19_groups")):
        layer = _text(row["layer"])
        shown = layer in layers
        state = "shown" if shown else f"no layer {layer}" if layer else "no layer of any region shows it"
        count = _count(layers, layer, row["kinds"]) if shown else None
        told = {"item": row["item_zh"], "item_en": row["item_en"], "layer": layer, "kinds": _text(row["kinds"])}
        out.append({"group": int(row["group"]), **told, "count": count, "state": state})
    return pd.DataFrame(out).astype({"count": "Int64"})


def art19_gaps(checklist: pd.DataFrame) -> list[dict[str, Any]]:
    """The groups of `art19` with items nothing shows, as rows of the table ``not_checked``."""
    lost = checklist[checklist["state"] != "shown"]
    return [
        {
            "layer": "",
            "count": len(rows),
            "why": f"Regulation on hazardous chemicals art. 19 ({group}): {', '.join(rows['item_en'])}: no layer",
        }
        for group, rows in lost.groupby("group")
    ]


def _count(layers: Mapping[str, gpd.GeoDataFrame], layer: str, kinds: Any) -> int:
    """Working rows of a layer of some kinds (of any where none is named)."""
    if layer not in layers:
        return 0
    frame = layers[layer][working(layers[layer])]
    column = "class" if layer == "roads" else "kind"
    if not _text(kinds) or column not in frame:
        return len(frame)
    return int(frame[column].isin(kinds.split("|")).sum())


def with_own(library: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """The library followed by own rules, columns of both."""
    columns = list(dict.fromkeys([*library.columns, *own.columns]))
    numbers = {c: float for c in library.columns if library[c].dtype == float}
    own = own.reindex(columns=columns).astype(numbers)
    if own.empty:
        return library.reindex(columns=columns)
    frame = {c: [*(library[c] if c in library else [None] * len(library)), *own[c]] for c in columns}
    return pd.DataFrame(frame, columns=columns)


def known_classes() -> pd.DataFrame:
    """
    What a rule may name, one row a class and side: class, side ("source" or "target"), name_zh, shown (whether some
    layer can be it), words (the words of a kind, split by |). Kinds of layers are classes too: "layer:kind".
    """
    named = table("rule_classes")[["class", "side", "name_zh", "shown"]].assign(words="")
    rows = []
    for side, layers in _KINDS.items():
        for layer in layers:
            domain = LAYERS[layer].column("class" if layer == "roads" else "kind").domain
            kinds = {k: w for k, w in domain.items() if not k.endswith("_link")} | dict.fromkeys(
                _FURTHER.get(layer, ()), ()
            )
            rows += [
                {
                    "class": f"{layer}:{kind}",
                    "side": side,
                    "name_zh": next(iter(words), ""),
                    "shown": 1,
                    "words": "|".join((kind, *words)),
                }
                for kind, words in kinds.items()
            ]
    further = [("parking_lots:hazmat", "停车场图层的危化品停车场"), ("enterprises:fireworks", "烟花爆竹企业")]
    rows += [{"class": c, "side": "source", "name_zh": zh, "shown": 1, "words": ""} for c, zh in further]
    return pd.concat([named, pd.DataFrame(rows)], ignore_index=True)
