"""Sources of the risk sum: what stands where, with the quantities a release needs, and what could not be told.

One row of a layer gives one source (a parking lot two: its loads). What the row does not say is a
stated default of ``standards/risk_defaults.csv``, listed in the column ``assumed``; a row that
cannot carry a calculation goes to the table ``not_quantified`` with the reason and what would help.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from ...crs import in_crs, require_metric
from ...errors import GeoRiskError
from ...schema import RESULTS
from ..consequence.checks import ATMOSPHERE_PA
from ..consequence.properties import Substance, substance
from ..rows import number, records, table_rows, text
from .defaults import Assumed, default_row
from .explosives import PART, explosive
from .stock import NotQuantifiedError, density, quantity_kg, state, substance_of

POINT_LAYERS = ("hazard_sources", "parking_lots")
LINE_LAYERS = ("gas_pipelines", "roads")
SOURCE_LAYERS = (*POINT_LAYERS, *LINE_LAYERS)
_IDLE = {"closed": "closed", "planned": "planned: not there yet"}
_BULK_KG_M3 = 1000.0  # of packed explosives, where only a volume is given
_FUEL, _LIQUEFIED = "汽油", "液化石油气"  # the loads a parked tanker is taken to have


class Sources(NamedTuple):
    """
    What `risk_sources` found.

    ``sources``: ``schema.RESULTS["risk_sources"]``; ``not_quantified``: the table of that name;
    ``lacked``: what no layer told, one sentence each.
    """

    sources: gpd.GeoDataFrame
    not_quantified: pd.DataFrame
    lacked: tuple[str, ...]


def risk_sources(layers: Mapping[str, gpd.GeoDataFrame], *, missing_quantity: str = "threshold") -> Sources:
    """
    The sources of a region, sorted by source_id, and the rows that are none.

    Parameters
    ----------
    layers
        Any of hazard_sources, parking_lots, gas_pipelines and roads, as in ``schema.LAYERS``, in one
        metric CRS; other layers are ignored. Polygons count as their centroid.
    missing_quantity
        A row of a listed substance without quantity and volume: "threshold" takes the threshold of
        GB 18218-2018 (a screening default, MU), "none" lists it as not quantified.

    Raises
    ------
    CRSError
        If a layer is not in metres.
    """
    found: list[dict[str, Any]] = []
    lost: list[dict[str, Any]] = []
    crs = None
    for layer in SOURCE_LAYERS:
        frame = layers.get(layer)
        if frame is None or not len(frame):
            continue
        require_metric(frame, layer)
        crs = crs or frame.crs
        for row in _rows(layer, in_crs(frame, crs)):
            try:
                found += _sources_of(layer, row, missing_quantity)
            except NotQuantifiedError as error:
                lost.append(_lost(layer, row, error.reason, error.helps))
            except GeoRiskError as error:  # of the property tables: names the value and the nearest known ones
                lost.append(_lost(layer, row, str(error), "Correct the substance, or name the main component."))
    names = [*RESULTS["risk_sources"].names, "geometry"]
    sources = gpd.GeoDataFrame(found, columns=names, geometry="geometry", crs=crs)
    sources = sources.sort_values("source_id", kind="stable").reset_index(drop=True)
    lost_frame = pd.DataFrame(lost, columns=list(RESULTS["not_quantified"].names))
    return Sources(sources, lost_frame, _lacked(layers, lost_frame, sources))


def _rows(layer: str, frame: gpd.GeoDataFrame) -> Iterator[dict[str, Any]]:
    """The rows that may be sources: hazmat lots only, roads only where hazmat trips are told."""
    rows = records(frame.reset_index(drop=True))
    for k, row in enumerate(rows):
        row["_row"] = k + 1
        row["_place"] = row.get(frame.geometry.name)
        if layer == "parking_lots" and text(row, "kind") != "hazmat":
            continue
        if layer == "roads" and not number(row, "hazmat_trips_per_yr") > 0:
            continue
        yield row


def _identity(layer: str, row: dict[str, Any]) -> str:
    return f"{layer}/{row['id']}" if not pd.isna(row.get("id")) else f"{layer}/row {row['_row']}"


def _lost(layer: str, row: dict[str, Any], reason: str, helps: str) -> dict[str, Any]:
    file, line = row.get("source_file"), row.get("source_row")
    return {
        "source_id": _identity(layer, row),
        "layer": layer,
        "id": None if pd.isna(row.get("id")) else str(row["id"]),
        "name": text(row, "name"),
        "substance": text(row, "substance") or text(row, "medium"),
        "reason": reason,
        "helps": helps,
        "source_file": None if pd.isna(file) else file,
        "source_row": None if line is None or pd.isna(line) else int(line),
    }


def _lacked(layers: Mapping[str, gpd.GeoDataFrame], lost: pd.DataFrame, sources: gpd.GeoDataFrame) -> tuple[str, ...]:
    said = [f"no layer {name}" for name in (*POINT_LAYERS, "gas_pipelines") if name not in layers]
    if not (sources["layer"] == "roads").any():
        said.append("no road tells its hazmat trips: transport by road is not counted")
    if len(lost):
        said.append(f"{len(lost)} rows are not quantified: they add no risk here, and are listed")
    return tuple(said)


def _sources_of(layer: str, row: dict[str, Any], missing_quantity: str) -> list[dict[str, Any]]:
    """The sources of one row, mostly one."""
    if text(row, "state") in _IDLE:
        raise NotQuantifiedError(f"{_IDLE[text(row, 'state')]}.", "Nothing, if that is so.")
    place = row["_place"]
    if place is None or place.is_empty or not np.isfinite(place.bounds).all():
        raise NotQuantifiedError("it has no place.", "Give it coordinates.")
    if layer == "hazard_sources":
        return [_stationary(row, missing_quantity)]
    if layer == "parking_lots":
        return [_parked(row, what) for what in (_FUEL, _LIQUEFIED)]
    return [_pipeline(row)] if layer == "gas_pipelines" else [_road(row)]


def _base(layer: str, row: dict[str, Any], what: Substance, parts: str, assumed: Assumed) -> dict[str, Any]:
    """What every source has; the callers fill in the rest."""
    firm = row.get("enterprise_id")
    return {
        **dict.fromkeys(RESULTS["risk_sources"].names),
        "source_id": _identity(layer, row),
        "layer": layer,
        "id": None if pd.isna(row.get("id")) else str(row["id"]),
        "name": text(row, "name"),
        "enterprise_id": None if pd.isna(firm) else str(firm),
        "enterprise_name": text(row, "enterprise_name"),
        "equipment": parts,
        "substance": what.zh,
        "units": 1.0,
        "presence": 0.0,
        "hours_per_yr": 0.0,
        "pool_m2": assumed_pool(row, assumed, parts),
        "boundary_m": assumed.default("boundary_m", "boundary_m", text(row, "kind"), layer),
        "geometry": row["_place"],
    }


def assumed_pool(row: dict[str, Any], assumed: Assumed, parts: str) -> float:
    """Largest pool [m2]: the bund where it is given."""
    bund = number(row, "bund_m2")
    if bund > 0:
        return bund
    return assumed.default("pool_m2", "pool_m2", text(row, "kind"), *parts.split("|"))


def _finished(source: dict[str, Any], what: Substance, assumed: Assumed) -> dict[str, Any]:
    worst = Assumed({**assumed.entries, "": {"confidence": what.confidence}})
    return {**source, "assumed": assumed.json(), "confidence": worst.confidence}


# --- one layer each ----------------------------------------------------------------------------


def _stationary(row: dict[str, Any], missing_quantity: str) -> dict[str, Any]:
    solid, assumed = explosive(text(row, "substance")), Assumed()
    if solid is not None:
        return _explosives(row, solid, assumed, missing_quantity)
    what = substance_of(row)
    ambient = default_row("ambient_k")["value"]
    rule = _equipment(row, "gas" if what.boiling_k < ambient else "liquid")
    parts = rule["parts"]
    if not isinstance(parts, str):
        raise NotQuantifiedError(f"{rule['label']}.", "Nothing, if that is so.")
    if rule["confidence"] == "MU":
        assumed.say("equipment", parts, "", rule["label"], "MU")
    phase, pressure, kelvin = state(row, what, assumed)
    kg_m3 = density(what, phase, pressure, kelvin)
    mass = quantity_kg(row, kg_m3, assumed, missing_quantity)
    source = _base("hazard_sources", row, what, parts, assumed)
    source |= {"phase": phase, "pressure_pa": pressure, "temperature_k": kelvin, "inventory_kg": mass}
    source |= _dimensions(row, parts, mass, mass / kg_m3, assumed)
    source["geometry"] = row["_place"].centroid
    return _finished(source, what, assumed)


def _explosives(row: dict[str, Any], what: Substance, assumed: Assumed, missing_quantity: str) -> dict[str, Any]:
    """A store of explosives, which goes off as a whole."""
    if what.confidence == "MU":
        assumed.say("substance", what.zh, "", what.surrogate, "MU")
    mass = quantity_kg(row, _BULK_KG_M3, assumed, missing_quantity)
    source = _base("hazard_sources", row, what, PART, assumed)
    source |= {"phase": "solid", "pressure_pa": ATMOSPHERE_PA, "inventory_kg": mass, "head_m": 0.0}
    source |= {"temperature_k": default_row("ambient_k")["value"], "geometry": row["_place"].centroid}
    return _finished(source, what, assumed)


def _equipment(row: dict[str, Any], state: str) -> dict[str, Any]:
    """The first rule of risk_equipment.csv that fits."""
    kind, storage = text(row, "kind"), text(row, "storage")
    for rule in table_rows("risk_equipment"):
        pairs = ((rule["kind"], kind), (rule["storage"], storage), (rule["state"], state))
        if all(want in ("*", have) for want, have in pairs):
            return rule
    raise AssertionError("the last rules of risk_equipment.csv fit everything")


def _dimensions(row: dict[str, Any], parts: str, mass_kg: float, liquid_m3: float, assumed: Assumed) -> dict[str, Any]:
    """Number of vessels or cylinders, head, connection, and how long tankers and hoses are in use."""
    kind, names = text(row, "kind"), parts.split("|")
    out: dict[str, Any] = {"units": 1.0}
    tanks = number(row, "tanks")
    if tanks >= 1:
        out["units"] = float(round(tanks))
    elif set(names) & {"arm", "cylinder", "drum_store"}:
        pass
    else:
        rule = default_row("vessel_max_m3", *names)
        volume = liquid_m3 / default_row("vessel_fill")["value"]
        out["units"] = float(max(1, np.ceil(volume / rule["value"] - 1e-9)))
        why = f"{volume:.0f} m3 in vessels of at most {rule['value']:g} m3"
        assumed.say("units", out["units"], "vessels", why, rule["confidence"] if out["units"] > 1 else "MC")
    out["head_m"] = assumed.default("head_m", "head_m", *names)
    if "cylinder" in names:
        out["unit_kg"] = assumed.default("unit_kg", "cylinder_kg", kind)
    if set(names) & {"arm", "hose"}:
        out["hours_per_yr"] = assumed.default("hours_per_yr", "hours_per_yr", kind)
        out["connection_mm"] = assumed.default("connection_mm", "connection_mm", kind)
    if any(name.startswith("tanker") for name in names):
        out["tanker_kg"] = 1000 * assumed.default("tanker_kg", "tanker_t", kind)
        if "hours_per_yr" in out:
            out["presence"] = out["hours_per_yr"] / 8760
        else:  # a parking place in the list of hazards: as many as its stock fills
            share = assumed.default("presence", "occupancy", "parking_lots")
            out["presence"] = share * max(1.0, mass_kg / out["tanker_kg"])
        out.setdefault("connection_mm", assumed.default("connection_mm", "connection_mm", kind))
    return out


def _parked(row: dict[str, Any], load: str) -> dict[str, Any]:
    """The tankers of a lot that carry one of the two loads."""
    assumed, what = Assumed(), substance(load)
    bays, layer = number(row, "bays"), "parking_lots"
    if not bays > 0:
        bays = assumed.default("bays", "bays", layer)
    part = "tanker_atmospheric" if load == _FUEL else "tanker_pressurised"
    share = assumed.default("substance", f"share_{part.removeprefix('tanker_')}", layer)
    presence = bays * share * assumed.default("presence", "occupancy", layer)
    load_kg = 1000 * assumed.default("tanker_kg", "tanker_t", layer)
    phase, pressure, kelvin = state(row, what, assumed)
    source = _base(layer, row, what, part, assumed)
    source |= {"source_id": f"{source['source_id']}/{load}", "phase": phase, "pressure_pa": pressure}
    source |= {"temperature_k": kelvin, "inventory_kg": load_kg, "tanker_kg": load_kg, "presence": presence}
    source["head_m"] = assumed.default("head_m", "head_m", part)
    source["connection_mm"] = assumed.default("connection_mm", "connection_mm", layer)
    source["geometry"] = row["_place"].centroid
    return _finished(source, what, assumed)


def _pipeline(row: dict[str, Any]) -> dict[str, Any]:
    assumed, what = Assumed(), None
    kind, medium = text(row, "kind"), text(row, "medium")
    media = {r["medium"]: r for r in table_rows("pipeline_substances")}
    rule = media.get(medium) if medium else media.get(f"kind:{kind}", media["kind:"])
    what = substance(rule["substance"] if rule else medium)
    if rule and rule["confidence"] == "MU":
        assumed.say("substance", what.zh, "", rule["source"], "MU")
    diameter = _pipe_number(row, "diameter_mm", "diameter_mm", assumed)
    gauge = _pipe_number(row, "pressure_mpa", "pressure_pa", assumed)
    pressure, kelvin = ATMOSPHERE_PA + gauge * 1e6, assumed.default("temperature_k", "ambient_k")
    phase = _flowing(what, pressure, kelvin)
    area, key = np.pi / 4 * (diameter / 1000) ** 2, "valve_m" if phase == "gas" else "section_m"
    section = assumed.default("inventory_kg", key, "gas_pipelines")
    source = _base("gas_pipelines", row, what, "pipeline", assumed)
    source |= {"phase": phase, "pressure_pa": pressure, "temperature_k": kelvin, "diameter_mm": diameter}
    source |= {"inventory_kg": area * section * density(what, phase, pressure, kelvin), "connection_mm": diameter}
    wall = number(row, "wall_mm")
    source["wall_mm"] = wall if wall > 0 else assumed.default("wall_mm", "wall_mm", "gas_pipelines")
    source |= {"head_m": 0.0, "length_m": float(row["_place"].length), "laying": text(row, "laying")}
    if not source["laying"]:
        source["laying"] = "buried"
        assumed.say("laying", "buried", "", "way of laying is not told: in the ground, where a jet burns upright", "MU")
    if phase != "gas":
        velocity = assumed.default("transfer_kg_s", "velocity_m_s", "gas_pipelines")
        source["head_m"] = assumed.default("head_m", "head_m", "pipeline")
        source["transfer_kg_s"] = velocity * area * density(what, phase, pressure, kelvin)
    return _finished(source, what, assumed)


def _pipe_number(row: dict[str, Any], key: str, column: str, assumed: Assumed) -> float:
    """Diameter [mm] or gauge pressure [MPa] of a pipeline, else the usual one of its kind."""
    value, kind = number(row, key), text(row, "kind")
    if value > 0:
        return value
    if kind == "hazmat":
        return assumed.default(column, key, kind)
    usual = {r["kind"]: r for r in table_rows("index_pipeline_defaults")}
    found = usual.get(kind, usual["other"])
    unit = "mm" if key == "diameter_mm" else "MPa, gauge"
    assumed.say(column, found[key], unit, f"default: {found['source']}", found["confidence"])
    return float(found[key])


def _flowing(what: Substance, pressure_pa: float, kelvin: float) -> str:
    """Phase of what flows in a pipeline."""
    if kelvin >= what.critical_k:
        return "gas"
    if kelvin <= what.boiling_k:
        return "liquid"
    return "liquefied" if pressure_pa > float(what.vapour_pressure(kelvin)) else "gas"


def _road(row: dict[str, Any]) -> dict[str, Any]:
    told, assumed = text(row, "substance"), Assumed()
    what = substance(told or _FUEL)
    if not told:
        assumed.say("substance", what.zh, "", "loads are not told: taken as petrol in atmospheric tankers", "MU")
    phase, pressure, kelvin = state({}, what, assumed)
    part = "road_atmospheric" if phase in ("liquid", "refrigerated") else "road_pressurised"
    source = _base("roads", row, what, part, assumed)
    load_kg = 1000 * assumed.default("tanker_kg", "tanker_t", "roads")
    source |= {"phase": phase, "pressure_pa": pressure, "temperature_k": kelvin, "inventory_kg": load_kg}
    source |= {"tanker_kg": load_kg, "presence": number(row, "hazmat_trips_per_yr"), "head_m": 1.0}
    source |= {"length_m": float(row["_place"].length), "connection_mm": 100.0}
    return _finished(source, what, assumed)
