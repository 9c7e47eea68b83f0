"""The leak reader finds what is planted: a secret in any corner of a public site."""

import base64
import gzip
import hashlib
import io
import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import brotli
import geopandas as gpd
import leak_region
import mapbox_vector_tile
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import typst
from leak_reader import read_folder
from PIL import Image, PngImagePlugin
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from publish_city import CRS, TEMPLATE, frame

from geo_risk.publish.site import build_site

SECRET = "临澜绝密化工储罐区"
SECRET_ID = "WX-00042"
AT = (122.987654, 32.012345)  # of the secret tank


@pytest.fixture(scope="module")
def region(tables):
    """The made-up city with one secret tank."""
    (at,) = gpd.GeoSeries([shapely.Point(AT)], crs=4326).to_crs(CRS)
    tank = frame([at], id=[SECRET_ID], name=[SECRET], kind=["tank_farm"], quantity_t=[931.25])
    keep = ("layers/crowded_places", "layers/emergency_facilities", "districts")
    shown = {k: tables[k] for k in keep} | {"layers/hazard_sources": tank}
    full = shown | {"layers/districts": tables["districts"], "tables/districts": tables["districts"]}
    return shown, leak_region.Region({k: v for k, v in full.items() if "/" in k})


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, region, surfaces, meta, static):
    out = tmp_path_factory.mktemp("tiny") / "public"
    build_site(out, region[0], {"grade": surfaces["grade"]}, meta, "public", template=TEMPLATE, static=static)
    return out


def test_a_clean_site_tells_nothing(tiny, region):
    assert leak_region.faults(region[1], read_folder(tiny), ("来源：示例", "2026-11")) == []
    (fault,) = leak_region.faults(region[1], read_folder(tiny), ("来源：别处",))
    assert fault == "no file tells '来源：别处'"


def archive(path: Path, content: bytes, kind: TileType) -> bytes:
    """A PMTiles archive of one tile, at zoom 13, row and column of the secret tank."""
    out = io.BytesIO()
    writer = Writer(out)
    writer.write_tile(zxy_to_tileid(13, *_tile()), content)
    packed = Compression.GZIP if kind == TileType.MVT else Compression.NONE
    writer.finalize({"tile_type": kind, "tile_compression": packed, "min_zoom": 13, "max_zoom": 13,
                     "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 1, "max_lat_e7": 1, "center_zoom": 13,
                     "center_lon_e7": 0, "center_lat_e7": 0}, {})  # fmt: skip
    path.write_bytes(out.getvalue())
    return out.getvalue()


def _tile() -> tuple[int, int]:
    x, y = _pixels()
    return int(x // 4096), int(y // 4096)


def _pixels() -> tuple[float, float]:
    lon, lat = np.radians(AT)
    return (lon / np.pi + 1) / 2 * 2**13 * 4096, (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**13 * 4096


def vector_tile(layer: str, x: float, y: float, **properties) -> bytes:
    features = [{"geometry": shapely.Point(x, y), "properties": properties}]
    options = {"y_coord_down": True, "extents": 4096}
    return gzip.compress(mapbox_vector_tile.encode([{"name": layer, "features": features}], default_options=options))


def in_tile_property(folder: Path) -> None:
    archive(
        folder / "tiles" / "crowded_places.a.pmtiles", vector_tile("crowded_places", 1, 1, name=SECRET), TileType.MVT
    )


def in_tile_place(folder: Path) -> None:
    x, y = (v % 4096 for v in _pixels())
    archive(folder / "tiles" / "crowded_places.a.pmtiles", vector_tile("crowded_places", x, y, kind="a"), TileType.MVT)


def in_tile_column(folder: Path) -> None:
    archive(folder / "tiles" / "x.a.pmtiles", vector_tile("crowded_places", 1, 1, capacity=4), TileType.MVT)


def in_chunks(folder: Path) -> None:
    data = archive(folder / "x", vector_tile("crowded_places", 1, 1, name=SECRET), TileType.MVT)
    (folder / "x").unlink()
    (folder / "js" / "x.a").mkdir()
    for n, piece in enumerate((data[:200], data[200:])):
        text = f'GEO_RISK_CHUNK("x", {n}, "{base64.b64encode(piece).decode()}");'
        (folder / "js" / "x.a" / f"{n}.js").write_text(text)


def in_gzip(folder: Path) -> None:
    (folder / "index.html.gz").write_bytes(gzip.compress(f"<p>{SECRET}</p>".encode()))


def in_brotli(folder: Path) -> None:
    (folder / "index.html.br").write_bytes(brotli.compress(f"<p>{SECRET}</p>".encode()))


def pdf(text: str) -> bytes:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    return typst.Compiler(font_paths=fonts).compile(text.encode())


def in_pdf(folder: Path) -> None:
    (folder / "a.pdf").write_bytes(pdf(SECRET_ID))


def in_pdf_title(folder: Path) -> None:
    (folder / "a.pdf").write_bytes(pdf(f'#set document(title: "{SECRET}")\nx'))


def in_docx(folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.docx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", f"<w:p><w:t>{SECRET[:4]}</w:t><w:t>{SECRET[4:]}</w:t></w:p>")


def in_list(folder: Path) -> None:
    (folder / "downloads" / "list.csv").write_text(f"name\n{SECRET}\n", "utf-8-sig")


def in_list_of_another_encoding(folder: Path) -> None:
    (folder / "downloads" / "list.txt").write_bytes(SECRET.encode("gb18030"))


def in_search_index(folder: Path) -> None:
    (path,) = (folder / "data").glob("search.*.js")
    entries = json.loads(path.read_text("utf-8").partition("=")[2].rstrip(";\n"))
    entries.append(["学校0", 0, *AT])
    path.write_text(f"window.GEO_RISK_SEARCH = {json.dumps(entries)};\n")


def in_escapes(folder: Path) -> None:
    (folder / "data" / "more.js").write_text(f"window.GEO_RISK_MORE = {json.dumps({'a': [{'b': SECRET}]})};\n")


def in_packed_array(folder: Path) -> None:
    packed = base64.b64encode(gzip.compress((SECRET * 9 + str(np.random.default_rng(0).bytes(400))).encode())).decode()
    (folder / "data" / "spot.js").write_text(f'window.GEO_RISK_SPOT = {{"data": "{packed}"}};\n')


def in_picture(folder: Path) -> None:
    told = PngImagePlugin.PngInfo()
    told.add_itxt("Comment", SECRET, zip=True)
    Image.new("P", (1, 1)).save(folder / "a.png", pnginfo=told)


def in_page(folder: Path) -> None:
    page = folder / "index.html"
    page.write_text(page.read_text("utf-8") + f"<!-- {SECRET_ID} -->", "utf-8")


def in_tiff_tag(folder: Path) -> None:
    with rasterio.open(folder / "downloads" / "grade.tif", "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
        file.update_tags(1, source=SECRET)


def in_geopackage(folder: Path) -> None:
    base = sqlite3.connect(folder / "a.gpkg")
    base.execute("create table crowded_places (name text)")
    base.execute("insert into crowded_places values (?)", [SECRET])
    base.commit()
    base.close()


def in_parquet(folder: Path) -> None:
    pd.DataFrame({"name": [SECRET]}).to_parquet(folder / "crowded_places.parquet")


def in_file_name(folder: Path) -> None:
    (folder / f"{SECRET_ID}.txt").write_text("x")


def as_a_hash(folder: Path) -> None:
    (folder / "a.txt").write_text(f"see #{hashlib.md5(SECRET_ID.encode()).hexdigest()[:12]}")


def in_geojson(folder: Path) -> None:
    features = [{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": AT}}]
    (folder / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _towns(folder: Path, change) -> None:
    path = folder / "downloads" / "districts_township.csv"
    towns = pd.read_csv(path, dtype={"id": str, "parent_id": str})
    change(towns)
    towns.to_csv(path, index=False)


def as_a_village(folder: Path) -> None:
    _towns(folder, lambda towns: towns.__setitem__("level", "village"))


def as_a_small_group(folder: Path) -> None:
    _towns(folder, lambda towns: towns.__setitem__("persons", 42.0))


def as_a_difference(folder: Path) -> None:
    whole = pd.DataFrame({"id": ["9"], "name": ["临澜市"], "parent_id": [None], "persons": [500.0]})
    parts = pd.DataFrame(
        {"id": ["91", "92"], "name": ["镇1", "镇2"], "parent_id": ["9"] * 2, "persons": [200.0, 260.0]}
    )
    pd.concat([whole, parts]).to_csv(folder / "downloads" / "districts_x.csv", index=False)


def as_a_count_in_a_sentence(folder: Path) -> None:
    _towns(folder, lambda towns: towns.__setitem__("rule", "3 residents in red (minimum 1)"))


def as_a_fine_share(folder: Path) -> None:
    _towns(folder, lambda towns: towns.__setitem__("share_red", 0.00123))


def as_fine_cells(folder: Path) -> None:
    path = folder / "downloads" / "grade.tif"
    with rasterio.open(path) as file:
        profile, values = file.profile, file.read(1)
    profile["transform"] = profile["transform"] @ rasterio.Affine.scale(0.2)
    with rasterio.open(path, "w", **{**profile, "driver": "GTiff"}) as file:
        file.write(values, 1)


def as_a_fine_pixel(folder: Path) -> None:
    picture = Image.new("RGB", (256, 256), "#4a90d9")
    picture.paste("#a50f15", (100, 100, 110, 110))
    data = io.BytesIO()
    picture.save(data, "png")
    archive(folder / "tiles" / "grade.a.pmtiles", data.getvalue(), TileType.PNG)


PLANTS = {
    in_tile_property: "tiles/crowded_places.a.pmtiles crowded_places: name '临澜绝密化工储罐区'",
    in_tile_place: "tiles/crowded_places.a.pmtiles crowded_places: [",
    in_tile_column: "tiles/x.a.pmtiles crowded_places: columns ['capacity']",
    in_chunks: "js/x.a (x) joined.pmtiles crowded_places: name",
    in_gzip: "index.html unpacked: name",
    in_brotli: "index.html: name",
    in_pdf: "a.pdf: id 'WX-00042'",
    in_pdf_title: "a.pdf: name",
    in_docx: "a.docx/word/document.xml: name",
    in_list: "downloads/list.csv: name",
    in_list_of_another_encoding: "downloads/list.txt: name",
    in_search_index: "is nothing that may be shown",
    in_escapes: "data/more.js: name",
    in_packed_array: "data/spot.js base64 0 unpacked: name",
    in_picture: "a.png: name",
    in_page: "index.html: id 'WX-00042'",
    in_tiff_tag: "downloads/grade.tif: name",
    in_geopackage: "a.gpkg crowded_places: name",
    in_parquet: "crowded_places.parquet: name",
    in_file_name: "file names: id 'WX-00042'",
    as_a_hash: "a.txt: hash of 'WX-00042'",
    in_geojson: "a.geojson: [",
    as_a_village: "an area of level village",
    as_a_small_group: "persons = 42.0",
    as_a_difference: "the parts of 9 leave 40 persons",
    as_a_count_in_a_sentence: "'3 residents in red (minimum 1)' counts people",
    as_a_fine_share: "share_red = 0.00123 is finer than a per cent",
    as_fine_cells: "downloads/grade.tif: cells of 100 m",
    as_a_fine_pixel: "more than one grade in the block",
}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_secret_is_found(tiny, region, tmp_path, plant):
    folder = Path(shutil.copytree(tiny, tmp_path / "public"))
    plant(folder)
    found = leak_region.faults(region[1], read_folder(folder))
    assert any(PLANTS[plant] in fault for fault in found), found
