"""Answers to one question about a finished region: why this colour, who comes, what does it look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import pipeline, store
from .crs import to_lonlat
from .errors import InputError, RegionError
from .export import export_table
from .grid import Grid
from .pipeline.risk import LAYERS as RISK_LAYERS
from .pipeline.risk import MODEL_TABLES, model_of
from .region import Region

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

    from .analysis.qra.model import Model
    from .analysis.qra.overrides import Overrides
    from .analysis.qra.report import Accident
    from .parallel import Progress
    from .pipeline.compare import Comparison
    from .routing.network import Network


# Beside what a map of one answer is about.
_ZONES_SEEN = ("death", "heat", "overpressure", "AEGL-2", "AEGL-3", "ERG isolation")  # where that map opens
_AROUND = ("layers/crowded_places", "layers/districts", "layers/roads", "layers/water", "risk_sources")
_NOT_THERE = ["hazmat"]  # of roads: which are closed to a trip its own map tells
_SEEN_M = 3000.0  # around a source on the map of a change
UNSURE_CELLS_M = (50.0, 100.0, 200.0, 250.0, 500.0, 1000.0)
UNSURE_DRAWS = 60e6  # samples times cells that are drawn unless the user asks for a cell size


def single_file(region: Region, profile: str) -> str:
    """The map as one HTML page with everything inside."""
    from .publish import folium_map as page
    from .publish.own_profile import profile_of

    audience = profile_of(profile, region.settings.profiles)
    return page.single_file(page.folium_map(*pipeline.site_parts(region), profile=audience))


def explore(region: Region, layers: tuple[str, ...], profile: str, max_features: int | None = None) -> folium.Map:
    """The map, or some of its layers, as a folium map; see `Region.explore`."""
    from .publish import folium_map as page
    from .publish.fitting import MAX_FEATURES
    from .publish.own_profile import profile_of

    parts = pipeline.site_parts(region)
    audience = profile_of(profile, region.settings.profiles)
    return page.folium_map(*parts, layers=layers, profile=audience, max_features=max_features or MAX_FEATURES)


def explain(region: Region, x: float, y: float) -> dict[str, Any]:
    """
    Why the place (x, y) [m] has its colour.

    The index is computed anew on the few cells around the place and must equal the surface's.
    ``grade`` is the composite of ``index_grade`` and ``lsir_grade``; ``current`` tells the same of current
    risk, with the factor of each source. ``risk`` is the individual risk there, taken apart by
    `analysis.qra.places.explain_risk`.
    """
    import numpy as np

    from .analysis.composite import composite
    from .analysis.explain import explain_place
    from .analysis.index import hazard_surface, index_surface
    from .analysis.qra.places import explain_risk
    from .analysis.rows import GRADE_WORDS

    risk, whole = region.settings.risk, region.grid
    rows, cols = whole.rowcol([x], [y])
    row, col = int(rows[0]), int(cols[0])
    if not whole.inside(row, col):
        lon, lat = to_lonlat(whole.crs).transform(x, y)
        west, south, east, north = region.frame["bounds"]
        raise InputError(
            f"the place {lon:.5f},{lat:.5f} lies outside the region, which reaches from {west:.3f},{south:.3f} to "
            f"{east:.3f},{north:.3f}. Write LON,LAT within it, the longitude first."
        )
    around = 2 + int(np.ceil(risk.exposure_radius_m / whole.cell_m))
    near = Grid(
        whole.crs,
        whole.left + (col - around) * whole.cell_m,
        whole.top - (row - around) * whole.cell_m,
        whole.cell_m,
        (2 * around + 1, 2 * around + 1),
    )
    sources = region.table("index_sources")
    surface = index_surface(sources, region.layers("population", "crowded_places"), near, settings=risk)
    current = region.table("current_sources")
    hazard = hazard_surface(current, near)
    now = replace(surface, hazard=hazard, index=np.minimum(hazard * surface.exposure, np.float32(100)))
    told = explain_place(x, y, sources, surface, settings=risk)
    told["current"] = _changes(explain_place(x, y, current, now, settings=risk), current)
    told["place"] = {"x": x, "y": y, "crs": whole.crs}
    quantified = risk.quantified
    shown = ("index", "grade", "index_now", "residual_grade", *(("lsir", "lsir_grade") if quantified else ()))
    told["surface"] = {name: region.surface(name).array[row, col].item() for name in shown}
    told["lsir_grade"] = told["surface"].get("lsir_grade")
    lsir = np.array([told["lsir_grade"]], np.uint8) if quantified else None
    for one in (told, told["current"]):
        one["index_grade"] = one["grade"]
        index = np.array([one["grade"]], np.uint8)
        one["grade"] = int(composite(index, lsir, region.settings.grading)[0])
        one["grade_word"] = GRADE_WORDS[one["grade"]]
    told["districts"] = _districts_at(region, x, y)
    told["risk"] = explain_risk(risk_model(region), x, y) if quantified else None
    return told


def _changes(told: dict[str, Any], current: gpd.GeoDataFrame) -> dict[str, Any]:
    """What is told of current risk: index, grade, sources with their factors, and which of these changed anything."""
    factors = dict(zip(zip(current["layer"], current["id"], strict=True), current["factor"], strict=True))
    sources = [{**s, "factor": float(factors[s["layer"], s["id"]])} for s in told["sources"]]
    kept = {key: told[key] for key in ("index", "grade", "hazard")}
    return {**kept, "sources": sources, "changed": [s for s in sources if s["factor"] != 1]}


def _districts_at(region: Region, x: float, y: float) -> list[dict[str, Any]]:
    """Grade, rule and certainty of the districts around a place, the largest first."""
    import shapely

    if "districts" not in region.settings.layers:
        return []
    frame = region.table("districts")
    frame = frame[frame.intersects(shapely.Point(x, y))].sort_values("area_km2", ascending=False, kind="stable")
    names = [n for n in ("id", "name", "level", "grade", "rule", "certainty") if n in frame]
    rows = frame[names].astype(object)
    return rows.where(rows.notna(), None).to_dict("records")


def risk_model(region: Region) -> Model:
    """The model of the last run, read back from its tables."""
    require_quantified(region)
    from .analysis.qra.saved import model_from

    return model_from(region.table("risk_sources"), {name: region.table(name) for name in MODEL_TABLES})


def require_quantified(region: Region) -> None:
    """RegionError if the region does not compute quantified risk."""
    if not region.settings.risk.quantified:
        raise RegionError(
            f"{region.folder}: quantified risk is not switched on. Write quantified = true under [risk] in "
            f"region.toml, then: geo-risk run {region.folder}"
        )


def accident(
    region: Region,
    source: str,
    *,
    near: tuple[float, float] | None,
    scenario: str | None,
    wind: tuple[float, float] | None,
    hour: float,
) -> Accident:
    """One accident of a risk source of the last run, on a line ``near`` [m]; see `analysis.qra.report.accident`."""
    from .analysis.qra.accident import find_source
    from .analysis.qra.people import SIDE_M
    from .analysis.qra.report import accident as reported
    from .analysis.qra.saved import model_from
    from .analysis.qra.societal import People
    from .analysis.qra.weather import period_of

    require_quantified(region)
    sources, crowd = region.table("risk_sources"), region.table("risk_people")
    row = find_source(sources, source)
    whole = model_from(sources, {name: region.table(name) for name in MODEL_TABLES}, only=row)
    alone = replace(
        whole,
        sources=sources.iloc[[row]].reset_index(drop=True),
        outcomes=[replace(o, source=0) for o in whole.outcomes],
    )
    persons = {period: crowd[period].to_numpy(float) for period in ("day", "night")}
    people = People(crowd["x"].to_numpy(float), crowd["y"].to_numpy(float), SIDE_M, persons)
    found = reported(
        alone,
        people,
        region.layers("crowded_places", "roads", "gas_pipelines"),
        region.settings.risk,
        scenario=scenario,
        wind=wind,
        period=period_of(hour),
        sources=sources,
        near=near,
        rules=own_numbers(region, sources) if wind is not None else None,
    )
    at = found.told["at"]
    at["lon"], at["lat"] = (round(v, 6) for v in to_lonlat(region.crs).transform(at["x"], at["y"]))
    return found


def rescue_told(region: Region, x: float, y: float, **given: Any) -> list[dict[str, Any]]:
    """Who comes to the place (x, y) [m], as plain rows; ``given`` as to `rescue_at`."""
    names = ["facility_kind", "rank", "facility_id", "facility_name", "minutes", "distance_m", "reason"]
    rows = rescue_at(region, x, y, **given)[names].astype(object)
    return rows.where(rows.notna(), None).to_dict("records")


def write_accident(region: Region, found: Accident, to: str) -> None:
    """The zones of an accident as a map (.html) or in any form of `export.export_table`."""
    if not to.lower().endswith(".html"):
        export_table(found.zones, to, "accident")
        return
    from .publish.words import phrase

    name, scenario = str(found.told["source"]["name"] or found.told["source"]["id"]), found.told["scenario"]
    titles = {"zh": f"{name}：{phrase(scenario)}", "en": f"{name}: {scenario}"}
    seen = found.zones[found.zones["effect"].isin(_ZONES_SEEN)]
    about = seen if len(seen) else found.zones
    write_page(region, to, {"accident_zones": found.zones}, {}, titles, about, accident_words(found.told))


def write_page(
    region: Region,
    to: str | Path,
    tables: dict[str, gpd.GeoDataFrame],
    surfaces: dict[str, store.Surface],
    title: dict[str, str],
    about: gpd.GeoDataFrame,
    note: dict[str, str],
    facts: dict[str, list[list[list[str]]]] | None = None,
) -> None:
    """
    A map of ``tables`` and ``surfaces`` over the region's places as one HTML file, opened where ``about`` lies.

    ``facts``: tables under the title in both languages, of each the first row the headings.
    """
    import shapely

    from .publish import folium_map as page

    known, _, meta = pipeline.site_parts(region)
    left, bottom, right, top = about.total_bounds
    around = shapely.box(left, bottom, right, top).buffer(_SEEN_M) if len(about) else shapely.box(*region.grid.bounds)
    shown = {name: table.iloc[table.sindex.query(around)] for name, table in known.items() if name in _AROUND}
    shown = {name: table.drop(columns=_NOT_THERE, errors="ignore") for name, table in shown.items()}
    bounds = tuple(about.geometry.to_crs(4326).total_bounds) if len(about) else meta.bounds
    note = {lang: "。".join(filter(None, (note[lang], meta.note[lang]))) for lang in ("zh", "en")}
    note["en"] = note["en"].replace("。", ". ")
    meta = replace(meta, title=title, bounds=bounds, note=note)
    told = facts[meta.languages[0]] if facts else ()
    drawn = page.folium_map(shown | tables, surfaces, meta, max_features=30_000, facts=told)
    store.write_text(Path(to), page.single_file(drawn))


def accident_words(told: dict[str, Any]) -> dict[str, str]:
    """Wind, time and deaths of an accident as one line in both languages."""
    from .publish.words import phrase, power

    wind, period = told["wind"], told["period"]
    zh = [f"风从 {wind['from_deg']:.0f}° 来，{wind['speed_mps']:.1f} m/s，{wind['stability']} 类，{phrase(period)}"]
    en = [f"wind from {wind['from_deg']:.0f}°, {wind['speed_mps']:.1f} m/s, class {wind['stability']}, by {period}"]
    for row in told["outcomes"]:
        kind, rate = row["kind"], row["frequency_per_yr"]
        deaths = f"{row['deaths_day']:,.1f}", f"{row['deaths_night']:,.1f}"
        zh.append(f"{phrase(kind)} {power(rate)}/年，预计死亡 白天 {deaths[0]} 人、夜间 {deaths[1]} 人")
        en.append(f"{kind.replace('_', ' ')} {power(rate)} per year, {deaths[0]} deaths by day, {deaths[1]} at night")
    return {"zh": "；".join(zh), "en": "; ".join(en)}


def what_if(
    region: Region, source: str, factor: float | None, quantity_t: float | None, to: str | Path | None
) -> dict[str, Any]:
    """
    What changes when a risk source fails more or less often, or holds another quantity [t]; see `Region.what_if`.

    Only the cells the source reaches are computed.
    """
    import pandas as pd

    from .analysis.qra.accident import find_source
    from .analysis.qra.change import restocked, scaled
    from .analysis.qra.change import what_if as changed
    from .analysis.qra.contours import contour_table, criterion_levels
    from .analysis.qra.model import source_ids

    if quantity_t is None and factor is None:
        factor = 0.0
    model, surface, grid = risk_model(region), region.surface("lsir"), region.grid
    row = find_source(model.sources, source)
    after = model
    if quantity_t is not None:
        after = restocked(after, row, 1000 * quantity_t, region.settings.risk, own_numbers(region, model.sources))
    if factor is not None:
        after = scaled(after, row, factor)
    found = changed(surface.array, model, after, row, grid)
    states = {"before": surface.array, "after": found.after}
    sure = model.sources["confidence"]
    tables = {n: contour_table(a, grid, criterion_levels(), scope=n, sources=sure) for n, a in states.items()}
    areas = {n: dict(zip(t["level_per_yr"], t["area_km2"], strict=True)) for n, t in tables.items()}
    who = {"id": str(source_ids(model.sources)[row]), "name": model.sources["name"].iloc[row]}
    told: dict[str, Any] = {"source": who}
    told |= {"factor": factor, "quantity_t": quantity_t}
    told["quantity_before_t"] = float(model.sources["inventory_kg"].iloc[row]) / 1000
    told["cells_computed"] = (found.window[1] - found.window[0]) * (found.window[3] - found.window[2])
    told["contours"] = [
        {"level_per_yr": level, "area_km2": areas["before"].get(level, 0.0)}
        | {"area_after_km2": areas["after"].get(level, 0.0)}
        for level in criterion_levels()
    ]
    told |= {"lsir_max": float(surface.array.max()), "lsir_max_after": float(found.after.max())}
    if to is not None:
        contours = pd.concat([t for t in tables.values() if len(t)] or [tables["before"]], ignore_index=True)
        _write_difference(region, to, found.after - surface.array, contours, told, model.sources.iloc[[row]])
    return told


def own_numbers(region: Region, sources: gpd.GeoDataFrame) -> Overrides | None:
    """The region's own numbers ([risk] scenarios), checked against its sources; None where it has none."""
    from .analysis.qra.overrides import checked
    from .layers.own_numbers import read_scenarios

    file = region.settings.risk.scenarios
    return checked(read_scenarios(region.folder / file), sources) if file else None


def _write_difference(
    region: Region,
    to: str | Path,
    gain: Any,
    contours: gpd.GeoDataFrame,
    told: dict[str, Any],
    source: gpd.GeoDataFrame,
) -> None:
    """After minus before as a GeoTIFF, or as a map (.html) with the contours of both."""
    import numpy as np

    from .publish.words import power

    if not str(to).lower().endswith(".html"):
        store.write_surface(Path(to), store.Surface(gain, region.grid))
        return
    name = told["source"]["name"] or told["source"]["id"]
    said: dict[str, list[str]] = {"zh": [], "en": []}
    if told["quantity_t"] is not None:
        said["zh"].append(f"存量 {told['quantity_before_t']:g} t → {told['quantity_t']:g} t")
        said["en"].append(f"quantity {told['quantity_before_t']:g} t to {told['quantity_t']:g} t")
    if told["factor"] == 0:
        said["zh"].append("取消")
        said["en"].append("removed")
    elif told["factor"] is not None:
        said["zh"].append(f"频率 ×{told['factor']:g}")
        said["en"].append(f"frequencies x {told['factor']:g}")
    title = {"zh": f"{name}：{'，'.join(said['zh'])}", "en": f"{name}: {', '.join(said['en'])}"}
    surfaces = {"lsir_less": np.maximum(-gain, 0), "lsir_more": np.maximum(gain, 0)}
    shown = {n: store.Surface(a, region.grid) for n, a in surfaces.items() if a.any()}
    around = source.set_geometry(source.geometry.buffer(_SEEN_M))
    rows = [(power(r["level_per_yr"], 0), r["area_km2"], r["area_after_km2"]) for r in told["contours"]]
    areas = "; ".join(f"{level}: {a:.2f} → {b:.2f} km²" for level, a, b in rows)
    note = {"zh": f"个人风险达到各值的面积（/年） {areas}", "en": f"area at or above (per year) {areas}"}
    write_page(region, to, {"risk_contours": contours}, shown, title, around, note)


def unsure_cell_m(grid: Grid, samples: int) -> float:
    """The cell [m] on which the percentiles of a region are drawn in a bounded time; see `UNSURE_DRAWS`."""
    area = grid.shape[0] * grid.shape[1] * grid.cell_m**2
    sizes = [grid.cell_m, *(c for c in UNSURE_CELLS_M if c > grid.cell_m)]
    return next((c for c in sizes if area / c**2 * samples <= UNSURE_DRAWS), sizes[-1])


def uncertainty(
    region: Region, samples: int, cell_m: float, seed: int, to: Path, progress: Progress | None
) -> gpd.GeoDataFrame:
    """Surfaces and contours of the 5 %, 50 % and 95 % of the individual risk, written to ``to``; the contours."""
    import pandas as pd

    from .analysis.qra.contours import contour_table, criterion_levels
    from .analysis.qra.uncertainty import lsir_percentiles
    from .grid import grid_of

    told = progress or (lambda fraction, message: None)
    told(0.0, f"reading the model of the last run; cells of {cell_m:g} m")
    models, names = [risk_model(region)], ("purple_book", "lees")
    for name in names:
        if name != region.settings.risk.probits:
            told(0.05, f"computing the scenarios with the probits of {name}")
            models.append(model_of(region, region.layers(*RISK_LAYERS), probits=name)[0])
    grid = grid_of(region.grid.bounds, cell_m, region.crs)
    found = lsir_percentiles(
        models, grid, samples=samples, seed=seed, progress=lambda done, message: told(0.4 + 0.5 * done, message)
    )
    told(0.9, "drawing contours")
    people = region.layers("population").get("population")
    levels, rising = criterion_levels(), sorted(found.items())
    sure = models[0].sources["confidence"]
    tables = [contour_table(a, grid, levels, scope=f"p{p:02d}", population=people, sources=sure) for p, a in rising]
    contours = pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)
    surfaces = {f"lsir_p{p:02d}": store.Surface(a, grid) for p, a in rising}
    to.mkdir(parents=True, exist_ok=True)
    for name, surface in surfaces.items():
        store.write_surface(to / f"{name}.tif", surface)
    export_table(contours, str(to / "contours.geojson"), "contours")
    zh, en = region.names["zh"], region.names["en"]
    title = {"zh": f"{zh}个人风险的不确定范围", "en": f"{en}: how sure the individual risk is"}
    note = {
        "zh": f"{samples} 个样本：失效频率、天气与毒性概率函数；95 % 与 5 % 等值线之间为不确定范围",
        "en": f"{samples} samples of failure frequencies, weather and toxic probits; the band is from 5 to 95 %",
    }
    write_page(region, to / "index.html", {"risk_contours": contours}, surfaces, title, contours, note)
    told(1.0, "done")
    return contours


def compare(before: Region, after: Region, to: list[str]) -> Comparison:
    """What changed between two states, also written to the files ``to``."""
    from .pipeline.change_pages import changes_page
    from .pipeline.compare import compare as compared

    found = compared(before, after)
    for path in to:
        if path.lower().endswith(".json"):
            store.write_json(Path(path), found.told)
        elif path.lower().endswith((".html", ".pdf", ".docx")):
            write_document_file(changes_page(found, after.settings.publish.languages[0]), path)
        else:
            export_table(found.changes, path, "changes")
    return found


def bulletin(before: Region, after: Region, to: str, lang: str | None) -> Path:
    """The bulletin of the time between two states, written to a file."""
    from .pipeline.change_pages import bulletin_page
    from .pipeline.compare import compare as compared

    page = bulletin_page(compared(before, after), lang or after.settings.publish.languages[0])
    return write_document_file(page, to)


def write_document_file(document: dict[str, Any], to: str) -> Path:
    """A document as the ending of the file says: .html, .pdf or .docx."""
    from .pipeline.change_pages import write_document

    data = write_document(document, to)
    with store.replacing(Path(to)) as temporary:
        temporary.write_bytes(data)
    return Path(to)


def rescue_at(
    region: Region,
    x: float,
    y: float,
    network: Network | None = None,
    facilities: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """The nearest facilities of each kind to the place (x, y) [m]; who asks for many places hands over what is read."""
    from .routing.closest import rescue_at as nearest

    for name in ("roads", "emergency_facilities"):
        if name not in region.settings.layers:
            raise RegionError(f"{region.folder}: rescue needs a [layers.{name}] section in region.toml.")
    rescue = region.settings.rescue
    return nearest(
        pipeline.network(region) if network is None else network,
        pipeline.facilities_of(region) if facilities is None else facilities,
        x,
        y,
        kinds=rescue.kinds,
        k=rescue.nearest,
        turnout_s=rescue.turnout_s,
        max_min=rescue.max_min,
        access_max_m=rescue.max_access_m,
    )


def inspections(
    region: Region, teams: int | None, days: int | None, start: str | None, bases: tuple[str, ...]
) -> gpd.GeoDataFrame:
    """The inspection plan of the region's settings but for what is given; see `Region.inspections`."""
    from datetime import date

    from .pipeline.dangers import asked, plan

    if (teams is not None and not 0 <= teams <= 100) or (days is not None and not 1 <= days <= 100):
        raise InputError(f"{teams} teams, {days} days: teams must be within 0 and 100, days within 1 and 100.")
    try:
        first = date.fromisoformat(start) if start else None
    except ValueError:
        raise InputError(f"--from {start}: write a day such as 2026-07-01.") from None
    return plan(region, asked(region.settings.inspections, teams=teams, days=days, bases=bases), first)
