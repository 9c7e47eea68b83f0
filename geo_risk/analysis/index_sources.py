"""Sources of the risk index: level (score 0-100) and reach [m] of every row, and the rule that gave them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..crs import in_crs, require_metric
from ..errors import InputError
from ..standards import table
from .index_places import accidents_near, point_factors, structures_of

# Layers of hazards, of which one at least is needed, and others some of whose rows are sources too.
HAZARD_LAYERS = ("enterprises", "hazard_sources", "gas_pipelines", "roads", "risk_points")
SOURCE_LAYERS = (*HAZARD_LAYERS, "crowded_places", "accidents", "buildings")
COLUMNS = ("layer", "id", "name", "score", "reach_m", "reason", "group")
# What stands between the items of a written list of substances.
_BETWEEN = "[、,，;；/+()（）]"
_NOT_WORKING = {"closed": "closed: does not count", "planned": "planned: does not count yet"}


def index_sources(
    layers: Mapping[str, gpd.GeoDataFrame], major_hazards: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """
    One row for each row of `SOURCE_LAYERS`, with source level, reach and the rule behind them.

    A road that is a bridge or a tunnel has a second row as such; of the buildings only those that the
    layer tells to be old or dangerous have one.

    Rules are the rows of ``standards/index_sources.csv``, tried from top to bottom; the first that
    fits applies. What nobody knows gets a stated, cautious default. Rows that do not count (closed,
    planned, without a place, roads without hazmat traffic) stay in the table with score 0 and say why.

    Parameters
    ----------
    layers
        Any of these layers, as in ``schema.LAYERS``; other layers are ignored. ``risk_points`` may have the
        column ``grade`` of ``schema.RESULTS["risk_points"]``.
    major_hazards
        ``schema.RESULTS["major_hazards"]``; the worse of computed and declared level counts. A unit
        that is undecided counts as level 4, one that is major but without a level as level 1.

    Returns
    -------
    GeoDataFrame
        ``schema.RESULTS["index_sources"]`` and ``group``: in each cell only the strongest member of a
        group counts (the edges of one road class, the segments of one pipeline network, the rows of
        one unit, the lesser units, risk points and site of one firm).

    Raises
    ------
    InputError
        If no layer of `HAZARD_LAYERS` holds a row.
    CRSError
        If a layer is not in a metric CRS, or two layers differ in theirs.
    """
    given = {name: layers[name] for name in SOURCE_LAYERS if name in layers and len(layers[name])}
    if major_hazards is not None and len(major_hazards):
        given["hazard_sources"] = _with_unmatched_units(given.get("hazard_sources"), major_hazards)
        if not len(given["hazard_sources"]):
            del given["hazard_sources"]
    if not set(HAZARD_LAYERS) & set(given):
        raise InputError(
            "the risk index needs at least one layer with hazards and none has a row. "
            f"Add one of {', '.join(HAZARD_LAYERS)} to [layers]."
        )
    for name, frame in given.items():
        require_metric(frame, name)
    crs = next(iter(given.values())).crs
    if "roads" in given:
        given["structures"] = structures_of(given["roads"])
    parts = [_layer_sources(name, in_crs(frame, crs), major_hazards) for name, frame in given.items() if len(frame)]
    out = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=crs)
    return out[[*COLUMNS, "geometry"]]


def _layer_sources(name: str, frame: gpd.GeoDataFrame, major_hazards: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    frame = frame.reset_index(drop=True)
    facts, notes = _facts(name, frame, major_hazards)
    rules = table("index_sources")
    rules = rules[rules["layer"] == name].reset_index(drop=True)
    which = _first_match(facts, rules)
    score, reach = rules["score"].to_numpy(float)[which], rules["reach_m"].to_numpy(float)[which]
    if name == "gas_pipelines":
        gas = rules["rule_id"].str.startswith("pl-gas").to_numpy()[which]
        radius = np.where(gas, _impact_radius(facts), 0.0)
        long = [
            f"potential impact radius {r:.0f} m is the reach" if r > b else ""
            for r, b in zip(radius, reach, strict=True)
        ]
        notes = _joined(notes.where(gas, ""), pd.Series(long, dtype=object))
        reach = np.maximum(reach, radius)
    if name == "risk_points":
        factor, graded = point_factors(frame)
        score, notes = np.minimum(score * factor, 100.0), _joined(notes, graded)
    labels = np.array([_label(rule) for rule in rules.itertuples()], object)[which]
    reason = _joined(pd.Series(labels), notes)
    why_not = _why_not(frame)
    counts = (why_not == "").to_numpy()
    group = _groups(name, frame, facts, rules["rule_id"].to_numpy(object)[which])
    out = gpd.GeoDataFrame(
        {
            "layer": "roads" if name == "structures" else name,
            "id": _text(frame, "id"),
            "name": _text(frame, "name"),
            "score": np.where(counts, score, 0.0),
            "reach_m": np.where(counts, reach, 0.0),
            "reason": reason.where(counts, why_not),
            "group": group,
            "geometry": frame.geometry,
        },
        crs=frame.crs,
    )
    return out[out["score"] > 0] if name == "buildings" else out


def _label(rule) -> str:
    clause = " ".join(part for part in (rule.standard, rule.edition, rule.clause) if part != "-")
    basis = f"{clause}, {rule.confidence}"
    return f"{rule.label}: score {rule.score:g}, reach {rule.reach_m:g} m [{rule.rule_id}; reach: {basis}]"


def _text(frame: gpd.GeoDataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series("", index=frame.index, dtype=object)
    return frame[column].astype(object).where(frame[column].notna(), "").astype(str).str.strip().astype(object)


def _number(frame: gpd.GeoDataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[column], errors="coerce").astype(float)


def _joined(texts: pd.Series, notes: pd.Series) -> pd.Series:
    return pd.Series([f"{a}; {b}" if a and b else a or b for a, b in zip(texts, notes, strict=True)], dtype=object)


def _why_not(frame: gpd.GeoDataFrame) -> pd.Series:
    """Why a row does not count; empty where it does."""
    text = _text(frame, "state").map(_NOT_WORKING).astype(object).fillna("")
    nowhere = ~np.isfinite(frame.geometry.bounds.to_numpy(float)).all(axis=1)  # NaN also where there is no geometry
    return text.mask(nowhere, "no place: does not count; give it coordinates")


def _facts(
    name: str, frame: gpd.GeoDataFrame, major_hazards: gpd.GeoDataFrame | None
) -> tuple[pd.DataFrame, pd.Series]:
    """The columns the rules of one layer look at, all text, and notes for the reason."""
    notes = pd.Series("", index=frame.index, dtype=object)
    if name == "enterprises":
        sector = _text(frame, "sector")
        facts = {
            "trade": sector.where(sector != "", _text(frame, "name")),
            "regulated": _text(frame, "regulated"),
            "self_grade": _whole(_number(frame, "self_grade")),
        }
    elif name == "hazard_sources":
        level, notes = _levels(frame, major_hazards)
        facts = {column: _text(frame, column) for column in ("kind", "substance", "hazard_class")}
        facts |= {"level": level, "cas": _text(frame, "cas")}
    elif name == "gas_pipelines":
        facts, notes = _pipeline_facts(frame)
    elif name == "roads":
        facts = {column: _text(frame, column).str.lower() for column in ("class", "hazmat")}
    elif name == "accidents":
        facts = {"near": accidents_near(frame)}
    else:
        facts = {"kind": _text(frame, "kind"), "fire_rating": _whole(_number(frame, "fire_rating"))}
    return pd.DataFrame(facts, index=frame.index), notes


def _whole(numbers: pd.Series) -> pd.Series:
    return pd.Series(["" if np.isnan(n) else str(int(n)) for n in numbers], index=numbers.index, dtype=object)


def _first_match(facts: pd.DataFrame, rules: pd.DataFrame) -> NDArray[np.int64]:
    """(N,) position of the first rule that fits each row; the last rule of a layer fits all."""
    alike = facts.groupby(list(facts), sort=False, dropna=False).ngroup()  # rows alike are matched once
    facts = facts[~alike.duplicated()]
    which = np.full(len(facts), len(rules) - 1, dtype=np.int64)
    free = np.ones(len(facts), dtype=bool)
    for position, rule in enumerate(rules.itertuples()):
        fits = free & _fits(facts, rule)
        which[fits] = position
        free &= ~fits
    return which[alike.to_numpy()]


def _fits(facts: pd.DataFrame, rule) -> NDArray[np.bool_]:
    if rule.how == "any":
        return np.ones(len(facts), dtype=bool)
    values = facts[rule.field]
    if rule.how == "over":
        return values.to_numpy(float) > float(rule.match)
    words = rule.match.split("|")
    if rule.how == "is":
        return values.isin(words).to_numpy()
    text = values + " " + facts["cas"] if rule.field == "substance" else values
    found = text.str.contains("|".join(re.escape(w) for w in words if w[0] != "="), case=False, regex=True)
    # "=": a name that is part of others (氯, 乙烯, hydrogen) counts only as a whole item of a list.
    whole = "|".join(re.escape(w[1:]) for w in words if w[0] == "=")
    if whole:
        found |= values.str.contains(f"(?:^|{_BETWEEN})(?:{whole})(?:$|{_BETWEEN})", case=False, regex=True)
    return found.to_numpy(bool)


def _levels(frame: gpd.GeoDataFrame, major_hazards: gpd.GeoDataFrame | None) -> tuple[pd.Series, pd.Series]:
    """The worse (lower) of computed and declared major-hazard level as text, and where it came from."""
    declared = _number(frame, "declared_level").where(lambda n: n.isin([1, 2, 3, 4]))
    computed = pd.Series(np.nan, index=frame.index)
    notes = pd.Series("", index=frame.index, dtype=object)
    if major_hazards is not None and len(major_hazards):
        units = _unit_levels(major_hazards)
        key = _unit_key(frame)
        computed = key.map(units["level"]).astype(float)
        notes = key.map(units["note"]).astype(object).fillna("")
    level = computed.fillna(9).combine(declared.fillna(9), min)
    says = (declared == level) & (declared != computed)
    text = [f"level {n:g} as declared" if said else "" for n, said in zip(level, says, strict=True)]
    return _whole(level.where(level < 9)), _joined(notes, pd.Series(text))


def _unit_key(frame: gpd.GeoDataFrame) -> pd.Series:
    unit = _text(frame, "unit_id")
    return unit.where(unit != "", _text(frame, "id"))


def _unit_levels(major_hazards: gpd.GeoDataFrame) -> pd.DataFrame:
    """By unit_id: the level that counts and the note for the reason; units that are no major hazard left out."""
    verdict, level = _text(major_hazards, "verdict"), _number(major_hazards, "level")
    units = pd.DataFrame({"unit": _text(major_hazards, "unit_id"), "verdict": verdict, "level": level, "note": ""})
    undecided, unknown = units["verdict"] == "undecided", (units["verdict"] == "major") & level.isna().to_numpy()
    units.loc[undecided & units["level"].isna(), "level"] = 4
    units.loc[undecided, "note"] = "not decided whether it is a major hazard: taken as one until it is"
    units.loc[unknown, "level"] = 1
    units.loc[unknown, "note"] = "major hazard whose level is not known: taken as level 1 until it is"
    units = units[units["verdict"].isin(["major", "undecided"]) & (units["unit"] != "")]
    return units.sort_values(["unit", "level"], kind="stable").drop_duplicates("unit").set_index("unit")


def _with_unmatched_units(hazards: gpd.GeoDataFrame | None, major_hazards: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Hazard rows, and the major units no row of theirs belongs to."""
    known = set(_unit_key(hazards)) if hazards is not None else set()
    unit = _text(major_hazards, "unit_id")
    extra = major_hazards[(~unit.isin(known)).to_numpy() & unit.isin(_unit_levels(major_hazards).index).to_numpy()]
    columns = {c: extra[c] for c in ("unit_id", "name", "enterprise_id") if c in extra}
    units = gpd.GeoDataFrame({"id": extra["unit_id"], **columns, "geometry": extra.geometry}, crs=extra.crs)
    if hazards is None:
        return units
    return pd.concat([hazards, in_crs(units, hazards.crs)], ignore_index=True) if len(units) else hazards


def _pipeline_facts(frame: gpd.GeoDataFrame) -> tuple[dict[str, pd.Series], pd.Series]:
    """Medium, kind, diameter and pressure with stated defaults where the last two are missing."""
    defaults = table("index_pipeline_defaults").set_index("kind")
    kind = _text(frame, "kind")
    row = kind.where(kind.isin(defaults.index), "other")
    notes = pd.Series("", index=frame.index, dtype=object)
    filled = {}
    for column, word in (("diameter_mm", "diameter"), ("pressure_mpa", "pressure")):
        given = _number(frame, column).where(lambda n: n > 0)
        filled[column] = given.fillna(row.map(defaults[column]).astype(float))
        unit = column.rpartition("_")[2].replace("mpa", "MPa")
        text = [
            "" if known else f"{word} missing: taken as {value:g} {unit}"
            for known, value in zip(given.notna(), filled[column], strict=True)
        ]
        notes = _joined(notes, pd.Series(text))
    medium = _text(frame, "medium").str.lower()
    return {"medium": medium, "kind": kind, **filled}, notes


def _impact_radius(facts: pd.DataFrame) -> NDArray[np.float64]:
    """(N,) potential impact radius r = 0.099 sqrt(d^2 p) [m] of gas pipelines (GB 32167-2015), d in mm, p in MPa."""
    factor = table("index_parameters").set_index("key")["value"]["impact_radius"]
    return factor * facts["diameter_mm"].to_numpy(float) * np.sqrt(facts["pressure_mpa"].to_numpy(float))


def _groups(name: str, frame: gpd.GeoDataFrame, facts: pd.DataFrame, rule: NDArray) -> NDArray:
    """(N,) keys of what counts once in a cell: however a road or a stock is cut into rows, the index is the same."""
    row = pd.Series([f"row {i}" for i in frame.index], dtype=object)
    identity = _text(frame, "id")
    identity = identity.where(identity != "", row)
    if name in ("roads", "structures", "accidents"):
        return np.array([f"roads|{r}" for r in rule], object)
    if name == "gas_pipelines":
        owner = _text(frame, "owner")
        owner = owner.where(owner != "", _text(frame, "name"))
        return np.array(
            [f"gas_pipelines|{r}|{m}|{o}" for r, m, o in zip(rule, facts["medium"], owner, strict=True)], object
        )
    if name in ("enterprises", "crowded_places", "buildings"):
        return (("firm|" if name == "enterprises" else f"{name}|") + identity).to_numpy(object)
    unit, firm = _text(frame, "unit_id"), _text(frame, "enterprise_id")
    if name == "risk_points":
        return np.where(firm != "", "firm|" + firm, "point|" + identity).astype(object)
    unit = unit.where(unit != "", identity)
    lesser = (facts["level"] == "").to_numpy() & (firm != "").to_numpy()
    return np.where(lesser, "firm|" + firm, "unit|" + unit).astype(object)
