"""Good tables damaged at random: every row comes out right, or is told as rejected, or the file is refused.

``GEO_RISK_EXAMPLES=10000`` runs as many examples (200 by default).
"""

import csv
import io
import json
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from geo_risk.crs import gcj02_to_bd09, wgs84_to_gcj02
from geo_risk.errors import GeoRiskError
from geo_risk.layers.load import load_layer

EXAMPLES = int(os.environ.get("GEO_RISK_EXAMPLES", "200"))
CRS = "EPSG:4549"
WEST, SOUTH, EAST, NORTH = 120.10, 31.70, 120.50, 32.00
ANCHOR = (WEST - 0.05, SOUTH - 0.045, EAST + 0.05, NORTH + 0.045)
TOWNS = ("青墩镇", "石矶镇", "柳荡镇", "双泾镇")
ROWS = 60


def _truth() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(WEST + 0.002, EAST - 0.002, ROWS), rng.uniform(SOUTH + 0.002, NORTH - 0.002, ROWS)
    # Half of them beside the towns' limits, so that an offset of a few hundred metres shows in the township.
    lon[::2] = 120.30 + rng.uniform(-0.004, 0.004, len(lon[::2]))
    town = 2 * (lat > 31.85) + (lon > 120.30)
    return pd.DataFrame(
        {
            "id": [f"LL{i:06d}" for i in range(1, ROWS + 1)],
            "name": [f"临澜{chr(0x4E00 + 7 * i)}{chr(0x5F00 + 11 * i)}化工有限公司" for i in range(ROWS)],
            "town": [TOWNS[t] for t in town],
            "lon": lon.round(6),
            "lat": lat.round(6),
            "staff": rng.integers(3, 900, ROWS),
            "area_m2": rng.integers(200, 90_000, ROWS) * 10,
            "date": [f"2025-{m:02d}-{d:02d}" for m, d in rng.integers(1, [13, 29], (ROWS, 2))],
        }
    )


TRUTH = _truth()
_XY = Transformer.from_crs(4326, CRS, always_xy=True).transform(TRUTH["lon"].to_numpy(), TRUTH["lat"].to_numpy())
DISTRICTS = gpd.GeoDataFrame(
    {"id": ["1", "2", "3", "4"], "name": TOWNS, "level": "township"},
    geometry=[
        shapely.box(a, b, c, d)
        for b, d in ((SOUTH, 31.85), (31.85, NORTH))
        for a, c in ((WEST, 120.30), (120.30, EAST))
    ],
    crs=4326,
).to_crs(CRS)

# What a file may state, what its numbers then are, and how far reading them exactly may be off [m].
_SYSTEMS = {
    "wgs84": ("wgs84", None, 0.2),
    "cgcs2000": ("cgcs2000", None, 0.2),
    "gcj02": ("gcj02", lambda x, y: wgs84_to_gcj02(x, y), 0.5),
    "bd09": ("bd09", lambda x, y: gcj02_to_bd09(*wgs84_to_gcj02(x, y)), 2.0),
    "EPSG:4549": ("EPSG:4549", "EPSG:4549", 0.05),
    "EPSG:4528": ("EPSG:4528", "EPSG:4528", 0.05),
    "EPSG:3857": ("EPSG:3857", "EPSG:3857", 0.05),
}
_HEADERS = {
    "id": ("编号", "企业编号", "ID", "代码"),
    "name": ("企业名称", "单位名称", "公司名称", "名称", "企业 名称", "企业名称（全称）"),
    "town": ("所属镇街", "镇街", "所属乡镇"),
    "staff": ("从业人数", "人数", "员工人数（人）", "职工人数"),
    "area_m2": ("占地", "占地面积", "占地面积(平方米)"),
    "date": ("数据日期", "更新日期", "更新时间"),
}
_DEGREES = (("经度", "纬度"), ("lng", "lat"), ("东经", "北纬"), ("X", "Y"), ("经度(东经)", "纬度(北纬)"))
_DATES = (
    lambda d: d,
    lambda d: d.replace("-", "."),
    lambda d: d.replace("-", ""),
    lambda d: "{}年{}月{}日".format(*(int(p) for p in d.split("-"))),
)
_STAFF = (str, lambda n: f"{n}人", lambda n: f"约{n}人", lambda n: str(n).translate(_WIDE), lambda n: f" {n} ")
_WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")
_ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le")


@dataclass(frozen=True)
class Damage:
    """One way to spoil the table."""

    system: str
    declared: bool
    accept: bool
    evidence: bool
    headers: dict[str, str]
    pair: tuple[str, str]
    carrier: str
    encoding: str
    separator: str
    titles: int
    furniture: bool
    dms: bool
    staff: int
    mu: bool
    date: int
    exchanged: bool
    rows: dict[int, str]
    order: tuple[str, ...]


_ROW_DAMAGE = ("zero", "blank", "swapped", "scaled", "sign", "one_cell", "wide", "garbage", "far", "latlat", "spaces")
damages = st.builds(
    Damage,
    system=st.sampled_from(sorted(_SYSTEMS)),
    declared=st.booleans(),
    accept=st.booleans(),
    evidence=st.booleans(),
    headers=st.fixed_dictionaries({k: st.sampled_from(v) for k, v in _HEADERS.items()}),
    pair=st.sampled_from(_DEGREES),
    carrier=st.sampled_from(("csv", "csv", "csv", "xlsx", "geojson", "gpkg")),
    encoding=st.sampled_from(_ENCODINGS),
    separator=st.sampled_from(",;\t|"),
    titles=st.integers(0, 3),
    furniture=st.booleans(),
    dms=st.booleans(),
    staff=st.integers(0, len(_STAFF) - 1),
    mu=st.booleans(),
    date=st.integers(0, len(_DATES) - 1),
    exchanged=st.booleans(),
    rows=st.dictionaries(st.integers(0, ROWS - 1), st.sampled_from(_ROW_DAMAGE), max_size=9),
    order=st.permutations(("id", "name", "town", "staff", "area_m2", "date", "place")).map(tuple),
)


def _numbers(d: Damage) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates of the truth in the file's system."""
    lon, lat = TRUTH["lon"].to_numpy(), TRUTH["lat"].to_numpy()
    how = _SYSTEMS[d.system][1]
    if how is None:
        return lon, lat
    if callable(how):
        x, y = how(lon, lat)
        return np.round(x, 7), np.round(y, 7)
    x, y = Transformer.from_crs(4326, how, always_xy=True).transform(lon, lat)
    return np.round(x, 3), np.round(y, 3)


def _metres(d: Damage) -> bool:
    return d.system.startswith("EPSG")


def _dms(value: float) -> str:
    seconds = round(value * 3600, 3)
    degrees, rest = divmod(seconds, 3600)
    minutes, s = divmod(rest, 60)
    return f"{int(degrees)}°{int(minutes):02d}′{s:06.3f}″"


def _cells(d: Damage, x: float, y: float, how: str) -> tuple[str, str]:
    a, b = (f"{x:.3f}", f"{y:.3f}") if _metres(d) else (f"{x:.7f}", f"{y:.7f}")
    if d.dms and not _metres(d) and how in ("", "swapped"):
        a, b = _dms(x), _dms(y)
    changed = {
        "zero": ("0", "0"),
        "blank": ("", ""),
        "swapped": (b, a),
        "scaled": (a.replace(".", ""), b.replace(".", "")),
        "sign": (f"-{a}", b),
        "one_cell": (f"{a},{b}", ""),
        "wide": (a.translate(_WIDE), b.translate(_WIDE)),
        "garbage": ("不详", "见附图"),
        "far": (f"{x + 10:.6f}", b) if not _metres(d) else (f"{x + 900_000:.3f}", b),
        "latlat": (b, b),
        "spaces": (f" {a}\u3000", f"\u00a0{b} "),
    }
    return changed.get(how, (a, b))


def _table(d: Damage) -> tuple[list[str], list[list[str]]]:
    x, y = _numbers(d)
    first, second = ("X坐标", "Y坐标") if _metres(d) else d.pair
    area_header = "占地面积(亩)" if d.mu else d.headers["area_m2"]
    names = {**d.headers, "area_m2": area_header}
    header: list[str] = []
    for part in d.order:
        header += [first, second] if part == "place" else [names[part]]
    body = []
    for i, row in TRUTH.iterrows():
        a, b = _cells(d, x[i], y[i], d.rows.get(i, ""))
        if d.exchanged:
            a, b = b, a
        cells = {
            "id": row["id"],
            "name": row["name"],
            "town": row["town"],
            "staff": _STAFF[d.staff](row["staff"]),
            "area_m2": f"{row['area_m2'] * 15 / 10000:.4f}" if d.mu else str(row["area_m2"]),
            "date": _DATES[d.date](row["date"]),
        }
        line: list[str] = []
        for part in d.order:
            line += [a, b] if part == "place" else [cells[part]]
        body.append(line)
    return header, body


def _with_furniture(d: Damage, header: list[str], body: list[list[str]]) -> list[list[str]]:
    width = len(header)
    titles = [["临澜市危险化学品企业基本情况表"], ["填报单位：临澜市应急管理局"], ["2025年12月"]][: d.titles]
    rows = [[*t, *[""] * (width - len(t))] for t in titles]
    rows += [header, *body]
    if d.furniture:
        rows.insert(len(titles) + 1 + ROWS // 2, list(header))
        rows.append(["合计", *[""] * (width - 1)])
    return rows


def _write(d: Damage, folder: Path) -> Path:
    if d.carrier in ("geojson", "gpkg"):
        return _write_shapes(d, folder)
    rows = _with_furniture(d, *_table(d))
    if d.carrier == "xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        path = folder / "企业名录.xlsx"
        book.save(path)
        return path
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=d.separator).writerows(rows)
    path = folder / "企业名录.csv"
    path.write_bytes(text.getvalue().encode(d.encoding))
    return path


def _write_shapes(d: Damage, folder: Path) -> Path:
    """Null, empty, swapped and far places in a file of points; a GeoPackage states its system where it is declared."""
    x, y = _numbers(d)
    points: list[shapely.Point | None] = []
    for i in range(ROWS):
        how = d.rows.get(i, "")
        a, b = (y[i], x[i]) if how == "swapped" else (x[i], y[i])
        a, b = (a + (900_000 if _metres(d) else 10), b) if how == "far" else (a, b)
        a, b = (b, a) if d.exchanged else (a, b)
        points.append(None if how == "blank" else shapely.Point() if how == "garbage" else shapely.Point(a, b))
    columns = {d.headers[k]: TRUTH[k] for k in ("id", "name", "town", "staff", "area_m2", "date")}
    if d.carrier == "geojson":
        features = [
            {"type": "Feature", "properties": {k: _plain(v[i]) for k, v in columns.items()},
             "geometry": None if p is None else json.loads(shapely.to_geojson(p))}
            for i, p in enumerate(points)
        ]  # fmt: skip
        path = folder / "企业名录.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
        return path
    path = folder / "企业名录.gpkg"
    stated = _SYSTEMS[d.system][1] if isinstance(_SYSTEMS[d.system][1], str) and d.declared else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # no system stated, on purpose
        gpd.GeoDataFrame(columns, geometry=points, crs=stated).to_file(path, engine="pyogrio", layer="企业")
    return path


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _check(d: Damage, layer: gpd.GeoDataFrame, report) -> None:
    where = {i: k for k, i in enumerate(TRUTH["id"])}
    assert layer["id"].is_unique
    at = layer["id"].map(where)
    assert at.notna().all(), f"rows that were never there: {layer.loc[at.isna(), 'id'].tolist()}"
    at = at.to_numpy(int)
    assert report.rows_read == ROWS
    assert report.rows_kept == len(layer)
    x, y = layer.geometry.x.to_numpy(), layer.geometry.y.to_numpy()
    off = np.hypot(x - _XY[0][at], y - _XY[1][at])
    error = layer["position_error_m"].to_numpy(float)
    # What is not owned up to by the error radius is a silent wrong place.
    assert (off <= np.maximum(error, _SYSTEMS[d.system][2])).all(), (off.max(), error[off.argmax()])
    truth = TRUTH.iloc[at].reset_index(drop=True)
    assert (layer["name"] == truth["name"]).all()
    assert (layer["district"] == truth["town"]).all()
    for column, tolerance in (("staff", 0.0), ("area_m2", 0.4)):
        got = layer[column].to_numpy(float)
        wrong = ~np.isnan(got) & (np.abs(got - truth[column].to_numpy(float)) > tolerance)
        assert not wrong.any(), (column, got[wrong][:3], truth[column][wrong][:3].tolist())
        assert not np.isnan(got).any() or any(i.column == column for i in report.issues), f"{column} lost in silence"
    assert (layer["data_date"] == truth["date"]).all()
    gone = sorted(set(TRUTH["id"]) - set(layer["id"]))
    if not d.rows:
        assert not gone, f"good rows lost: {gone[:5]}"
    untouched = [i for i in gone if where[i] not in d.rows]
    assert not untouched, f"good rows lost with the bad ones: {untouched[:5]}"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(damages)
def test_a_damaged_table_is_right_or_refused(damage: Damage) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = _write(damage, folder)
        spec: dict = {"source": path.name}
        if damage.declared:
            spec["crs"] = _SYSTEMS[damage.system][0]
        if damage.accept:
            spec["accept"] = ["swapped", "scaled", "sign"]
        evidence = {"districts": DISTRICTS} if damage.evidence else {}
        refused = ""
        try:
            layer, (report,) = load_layer("enterprises", spec, folder=folder, crs=CRS, anchor=ANCHOR, evidence=evidence)
        except GeoRiskError as error:
            refused = str(error)
        if refused:
            assert not damage.declared, f"a file that says what it is was refused: {refused}"
            assert "crs" in refused, f"refused without naming the setting: {refused}"
        else:
            _check(damage, layer, report)
