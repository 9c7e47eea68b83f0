"""A siting answer as plain data, and as the letter a planner signs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import answers
from ..errors import InputError
from ..publish.words import phrase
from .answer import HAZARDS, Project, Siting
from .ground import Ground

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_RISK_ROWS = 50  # of targets in the JSON beside those that do not pass; the table holds all
_GIVEN = ("capacity", "beds", "area_m2", "floors", "substance", "quantity_t", "volume_m3", "storage", "sector",
          "pressure_mpa", "temperature_c", "diameter_mm", "medium", "wall_mm", "bays", "position_error_m")  # fmt: skip


def told(ground: Ground, siting: Siting) -> dict[str, Any]:
    """Everything of a siting answer as JSON: verdict, project, checks, findings, risk, ways, what was not checked."""
    return {
        "region": ground.region.settings.region.name,
        "verdict": siting.verdict,
        "dates": dict(siting.dates),
        "project": _project(siting.project, ground),
        "checks": [vars(c) for c in siting.checks],
        "findings": _rows(siting.findings),
        "risk": _rows(_worst_first(siting.risk)),
        "ways": [dict(w) for w in siting.ways],
        "not_checked": [{"zh": phrase(text), "en": text.replace("_", " ")} for text in siting.not_checked],
    }


def _project(project: Project, ground: Ground) -> list[dict[str, Any]]:
    out = []
    for layer, frame in project.items():
        lonlat = frame.geometry.to_crs(4326)
        for row, shape in zip(frame.to_dict("records"), lonlat, strict=True):
            given = {c: row[c] for c in _GIVEN if c in row and row[c] is not None and row[c] == row[c]}
            place = shape.representative_point()
            out.append(
                {"layer": layer, "id": row["id"], "name": row["name"], "kind": row["kind"]}
                | {"lon": round(place.x, 6), "lat": round(place.y, 6), "area_m2": round(row["geometry"].area, 1)}
                | {"given": given, "geometry": json.loads(_geojson(shape))}
            )
    return out


def _geojson(shape: Any) -> str:
    import shapely

    return str(shapely.to_geojson(shapely.set_precision(shape, 1e-7)))


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows without geometry; numbers that are none are None."""
    if not len(frame):
        return []
    plain = frame.drop(columns=[c for c in ("geometry",) if c in frame])
    return [{str(k): (None if v is None or v != v else v) for k, v in row.items()} for row in plain.to_dict("records")]


def _worst_first(risk: pd.DataFrame) -> pd.DataFrame:
    if not len(risk):
        return risk
    order = {"fail": 0, "undecided": 1, "pass": 2}
    by = risk["verdict_new"].where(risk["role"] == "endangered", risk["verdict"]).map(order)
    ranked = risk.assign(_by=by).sort_values(["_by", "lsir_per_yr"], ascending=[True, False], kind="stable")
    return ranked[(ranked["_by"] < 2) | (ranked["_by"].groupby(ranked["_by"]).cumcount() < _RISK_ROWS)].drop(
        columns="_by"
    )


def write_letter(ground: Ground, siting: Siting, to: str | Path, lang: str) -> Path:
    """The letter as .html, .pdf or .docx."""
    from ..publish.letter import letter
    from ..publish.words import approval_words

    if Path(to).suffix.lower() not in (".html", ".pdf", ".docx"):
        raise InputError(f"{to}: a letter is written as .html, .pdf or .docx. Name such a file.")
    meta = ground.region.settings
    name = ground.region.names[lang]
    note = (meta.publish.note_en or meta.publish.note) if lang == "en" else meta.publish.note
    note = " · ".join(filter(None, (note, approval_words(meta.publish.approval, lang))))
    document = letter(told(ground, siting), _picture(ground, siting, lang), name, note, lang)
    return answers.write_document_file(document, str(to))


def _picture(ground: Ground, siting: Siting, lang: str) -> dict[str, Any]:
    """The outline and what stands against it, on the region's own layers."""
    import shapely

    from ..publish.maplet import Mark, base_map, maplet

    shape = shapely.union_all([g for f in siting.project.values() for g in f.geometry])
    rows = siting.findings[siting.findings["verdict"] != "clear"]
    reach = shapely.union_all([shape, *rows.geometry.head(40)])
    left, bottom, right, top = shapely.bounds(reach)
    height = max(400.0, 1.25 * max(top - bottom, (right - left) * 1000 / 1820))
    marks = [_mark(row, number) for number, row in enumerate(rows.head(12).itertuples(), 1)]
    middle = shape.representative_point()
    marks.append(Mark(middle.x, middle.y, "site", "P"))
    window = shapely.box(left, bottom, right, top).buffer(height)
    layers = {n: f[shapely.intersects(f.geometry.to_numpy(), window)] for n, f in ground.layers.items()}
    contours = ground.table("risk_contours")
    if contours is not None:
        contours = _clipped(contours[contours["scope"] == "region"], window)
    centre = (left + right) / 2, (bottom + top) / 2
    words = {
        "zh": ("拟建范围", "不满足或待定的对象（编号见表）"),
        "en": ("project", "what stands against it (see table)"),
    }
    legend = [("site", words[lang][0]), ("place", words[lang][1])]
    return maplet(
        base_map(layers, contours, None), centre, height, marks, outline=shape, legend=legend,
        north="北" if lang == "zh" else "N",
    )  # fmt: skip


def _clipped(frame: gpd.GeoDataFrame, window: Any) -> gpd.GeoDataFrame:
    return frame.set_geometry(frame.geometry.intersection(window))


def _mark(row: Any, number: int) -> Any:
    import shapely

    from ..publish.maplet import Mark

    ends = shapely.get_coordinates(row.geometry)
    end = ends[-1] if str(row.source_id).startswith("project:") else ends[0]
    sign = "hazard" if row.source_layer in HAZARDS and not str(row.source_id).startswith("project:") else "place"
    return Mark(float(end[0]), float(end[1]), sign, str(number))
