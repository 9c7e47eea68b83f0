"""Writes the demo city: the files an office would hand over, and the answer sheet beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...errors import SettingsError
from .city import City, make_city
from .detours import FLOWS, hazmat_rules, seed_detours, write_flows
from .findings import Truth, seed_findings
from .plan import CITY, SIZES, Plan
from .shapes import write_buildings, write_districts, write_landuse, write_pipelines, write_roads, write_water
from .tables import write_crowded_places, write_firms, write_hazards, write_points, write_rescue, write_small_tables

_LAYERS = (
    ("enterprises", ("企业名录.xlsx",), 'crs = "wgs84"\naccept = ["swapped"]\n'),
    ("hazard_sources", ("重大危险源.csv", "加油加气站.csv", "危险源_码头装卸点.csv"), 'crs = "wgs84"\n'),
    ("gas_pipelines", ("管线.zip",), ""),
    ("crowded_places", ("人员密集场所.csv",), 'crs = "gcj02"\naccept = ["swapped"]\n'),
    ("roads", ("道路.gpkg",), ""),
    ("districts", ("镇街.geojson",), ""),
    ("population", ("人口.csv",), 'crs = "wgs84"\n'),
    ("emergency_facilities", ("应急力量.xlsx", "消火栓.csv"), 'crs = "wgs84"\n'),
    ("parking_lots", ("停车场.csv",), 'crs = "wgs84"\n'),
    ("hidden_dangers", ("重大事故隐患.csv",), 'crs = "wgs84"\n'),
    ("risk_points", ("风险点清单.xlsx", "公共风险点.csv"), 'crs = "wgs84"\njoin = "enterprises"\n'),
    ("buildings", ("建筑.gpkg",), ""),
    ("water", ("水系.geojson",), ""),
    ("landuse", ("用地.geojson",), ""),
    ("accidents", ("事故.csv",), 'crs = "wgs84"\n'),
)


@dataclass(frozen=True)
class DemoSummary:
    """What was written: rows by layer, total bytes, and the text of a region.toml that fits."""

    folder: Path
    size: str
    seed: int
    counts: dict[str, int]
    bytes: int
    region_toml: str


def write_demo(folder: Path, *, size: str = "city", seed: int = 1) -> DemoSummary:
    """
    Write a fictional riverside city as messy input files, and what was put into it on purpose.

    Parameters
    ----------
    folder : Path
        Gets ``inputs/`` and ``truth.json``; files of the same names are overwritten.
    size : {"small", "city", "large"}
        Three towns, the documented city of 980 km2, or four times that.
    seed : int
        1 is the documented city; every seed is a city of the same kind. Same size and seed, same bytes.

    Raises
    ------
    SettingsError
        If ``size`` is unknown or ``seed`` is negative.
    """
    if size not in SIZES:
        raise SettingsError(f"demo size {size!r} is unknown: use one of {', '.join(SIZES)}.")
    if seed < 0:
        raise SettingsError(f"demo seed {seed} is negative: use 0 or more; 1 is the documented city.")
    folder = Path(folder)
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    city = make_city(Plan(size, seed))
    truth = seed_findings(city)
    rules = hazmat_rules(city)
    truth.detours = seed_detours(city, rules)
    dirt = [write_firms(city, truth, inputs), write_crowded_places(city, truth, inputs), write_rescue(city, inputs)]
    write_hazards(city, inputs)
    write_small_tables(city, inputs)
    write_points(city, inputs)
    for write in (write_pipelines, write_districts, write_water, write_landuse, write_buildings):
        write(city, inputs)
    write_roads(city, inputs, rules)
    write_flows(truth.detours, city.hazards.fuel, inputs)
    counts = _counts(city)
    _write_truth(folder / "truth.json", city, truth, dirt, counts)
    written = sum(p.stat().st_size for p in [*inputs.iterdir(), folder / "truth.json"])
    return DemoSummary(folder, size, seed, counts, written, region_toml(size))


def region_toml(size: str) -> str:
    """Settings for the written files; columns and crs only where recognition could err."""
    cell_m = 50 if size == "large" else 25
    # The first map of a newcomer shall not wait for it; the small city has it at once.
    risk = "quantified = true" if size == "small" else "# quantified = true   # contours, F-N, targets: a minute more"
    lines = [
        f'[region]\nname = "{CITY}"\nname_en = "Linlan"\nboundary = "districts"\ncell_m = {cell_m}\n',
        '[publish]\nnote = "虚构城市，全部名称与数据均为虚构"',
        'note_en = "A fictional city: every name and figure is invented"\n',
        '[weather]\nwind = "inputs/风玫瑰.csv"\n',
        f"[risk]\n{risk}\n",
        f'[hazmat]\n# flows = "inputs/{FLOWS}"   # regular trips, put on roads; sources of risk where quantified\n',
    ]
    for name, files, more in _LAYERS:
        sources = ", ".join(f'"inputs/{f}"' for f in files)
        lines.append(f"[layers.{name}]\nsource = {sources if len(files) == 1 else f'[{sources}]'}\n{more}")
    return "\n".join(lines)


def _counts(city: City) -> dict[str, int]:
    people = (city.people.residents > 0) | (city.people.day > 0)
    land = city.land
    return {
        "enterprises": len(city.firms.id),
        "hazard_sources": len(city.hazards.xy),
        "gas_pipelines": len(city.pipes),
        "crowded_places": len(city.places.id),
        "roads": len(city.roads.line),
        "districts": 1 + len(city.towns.name),
        "population": int(people.sum()),
        "emergency_facilities": len(city.rescue.facilities) + len(city.rescue.hydrants),
        "parking_lots": len(city.lots),
        "hidden_dangers": len(city.dangers),
        "risk_points": len(city.points),
        "buildings": len(city.buildings.outline),
        "water": 2 + len(land.canals) + len(city.blocks.ponds) + len(city.people.ditches),
        "landuse": 1 + len(city.blocks.greens) + len(city.parks) + len(city.blocks.built),
        "accidents": len(city.accidents),
    }


def _story(city: City) -> dict:
    """The accident of the first screen: the largest chlorine store, a school day, wind from the east-south-east."""
    stores = [r for r in city.hazards.units if r["substance"] == "液氯"] or city.hazards.units
    worst = max(stores, key=lambda r: (r["tonnes"], r["id"]))
    return {"source_id": worst["id"], "name": worst["name"], "time": "14:20", "wind_from_deg": 112.5, "wind_mps": 3.0}


def _write_truth(path: Path, city: City, truth: Truth, dirt: list[dict], counts: dict[str, int]) -> None:
    story = _story(city)
    sheet = {
        "size": city.plan.size,
        "seed": city.plan.seed,
        "people": int(city.people.residents.sum()),
        "rows": counts,
        **asdict(truth),
        "dangers": city.planted_dangers,
        "broken_rows": dirt,
        "story": story,
    }
    path.write_text(json.dumps(sheet, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
