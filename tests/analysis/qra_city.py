"""A small made-up city with two plants and a pipeline, for the tests of results."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_risk.analysis.qra import footprint as fp
from geo_risk.analysis.qra.model import Model
from geo_risk.analysis.qra.outcomes import ANY_WEATHER, Outcome
from geo_risk.analysis.qra.weather import Weather, weather_of
from geo_risk.grid import grid_of

CRS = "EPSG:4549"
GRID = grid_of((-3000, -3000, 3000, 3000), 50, CRS)


def chlorine(rate: float, speed: float, *, cy: float = 0.04, reach: float = 2500.0) -> fp.Footprint:
    """A plume of the Purple Book's chlorine probit, 30 min, in simple sigmas."""
    x = np.concatenate([[1.0], np.geomspace(5, reach, 80)])
    sy, sz = cy * x / np.sqrt(1 + 1e-4 * x), 0.016 * x / (1 + 3e-4 * x)
    mg = rate / (np.pi * speed * sy * sz) * 1e6
    return fp.plume(x, -6.35 + 0.5 * np.log(mg**2.75 * 30), sy, 0.5 * 2.75)


def rose() -> Weather:
    share = np.random.default_rng(3).dirichlet(np.ones(16), 2) * np.array([[0.6], [0.4]])
    rows = [
        {"period": "all", "direction_deg": 22.5 * k, "speed_mps": v, "stability": s, "share": share[w, k]}
        for w, (s, v) in enumerate((("D", 5.0), ("F", 2.0)))
        for k in range(16)
    ]
    return weather_of(pd.DataFrame(rows))


def outcomes(source: int, scale: float = 1.0) -> list[Outcome]:
    fire = fp.radial([0, 100, 300, 500], [1, 1, 0.2, 0], outdoor=[1, 1, 0.03, 0], indoor=[1, 1, 0, 0])
    return [
        Outcome(source, "leak", "toxic", 0, 1e-5 * scale, chlorine(3, 5.0, cy=0.08)),
        Outcome(source, "leak", "toxic", 1, 1e-5 * scale, chlorine(3, 2.0)),
        Outcome(source, "rupture", "fireball", ANY_WEATHER, 1e-5, fire),
        Outcome(source, "rupture", "explosion", ANY_WEATHER, 4e-5, fp.disc(120, offset_m=100, indoor=0.025)),
        Outcome(source, "rupture", "flash_fire", 1, 3e-6, fp.cloud([0, 50, 200, 400], [10, 60, 90, 0])),
    ]


def model(scale: float = 1.0) -> Model:
    places = [
        shapely.Point(-500, 300),
        shapely.Point(700, -100),
        shapely.LineString([(-3000, -2000), (0, -1500), (3000, -2500)]),
    ]
    columns = {
        "id": ["a", "b", "pipe"],
        "name": ["甲罐", "乙罐", "丙管线"],
        "enterprise_id": ["E1", "E2", None],
        "enterprise_name": ["甲厂", "乙厂", None],
        "park": ["东园", "", None],
        "confidence": ["MC", "MC", "MC"],
    }
    sources = gpd.GeoDataFrame(columns, geometry=places, crs=CRS)
    line = Outcome(2, "rupture", "jet_fire", ANY_WEATHER, 1e-7, fp.disc(150))
    return Model(sources, [*outcomes(0), *outcomes(1, scale), line], rose())


def layers() -> dict[str, gpd.GeoDataFrame]:
    villages = [shapely.box(x, y, x + 900, y + 900) for x in (-2400, -300, 1500) for y in (-2400, -300, 1500)]
    population = {"id": [f"v{i}" for i in range(9)], "persons": [50.0 + 100 * i for i in range(9)]}
    places = {
        "id": ["s", "c", "m", "h"],
        "name": ["小学", "诊所", "商场", "医院"],
        "kind": ["primary_school", "clinic", "mall", "hospital"],
        "capacity": [800.0, 30.0, 900.0, 400.0],
        "area_m2": [np.nan, np.nan, np.nan, np.nan],
        "beds": [np.nan, np.nan, np.nan, 300.0],
        "state": [None] * 4,
        "position_error_m": [np.nan, np.nan, np.nan, 100.0],
    }
    at = [shapely.Point(-450, 330), shapely.Point(2900, 2900), shapely.Point(600, 150), shapely.Point(-700, 500)]
    firms = {
        "id": ["E1", "E2", "E3", "E4"],
        "name": ["甲厂", "乙厂", "纺织厂", "饭店"],
        "sector": ["化学原料制造", "化工", "纺织制造", "餐饮"],
        "staff": [200.0, 50.0, 300.0, 20.0],
        "state": [None] * 4,
    }
    firms_at = [shapely.Point(-500, 300), shapely.Point(700, -100), shapely.Point(0, 0), shapely.Point(100, 0)]
    town = shapely.box(-3000, -3000, 3000, 3000)
    return {
        "population": gpd.GeoDataFrame(population, geometry=villages, crs=CRS),
        "crowded_places": gpd.GeoDataFrame(places, geometry=at, crs=CRS),
        "enterprises": gpd.GeoDataFrame(firms, geometry=firms_at, crs=CRS),
        "districts": gpd.GeoDataFrame({"id": ["1"], "name": ["全镇"]}, geometry=[town], crs=CRS),
    }
