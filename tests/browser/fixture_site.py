"""A small made-up city in the form docs/site-format.md describes, without the real tiler."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import struct
import zlib
from dataclasses import asdict
from pathlib import Path

import jinja2
import mapbox_vector_tile
import numpy as np
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from geo_risk.publish.style import GRADES as OF_THE_MAP

PUBLISH = Path(__file__).parents[2] / "geo_risk" / "publish"
WORLD = 20037508.342789244  # half the side of the Web Mercator square [m]
CHUNK = 384 * 1024
WEST, SOUTH, EAST, NORTH = BOUNDS = (120.20, 31.80, 120.52, 32.04)
HOSTILE = "<img src=x onerror=alert(1)>化工"

GRADES = [asdict(g) | {"pattern": ["".join(".#"[v] for v in row) for row in g.pattern.astype(int)]} for g in OF_THE_MAP]
TOWNS = "城关 临港 澜江 青石 新桥 柳堡 沙湾 北渡 安丰 石浦 云台 双河 大泽 梅岭 长荡 东林".split()  # noqa: SIM905


def mercator(lonlat: np.ndarray) -> np.ndarray:
    """Degrees to Web Mercator metres, (N, 2)."""
    lon, lat = np.radians(lonlat).T
    return np.column_stack([lon, np.arcsinh(np.tan(lat))]) * WORLD / math.pi


def tiles_of(bounds, zoom: int) -> list[tuple[int, int, float, float, float, float]]:
    """Tiles (x, y, left, bottom, right, top) that meet bounds given in metres."""
    side = 2 * WORLD / 2**zoom
    left, bottom, right, top = bounds
    columns = range(int((left + WORLD) // side), int((right + WORLD) // side) + 1)
    rows = range(int((WORLD - top) // side), int((WORLD - bottom) // side) + 1)
    return [
        (x, y, x * side - WORLD, WORLD - (y + 1) * side, (x + 1) * side - WORLD, WORLD - y * side)
        for x in columns
        for y in rows
    ]


def archive(path: Path, tiles: dict[int, bytes], kind: TileType, compression: Compression) -> None:
    """Write tiles by id as a PMTiles archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = Writer(file)
        for key in sorted(tiles):
            writer.write_tile(key, tiles[key])
        header = {"tile_type": kind, "tile_compression": compression, "min_zoom": 8, "max_zoom": 13}
        for name, value in zip(("min_lon", "min_lat", "max_lon", "max_lat"), BOUNDS, strict=True):
            header[f"{name}_e7"] = int(value * 1e7)
        header |= {"center_zoom": 10, "center_lon_e7": int(WEST * 1e7), "center_lat_e7": int(SOUTH * 1e7)}
        writer.finalize(header, {})


def vector_tiles(name: str, features: list[tuple[shapely.Geometry, dict]], zooms: range) -> dict[int, bytes]:
    """Features (degrees, properties) as gzipped vector tiles by tile id."""
    flat = [(shapely.transform(geometry, mercator), properties) for geometry, properties in features]
    whole = shapely.total_bounds([geometry for geometry, _ in flat])
    tiles = {}
    for zoom in zooms:
        for x, y, left, bottom, right, top in tiles_of(whole, zoom):
            margin = (right - left) / 64
            box = (left - margin, bottom - margin, right + margin, top + margin)
            pieces = [(shapely.clip_by_rect(geometry, *box), properties) for geometry, properties in flat]
            corner, scale = np.array([left, bottom]), 4096 / (right - left)
            inside = [
                {
                    "geometry": shapely.transform(g, lambda xy, c=corner, k=scale: np.round((xy - c) * k)),
                    "properties": p,
                }
                for g, p in pieces
                if not g.is_empty
            ]
            if inside:
                encoded = mapbox_vector_tile.encode([{"name": name, "features": inside}])
                tiles[zxy_to_tileid(zoom, x, y)] = gzip.compress(encoded, mtime=0)
    return tiles


def png(rgba: np.ndarray) -> bytes:
    """An (N, M, 4) uint8 picture as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = rgba.shape[:2]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), rgba.reshape(height, width * 4)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows.tobytes()))
        + chunk(b"IEND", b"")
    )


def surface_tiles(centres: np.ndarray, zooms: range) -> dict[int, bytes]:
    """A four-colour surface, the sum of bells around the centres (degrees), as PNG tiles by tile id."""
    colors = np.array([[0, 0, 0, 0]] + [[*bytes.fromhex(g["color"][1:]), 255] for g in GRADES[::-1]], np.uint8)
    places = mercator(centres)
    bounds = mercator(np.array([[WEST, SOUTH], [EAST, NORTH]])).ravel()
    tiles = {}
    for zoom in zooms:
        for x, y, left, _, right, top in tiles_of(bounds, zoom):
            step = (right - left) / 256
            east, north = np.meshgrid(left + step * (np.arange(256) + 0.5), top - step * (np.arange(256) + 0.5))
            score = sum(np.exp(-((east - a) ** 2 + (north - b) ** 2) / 2 / 1100**2) for a, b in places)
            tiles[zxy_to_tileid(zoom, x, y)] = png(colors[np.digitize(score, [0.05, 0.25, 0.7, 1.3])])
    return tiles


def wavy(start: tuple[float, float], end: tuple[float, float], swing: float, waves: float) -> shapely.LineString:
    """A road or a bank: a line between two places that swings to both sides [degrees]."""
    t = np.linspace(0, 1, 40)
    side = swing * np.sin(waves * math.pi * t)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    return shapely.LineString(
        np.column_stack([start[0] + t * dx - side * dy / length, start[1] + t * dy + side * dx / length])
    )


def city() -> dict[str, list[tuple[shapely.Geometry, dict]]]:
    """The made-up city: every layer as (geometry in degrees, properties)."""
    rng = np.random.default_rng(7)
    frame = shapely.box(*BOUNDS)
    seats = shapely.points(np.column_stack([rng.uniform(WEST, EAST, 16), rng.uniform(SOUTH, NORTH, 16)]))
    cells = shapely.voronoi_polygons(shapely.multipoints(seats), extend_to=frame, ordered=True).geoms
    towns = [shapely.intersection(cell, frame) for cell in cells]
    coast = shapely.Polygon([*wavy((WEST, 31.99), (EAST, 32.0), 0.008, 3).coords, (EAST, NORTH), (WEST, NORTH)])
    river = wavy((120.31, SOUTH), (120.36, 32.0), 0.02, 2).buffer(0.0022)
    layers: dict[str, list[tuple[shapely.Geometry, dict]]] = {
        "water": [(coast, {"name": "澜江", "kind": "river"}), (river, {"name": "西澜河", "kind": "river"})],
        "builtup": [(shapely.Point(120.34, 31.89).buffer(0.035), {}), (shapely.Point(120.44, 31.93).buffer(0.02), {})],
        "green": [(shapely.Point(120.26, 31.85).buffer(0.025), {}), (shapely.Point(120.40, 31.87).buffer(0.008), {})],
        "industrial": [
            (shapely.box(120.37, 31.96, 120.44, 31.985), {}),
            (shapely.box(120.22, 31.93, 120.26, 31.96), {}),
        ],
        "roads": [],
        "labels": [],
        "districts": [],
        "enterprises": [],
        "pipelines": [
            (
                wavy((WEST, 31.83), (120.4, 31.97), 0.004, 5),
                {"id": "p1", "name": "西气干线临澜支线", "pressure_mpa": 6.3},
            ),
            (wavy((120.4, 31.97), (EAST, 31.9), 0.004, 4), {"id": "p2", "name": "临港化工管廊", "pressure_mpa": 1.6}),
        ],
        "findings": [],
    }
    roads = layers["roads"]
    roads.append((wavy((WEST, 31.945), (EAST, 31.955), 0.006, 2), {"class": "motorway", "name": "沿江高速"}))
    roads.append((wavy((120.40, SOUTH), (120.38, 31.99), 0.006, 2), {"class": "trunk", "name": "国道"}))
    for i, y in enumerate(np.linspace(31.82, 31.97, 7)):
        roads.append((wavy((WEST, y), (EAST, y), 0.002, 3), {"class": "primary" if i % 3 == 1 else "secondary"}))
    for i, x in enumerate(np.linspace(120.22, 120.50, 11)):
        roads.append((wavy((x, SOUTH), (x, 31.98), 0.002, 3), {"class": "primary" if i % 4 == 1 else "tertiary"}))
    for x in np.linspace(120.30, 120.38, 24):
        roads.append((wavy((x, 31.86), (x, 31.92), 0.0005, 2), {"class": "residential"}))
    for y in np.linspace(31.86, 31.92, 18):
        roads.append((wavy((120.30, y), (120.38, y), 0.0005, 2), {"class": "service"}))
    for i, (town, name) in enumerate(zip(towns, TOWNS, strict=True)):
        shares = np.sort(rng.dirichlet([0.6, 1, 2, 3]))
        properties = {
            "id": f"t{i:02}",
            "name": f"{name}镇",
            "level": "township",
            "grade": [4, 3, 2, 1, 1, 2, 3, 2][i % 8],
        }
        properties |= {"share_red": round(float(shares[0]), 4), "persons": int(rng.integers(8, 160)) * 1000}
        properties |= {"index_max": round(float(rng.uniform(5, 98)), 1), "n_major": int(rng.integers(0, 9))}
        layers["districts"].append((town, properties))
        layers["labels"].append((town.point_on_surface(), {"name": f"{name}镇", "level": "township"}))
    layers["labels"].append((shapely.Point(120.345, 31.885), {"name": "临澜市", "level": "city"}))
    land = shapely.difference(frame, coast)
    parks = [(120.405, 31.972), (120.24, 31.945), (120.34, 31.89)]
    for i in range(160):
        east, north = parks[i % 3]
        spot = shapely.Point(rng.normal(east, 0.02), rng.normal(north, 0.012))
        if not land.contains(spot):
            continue
        name = HOSTILE if i == 3 else f"临澜{TOWNS[i % 16]}化工{i:03}厂"
        properties = {
            "id": f"e{i:03}",
            "name": name,
            "grade": int(rng.choice([0, 1, 2, 3, 4], p=[0.1, 0.4, 0.3, 0.13, 0.07])),
        }
        properties |= {
            "state": "active",
            "district_id": f"t{i % 4 * 4:02}",
            "staff": int(rng.integers(5, 900)),
            "lsir_max": float(10 ** rng.uniform(-8, -4)),
        }
        layers["enterprises"].append((spot, properties))
    spots = [g for g, _ in layers["enterprises"]]
    for i in range(6):
        line = shapely.LineString([spots[3 * i], spots[3 * i + 3]])
        firm = layers["enterprises"][3 * i][1]
        firm["n_conflicts"] = 1
        told = {"source_name": firm["name"], "rule_id": "SB001", "clause": "4.2.9", "required_m": 150.0}
        told |= {"finding_id": f"f{i}", "grade": 4 - i % 4, "clearance_m": 120.0 + i, "place_id": firm["id"]}
        layers["findings"].append((line, told))
    return layers


def column(name: str, zh: str, en: str, unit: str = "", dtype: str = "float", domain: dict | None = None) -> dict:
    return {"name": name, "zh": zh, "en": en, "unit": unit, "dtype": dtype, "domain": domain or {}}


NAME = column("name", "名称", "name", dtype="string")
GRADE = column("grade", "风险等级", "grade", dtype="int")
STATE = {"active": {"zh": "在业", "en": "active"}, "closed": {"zh": "关闭", "en": "closed"}}
COLUMNS = {
    "districts": [
        NAME,
        GRADE,
        column("share_red", "红占比", "share graded red"),
        column("persons", "人口", "residents", "persons", "int"),
        column("index_max", "最大指数", "highest index", "0-100"),
        column("n_major", "重大危险源数", "major hazards", "", "int"),
    ],
    "enterprises": [
        NAME,
        GRADE,
        column("district_id", "所属镇街", "district", dtype="string"),
        column("state", "状态", "state", dtype="string", domain=STATE),
        column("staff", "从业人数", "staff", "persons", "int"),
        column("lsir_max", "个人风险", "individual risk", "1/yr"),
    ],
    "pipelines": [NAME, column("pressure_mpa", "压力", "operating pressure", "MPa")],
    "findings": [
        column("finding_id", "编号", "id", dtype="string"),
        GRADE,
        column("clearance_m", "实际距离", "clearance", "m"),
    ],
}
BASE = [("builtup", "fill"), ("green", "fill"), ("industrial", "fill"), ("water", "fill"), ("roads", "line")]
SHOWN = [  # id, group, zh, en, geometry, style, visible
    ("districts", "risk", "镇街风险等级", "Township grades", "fill", "graded", False),
    ("findings", "rules", "间距冲突", "Setback conflicts", "line", "graded", True),
    ("pipelines", "hazards", "油气管线", "Pipelines", "line", "plain", True),
    ("enterprises", "hazards", "企业", "Enterprises", "circle", "graded", True),
]


def layer(id: str, source: str, geometry: str, style: str, **more) -> dict:
    entry = {
        "id": id,
        "source": source,
        "source_layer": source,
        "group": "base",
        "zh": id,
        "en": id,
        "geometry": geometry,
    }
    return entry | {"style": style, "visible": True, "base": True, "columns": [], "count": 0} | more


def layer_list(features: dict) -> list[dict]:
    layers = [layer(name, name, geometry, name.removesuffix("s")) for name, geometry in BASE]
    surface = layer(
        "surface", "surface", "raster", "graded", base=False, group="risk", zh="综合风险", en="Risk surface"
    )
    del surface["source_layer"], surface["count"]
    layers.append(surface)
    for name, group, zh, en, geometry, style, visible in SHOWN:
        facts = {"group": group, "zh": zh, "en": en, "visible": visible, "base": False, "color": "#6a4c93"}
        facts |= {"columns": COLUMNS[name], "title_column": COLUMNS[name][0]["name"], "count": len(features[name])}
        layers.append(layer(name, name, geometry, style, **facts))
    layers.append(layer("boundary", "districts", "fill", "boundary"))
    layers.append(layer("labels", "labels", "circle", "label"))
    return layers


def manifest_of(features: dict, sources: dict) -> dict:
    towns = sorted((p for _, p in features["districts"]), key=lambda p: (-p["grade"], p["id"]))
    seat = {p["name"]: g for g, p in features["labels"]}
    return {
        "version": 1, "profile": "internal", "languages": ["zh", "en"],
        "title": {"zh": "临澜市安全风险一张图", "en": "Linlan safety risk map"},
        "note": {"zh": "虚构数据，仅供测试，2026 年 11 月", "en": "Made-up data for tests, November 2026"},
        "search": "data/search.js",
        "bounds": list(BOUNDS), "grades": GRADES, "sources": sources, "layers": layer_list(features),
        "groups": [{"id": "risk", "zh": "风险", "en": "Risk"}, {"id": "rules", "zh": "间距", "en": "Setbacks"},
                   {"id": "hazards", "zh": "危险源", "en": "Hazards"}],
        "table": {
            "layer": "districts", "columns": [c["name"] for c in COLUMNS["districts"]],
            "rows": [[p.get(c["name"]) for c in COLUMNS["districts"]] for p in towns],
            "lonlat": [[seat[p["name"]].x, seat[p["name"]].y] for p in towns],
        },
    }  # fmt: skip


def write_source(site: Path, name: str, tiles: dict[int, bytes], kind: TileType, zooms: range) -> dict:
    """One archive and its script pieces; its entry of the manifest."""
    raster = kind is TileType.PNG
    path = site / "tiles" / f"{name}.pmtiles"
    archive(path, tiles, kind, Compression.NONE if raster else Compression.GZIP)
    data = path.read_bytes()
    folder = f"js/{name}.{hashlib.sha256(data).hexdigest()[:8]}"
    pieces = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]
    (site / folder).mkdir(parents=True)
    for n, piece in enumerate(pieces):
        text = base64.b64encode(piece).decode()
        (site / folder / f"{n}.js").write_text(f'GEO_RISK_CHUNK("{name}", {n}, "{text}");')
    entry = {"type": "raster" if raster else "vector", "file": f"tiles/{name}.pmtiles", "bytes": len(data)}
    entry |= {"chunks": {"dir": folder, "count": len(pieces), "bytes": CHUNK}}
    return entry | {"minzoom": zooms[0], "maxzoom": zooms[-1]} | ({"tile_size": 256} if raster else {})


def search_index(manifest: dict, features: dict) -> list[list]:
    number = {entry["id"]: i for i, entry in enumerate(manifest["layers"])}
    places = [
        (p["name"], number[name], g.point_on_surface())
        for name in ("districts", "enterprises")
        for g, p in features[name]
    ]
    ids = {p["name"]: p["id"] for name in ("districts", "enterprises") for _, p in features[name]}
    short = {"柳堡镇": "lbz"}
    return [[name, index, point.x, point.y, ids[name], short.get(name, "")] for name, index, point in places]


def make_site(site: Path) -> Path:
    """Write the whole site into an empty folder; the address of its page."""
    features = city()
    zooms = range(8, 14)
    sources = {
        name: write_source(site, name, vector_tiles(name, its, zooms), TileType.MVT, zooms)
        for name, its in features.items()
    }
    centres = np.array([[g.x, g.y] for g, p in features["enterprises"] if p["grade"] >= 3])
    sources["surface"] = write_source(site, "surface", surface_tiles(centres, range(8, 13)), TileType.PNG, range(8, 13))
    manifest = manifest_of(features, sources)
    (site / "data").mkdir()
    (site / "data" / "site.js").write_text(f"window.GEO_RISK = {json.dumps(manifest, ensure_ascii=False)};", "utf-8")
    hits = json.dumps(search_index(manifest, features), ensure_ascii=False)
    (site / "data" / "search.js").write_text(f"window.GEO_RISK_SEARCH = {hits};", "utf-8")
    (site / "assets").mkdir()
    for name in ("app.js", "app.css"):
        (site / "assets" / name).write_bytes((PUBLISH / "static" / name).read_bytes())
    template = jinja2.Environment(loader=jinja2.FileSystemLoader(PUBLISH / "templates")).get_template("index.html.j2")
    page = template.render(
        lang="zh", title=manifest["title"], note=manifest["note"], app_js="assets/app.js", app_css="assets/app.css",
        site_js="data/site.js", grades=GRADES, columns=COLUMNS["districts"],
        rows=manifest["table"]["rows"],
    )  # fmt: skip
    (site / "index.html").write_text(page, "utf-8")
    return site / "index.html"
