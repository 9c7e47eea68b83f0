"""The lists an office keeps: risk sources, controls, major hazards, hidden dangers; as XLSX and CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .. import schema, standards
from ..region import Region
from .books import Books, Row, read_books, records, townships
from .captions import coded, explained, heading, missing, say
from .document import grade_cell
from .folder import fresh_folder
from .workbook import Field, write_csv, write_xlsx

if TYPE_CHECKING:
    import geopandas as gpd

# Column -> width in a worksheet [characters]; others 12.
_WIDTHS = {"name": 28.0, "enterprise_name": 28.0, "reason": 48.0, "substances": 22.0, "measures": 40.0, "id": 14.0}
_GRADES = ("grade", "grade_now")
_MAJOR = (
    "unit_id", "name", "enterprise_name", "substances", "quantity_t", "verdict", "level", "s_value", "r_value",
    "alpha", "residents_500m", "declared_level", "agrees", "confidence", "reason",
)  # fmt: skip
_SOURCES = ("layer", "id", "name", "score", "reach_m", "reason")
_DANGERS = ("id", "name", "enterprise_name", "found_date", "due_date", "state", "days_overdue", "supervised", "grade")
_POINTS = ("id", "name", "kind", "enterprise_name", "measures", "control_level", "unit", "person", "phone", "visited")
_VISITS = ("last_visit", "interval_days", "due_date", "due", "team")


def write_lists(region: Region, to: Path, *, lang: str = "zh") -> list[Path]:
    """
    Write every list that the region's results allow, each as XLSX and CSV, into the folder ``to``.

    The folder appears whole or stays as it was; the same results give the same bytes.

    Returns
    -------
    list of Path
        The files, in the order of the lists.

    Raises
    ------
    GeoRiskError
        If the region was not run, or ``to`` holds something else.
    """
    books = read_books(region)
    words = {g: grade_cell(g, lang)["word"] for g in range(5)}
    words = {g: f"{grade_cell(g, lang)['letter']} {word}" if g else word for g, word in words.items()}
    written = []
    with fresh_folder(to, "lists") as folder:
        for key, make in _LISTS.items():
            made = make(books, lang)
            if made is None:
                continue
            fields, rows = made
            name = say(key, lang)
            title = " ".join(p for p in (books.names[lang], name.replace("_", " "), books.date) if p)
            write_xlsx(folder / f"{name}.xlsx", title, fields, rows, words)
            write_csv(folder / f"{name}.csv", fields, rows, words)
            written += [to / f"{name}.xlsx", to / f"{name}.csv"]
    return written


Made = tuple[list[Field], list[list[Any]]]


def risk_sources(books: Books, lang: str) -> Made | None:
    """Every source of the index, strongest first, with the grade of the enterprise it belongs to."""
    index = books.tables.get("index_sources")
    if index is None:
        return None
    firms = {f["id"]: f for f in books.firms}
    index = index.sort_values(["score", "layer", "id"], ascending=[False, True, True], kind="stable")
    points = {r["id"]: r.get("grade") for rows in books.rows.get("risk_points", {}).values() for r in rows}

    def grades(row: Row) -> list[Any]:
        firm = firms.get(books.owner.get((row["layer"], row["id"]), ""), {})
        grade = points.get(row["id"]) if row["layer"] == "risk_points" else firm.get("grade")
        return [firm.get("name"), grade or 0]

    extra = [(say("enterprise", lang), 28.0, False), (say("grade_of_firm", lang), 12.0, True)]
    return _list(books, "index_sources", _SOURCES, index, lang, extra, grades)


def controls(books: Books, lang: str) -> Made:
    """
    Who controls what: every risk point with its measures, then every enterprise; who supervises, by colour.

    Supervision follows the current grade where there is one (``standards/supervision.csv``).
    """
    rules = standards.table("supervision").set_index("grade")
    towns = townships(books)
    own = schema.LAYERS.get("risk_points") or schema.RESULTS.get("risk_points")
    columns = [own.column(c) for c in _POINTS if c in own.names] if own and books.has("risk_points") else []
    points = [(f, p) for f in books.firms for p in books.of("risk_points", f["id"])] if columns else []
    objects = [(firm, point, "risk_points") for firm, point in points]
    objects += [(firm, {"id": firm["id"], "name": firm["name"]}, "enterprises") for firm in books.firms]
    order = sorted(range(len(objects)), key=lambda k: (-_grade(objects[k]), objects[k][2], k))
    shown = columns or [schema.LAYERS["enterprises"].column(c) for c in ("id", "name")]
    fields = [Field(say("kind", lang)), *(_field(c, lang) for c in shown), Field(say("township", lang))]
    fields += [Field(say("grade", lang), 12, True), Field(say("grade_now", lang), 12, True)]
    fields += [
        Field(say("control_by", lang), 24),
        Field(say("supervised_by", lang), 28),
        Field(say("confidence", lang), 8),
    ]
    visits = schema.RESULTS.get("inspections")
    visit_columns = (
        [visits.column(c) for c in _VISITS if c in visits.names] if visits and books.has("inspections") else []
    )
    fields += [_field(c, lang) for c in visit_columns]
    rows = []
    for k in order:
        firm, row, layer = objects[k]
        grade = _grade(objects[k])
        rule = rules.loc[grade] if grade in rules.index else None
        by: list[str | None] = [None] * 3
        if rule is not None:
            sure = coded("findings", "confidence", rule["confidence"], lang)
            by = [rule[f"enterprise_{lang}"], rule[f"authority_{lang}"], sure]
        visit = (books.of("inspections", firm["id"]) or [{}])[0]
        grades = [row.get("grade") or 0, 0] if layer == "risk_points" else [firm.get(g) or 0 for g in _GRADES]
        rows.append(
            [_layer(layer, lang), *(_cell("risk_points", c, row, lang) for c in shown)]
            + [towns.get(firm.get("district_id") or "", firm.get("district")), *grades, *by]
            + [_cell("inspections", c, visit, lang) for c in visit_columns]
        )
    return fields, rows


def _grade(item: tuple[Row, Row, str]) -> int:
    firm, row, layer = item
    grade = row.get("grade") if layer == "risk_points" else firm.get("grade_now") or firm.get("grade")
    return int(grade or 0)


def major_hazards(books: Books, lang: str) -> Made | None:
    """Units that are major hazard installations, or may be, the worst level first."""
    units = books.tables.get("major_hazards")
    if units is None:
        return None
    units = units[units["verdict"].isin(("major", "undecided"))]
    units = units.sort_values(["level", "r_value", "unit_id"], ascending=[True, False, True], kind="stable")
    return _list(books, "major_hazards", _MAJOR, units, lang)


def hidden_dangers(books: Books, lang: str) -> Made | None:
    """Hidden dangers, the open and overdue ones first, with the grade of their enterprise."""
    key = "danger_places" if "danger_places" in books.tables and "danger_places" in schema.RESULTS else "hidden_dangers"
    found = books.tables.get("danger_places") if key == "danger_places" else books.layers.get("hidden_dangers")
    if found is None:
        return None
    order = found["state"].map({"overdue": 0, "open": 1, "closed": 3}).fillna(2)
    found = found.assign(_order=order).sort_values(["_order", "due_date", "id"], kind="stable").drop(columns="_order")
    firms = {f["id"]: f for f in books.firms}
    extra = [] if "grade" in found else [(say("grade_of_firm", lang), 12.0, True)]

    def grades(row: Row) -> list[Any]:
        return [firms.get(row.get("enterprise_id") or "", {}).get("grade") or 0] if extra else []

    return _list(books, key, _DANGERS, found, lang, extra, grades)


def _list(
    books: Books,
    key: str,
    wanted: Sequence[str],
    frame: gpd.GeoDataFrame,
    lang: str,
    extra: Sequence[tuple[str, float, bool]] = (),
    more: Callable[[Row], list[Any]] = lambda row: [],
) -> Made:
    """Columns ``wanted`` that there are, further ones, township, and longitude and latitude of a point."""
    known = schema.LAYERS.get(key) or schema.RESULTS[key]
    columns = [known.column(c) for c in wanted if c in known.names and c in frame]
    fields = [Field("#", 6), *(_field(c, lang) for c in columns), *(Field(*e) for e in extra)]
    fields += [Field(say("township", lang)), Field(say("lon", lang), 11), Field(say("lat", lang), 11)]
    towns, places = _township_names(books, frame), _lonlat(frame)
    rows = [
        [n, *(_cell(key, c, row, lang) for c in columns), *more(row), town, *place]
        for n, (row, town, place) in enumerate(zip(records(frame), towns, places, strict=True), 1)
    ]
    return fields, rows


def _field(column: schema.Column, lang: str) -> Field:
    return Field(heading(column, lang), _WIDTHS.get(column.name, 12.0), column.name in _GRADES)


def _cell(key: str, column: schema.Column, row: Row, lang: str) -> Any:
    value: Any = row.get(column.name)
    if column.name in _GRADES:
        return int(value or 0)
    if missing(value):
        return None
    if column.dtype == "bool":
        return say("yes" if value else "no", lang)
    if column.dtype in ("int", "float"):
        return int(value or 0) if column.dtype == "int" else float(f"{value:.6g}")
    return explained(value, lang) if column.name == "reason" else coded(key, column.name, str(value), lang)


def _layer(name: str, lang: str) -> str:
    return getattr(schema.LAYERS.get(name) or schema.RESULTS[name], lang)


def _township_names(books: Books, frame: gpd.GeoDataFrame) -> list[str | None]:
    """Name of the township a point of each row lies in; None where there is none."""
    out: list[str | None] = [None] * len(frame)
    districts = books.layers.get("districts")
    if districts is None or "level" not in districts:
        return out
    towns = districts[districts["level"] == "township"]
    points = shapely.point_on_surface(frame.geometry.to_numpy())
    row, town = shapely.STRtree(points).query(towns.geometry.to_numpy(), predicate="intersects")[::-1]
    names = towns["name"].tolist()
    for r, t in zip(row.tolist(), town.tolist(), strict=True):
        out[r] = names[t]
    return out


def _lonlat(frame: gpd.GeoDataFrame) -> list[list[float | None]]:
    """Longitude and latitude [degrees, 1e-6] of a point of each row; None where it has no place."""
    from pyproj import Transformer

    points = shapely.point_on_surface(frame.geometry.to_numpy())
    to_geo = Transformer.from_crs(frame.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_geo.transform(shapely.get_x(points), shapely.get_y(points))
    pairs = np.round(np.column_stack([lon, lat]), 6).tolist()
    return [[None if not np.isfinite(v) else v for v in pair] for pair in pairs]


_LISTS: dict[str, Callable[[Books, str], Made | None]] = {
    "list_sources": risk_sources,
    "list_controls": controls,
    "list_major": major_hazards,
    "list_dangers": hidden_dangers,
}
