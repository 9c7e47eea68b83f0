"""What handbooks, sheets and lists are made of: each table read once, its rows grouped by enterprise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import InputError, RegionError
from ..standards import weakest
from .maplet import BaseMap, base_map

if TYPE_CHECKING:
    import geopandas as gpd

    from ..region import Region

Row = dict[str, Any]
Grouped = dict[str, list[Row]]

# Tables other steps may or may not have made; what is missing is left out and said.
_OPTIONAL = (
    "enterprises", "districts", "major_hazards", "findings", "travel_times", "enterprise_rescue", "index_sources",
    "risk_points", "inspections", "danger_places", "not_checked",
)  # fmt: skip
_QUANTIFIED = ("risk_sources", "scenarios", "not_quantified", "risk_contours")
_MAP_LAYERS = ("landuse", "water", "roads", "buildings", "gas_pipelines", "districts")


@dataclass(frozen=True)
class Books:
    """
    A region's layers and results as handbooks need them.

    ``names`` are the region's own by language, ``approval`` is the map approval number. ``firms`` are the enterprises,
    each with what the step "districts" found of it; ``rows`` maps a table to its rows by enterprise id; ``owner`` maps
    (layer, id) of what belongs to an enterprise to its id; ``branches`` maps a source of the risk sum to its outcomes:
    kind, frequency [1/yr], farthest reach [m], confidence.
    """

    names: Mapping[str, str]
    date: str
    approval: str
    crs: str
    layers: Mapping[str, gpd.GeoDataFrame]
    tables: Mapping[str, pd.DataFrame]
    firms: list[Row]
    rows: Mapping[str, Grouped]
    owner: Mapping[tuple[str, str], str]
    branches: Mapping[str, list[tuple[str, float, float, str]]]
    base: BaseMap

    def of(self, table: str, firm: str) -> list[Row]:
        """Rows of one table that belong to an enterprise."""
        return self.rows.get(table, {}).get(firm, [])

    def has(self, *tables: str) -> bool:
        """Whether all of these tables (or layers) are there."""
        return all(name in self.tables or name in self.layers for name in tables)


def read_books(region: Region) -> Books:
    """
    Read a finished region.

    Raises
    ------
    RegionError
        If it has no layer of enterprises, or was not run.
    """
    layers = region.layers(*region.vector_layers)
    if "enterprises" not in layers:
        raise RegionError(f"{region.folder}: handbooks need a [layers.enterprises] section in region.toml.")
    names = (*_OPTIONAL, *(_QUANTIFIED if region.settings.risk.quantified else ()))
    tables = {n: region.table(n) for n in names if (region.build / "tables" / f"{n}.parquet").is_file()}
    owner = _owners(layers)
    contours = tables.get("risk_contours")
    if contours is not None:
        contours = contours[contours["scope"] == "region"]
    base = base_map({n: layers[n] for n in _MAP_LAYERS if n in layers}, contours, region.surface("grade"))
    return Books(
        region.names,
        region.settings.publish.date or region.data_date,
        region.settings.publish.approval,
        region.crs,
        layers,
        tables,
        _firms(layers["enterprises"], tables.get("enterprises")),
        _grouped(layers, tables, owner),
        owner,
        _branches(tables.get("scenarios")),
        base,
    )


def records(frame: pd.DataFrame) -> list[Row]:
    """Rows as plain values, geometry as it is; missing values None."""
    columns = {str(c): _plain(frame[c]) for c in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(column: pd.Series) -> list[Any]:
    values = column.astype(object)
    return values.where(values.notna(), None).tolist()


def chosen(firms: Sequence[Row], wanted: Iterable[str], what: str) -> list[Row]:
    """
    The rows with the ids or names ``wanted``; all where none is given.

    Raises
    ------
    InputError
        If a row is not there, or a name fits several.
    """
    from rapidfuzz import process

    out = []
    for text in wanted:
        found = [f for f in firms if f["id"] == text] or [f for f in firms if f["name"] == text]
        if len(found) > 1 and len({f["id"] for f in found}) > 1:
            raise InputError(f"{text!r}: {len(found)} {what}s are called so: {', '.join(f['id'] for f in found[:5])}.")
        if not found:
            near = process.extractOne(text, {name for f in firms for name in (f["id"], f["name"]) if name})
            hint = f" Nearest: {near[0]}." if near and near[1] > 60 else ""
            raise InputError(f"{text!r}: no {what} has this id or name.{hint}")
        out += found
    return out if wanted else list(firms)


def _firms(layer: gpd.GeoDataFrame, graded: pd.DataFrame | None) -> list[Row]:
    found = records(layer)
    told = {} if graded is None else {r["id"]: r for r in records(graded.drop(columns=["geometry"], errors="ignore"))}
    count = layer["id"].value_counts()
    # An enterprise without a name is called by its id.
    named = ({**row, "name": row["name"] or row["id"]} for row in found)
    return [{**told.get(row["id"], {}), **row, "same_id": int(count[row["id"]])} for row in named]


def _owners(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[tuple[str, str], str]:
    """(layer, id) -> enterprise: as written, else the only enterprise of the name."""
    firms = layers["enterprises"]
    by_name = firms.drop_duplicates("name", keep=False).set_index("name")["id"].to_dict()
    known = set(firms["id"])
    owner = {("enterprises", i): i for i in firms["id"]}
    for layer in ("hazard_sources", "hidden_dangers", "risk_points"):
        if layer in layers:
            firm = _firm_of(layers[layer], by_name)
            pairs = zip(layers[layer]["id"], firm, strict=True)
            owner |= {(layer, i): f for i, f in pairs if f in known}
    return owner


def _firm_of(frame: pd.DataFrame, by_name: Mapping[str, str]) -> list[str | None]:
    none = [None] * len(frame)
    ids = _plain(frame["enterprise_id"]) if "enterprise_id" in frame else none
    names = _plain(frame["enterprise_name"]) if "enterprise_name" in frame else none
    return [i if i is not None else by_name.get(n) for i, n in zip(ids, names, strict=True)]


def _grouped(layers: Mapping[str, Any], tables: Mapping[str, Any], owner: Mapping[tuple[str, str], str]) -> Any:
    firms = layers["enterprises"]
    by_name = firms.drop_duplicates("name", keep=False).set_index("name")["id"].to_dict()
    rows: dict[str, Grouped] = {}

    def group(name: str, frame: pd.DataFrame | None, firm: Callable[[pd.DataFrame], Iterable[Any]]) -> None:
        if frame is not None:
            rows[name] = _by(records(frame), firm(frame))

    def written(frame: pd.DataFrame) -> Iterable[Any]:
        return _firm_of(frame, by_name)

    def placed(layer: str, column: str = "id") -> Callable[[pd.DataFrame], Iterable[Any]]:
        return lambda frame: [owner.get((layer, i)) for i in frame[column]]

    group("hazard_sources", layers.get("hazard_sources"), placed("hazard_sources"))
    group("major_hazards", tables.get("major_hazards"), written)
    group("risk_points", tables.get("risk_points", layers.get("risk_points")), written)
    group("danger_places", tables.get("danger_places", layers.get("hidden_dangers")), written)
    group("inspections", tables.get("inspections"), written)
    group("enterprise_rescue", tables.get("enterprise_rescue"), lambda frame: frame["place_id"])
    times = tables.get("travel_times")
    if times is not None:
        near = times[(times["place_layer"] == "hazard_sources") & (times["rank"] == 1)]
        group("travel_times", near, placed("hazard_sources", "place_id"))
    for name in ("risk_sources", "not_quantified"):
        frame = tables.get(name)
        if frame is not None:
            rows[name] = _by(records(frame), (owner.get(k) for k in zip(frame["layer"], frame["id"], strict=True)))
    findings = tables.get("findings")
    if findings is not None:
        rows["findings"] = _findings(findings, owner)
    return rows


def _by(rows: Iterable[Row], firms: Iterable[Any]) -> Grouped:
    out: Grouped = {}
    for row, firm in zip(rows, firms, strict=True):
        if firm is not None and firm == firm:
            out.setdefault(str(firm), []).append(row)
    return out


def _findings(findings: pd.DataFrame, owner: Mapping[tuple[str, str], str]) -> Grouped:
    """Findings of which an enterprise is either end; a finding within one enterprise once."""
    out: Grouped = {}
    for row in records(findings.drop(columns=["geometry"], errors="ignore")):
        ends = [owner.get((row[f"{end}_layer"], row[f"{end}_id"])) for end in ("source", "target")]
        for firm in dict.fromkeys(f for f in ends if f is not None):
            own = "source" if ends[0] == firm else "target"
            other = "target" if own == "source" else "source"
            out.setdefault(firm, []).append({**row, "own": own, "other": other})
    return out


def _branches(scenarios: pd.DataFrame | None) -> dict[str, list[tuple[str, float, float, str]]]:
    """Source -> (outcome, frequency of all its branches, farthest reach, weakest confidence), deadliest reach first."""
    if scenarios is None:
        return {}
    deadly = scenarios[scenarios["reach_m"] > 0]
    found = deadly.groupby(["source_id", "outcome"], sort=True).agg(
        frequency=("frequency_per_yr", "sum"),
        reach=("reach_m", "max"),
        confidence=("confidence", lambda column: weakest(column.tolist())),
    )
    out: dict[str, list[tuple[str, float, float, str]]] = {}
    for (source, outcome), row in found.sort_values("reach", ascending=False, kind="stable").iterrows():
        branch = (str(outcome), float(row["frequency"]), float(row["reach"]), str(row["confidence"]))
        out.setdefault(str(source), []).append(branch)
    return out


def townships(books: Books) -> dict[str, str]:
    """District id -> name."""
    districts = books.layers.get("districts")
    return {} if districts is None else dict(zip(districts["id"], districts["name"], strict=True))


def place_of(row: Row) -> tuple[float, float] | None:
    """(x, y) [m] of a point in the row's geometry; None where it has none."""
    shape = row.get("geometry")
    if shape is None or shape.is_empty:
        return None
    point = shape if shape.geom_type == "Point" else shape.representative_point()
    return (point.x, point.y) if np.isfinite((point.x, point.y)).all() else None
