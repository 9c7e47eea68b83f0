"""Writers whose bytes depend on nothing but their input: no clock, no library version in the file."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from shapely.geometry.polygon import orient

from ...store import write_zip

_STAMP = "2026-06-30T00:00:00.000Z"
Cell = str | float | int | None


def csv_write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], encoding: str) -> None:
    """A CSV with CRLF line ends, as office programs write it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def geojson_write(path: Path, properties: list[dict], geometry: NDArray) -> None:
    """RFC 7946 GeoJSON, one feature a line, coordinates as rounded by the caller (degrees)."""
    lines = []
    for row, shape in zip(properties, geometry, strict=True):
        feature = {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(_outward(shape))}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    path.write_text('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def _outward(shape: shapely.Geometry) -> shapely.Geometry:
    """Outer rings counter-clockwise, as RFC 7946 wants them."""
    if shape.geom_type == "Polygon":
        return orient(shape)
    if shape.geom_type == "MultiPolygon":
        return shapely.multipolygons([orient(part) for part in shape.geoms])
    return shape


def gpkg_write(path: Path, columns: Mapping[str, object], geometry: NDArray, crs: str, layer: str) -> None:
    """A GeoPackage without spatial index; GDAL's clock is set to a fixed date."""
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    path.unlink(missing_ok=True)  # writing into an old database would leave its pages behind
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _STAMP})
    try:
        pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", layer_options={"SPATIAL_INDEX": "NO"})
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def shapefile_zip_write(path: Path, stem: str, columns: Mapping[str, object], geometry: NDArray, crs: str) -> None:
    """A zipped shapefile with GBK attributes and without the .cpg that would say so."""
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    with tempfile.TemporaryDirectory() as folder:
        shp = Path(folder) / "lines.shp"
        pyogrio.write_dataframe(
            frame, shp, driver="ESRI Shapefile", encoding="GBK", layer_options={"DBF_DATE_LAST_UPDATE": "2026-06-30"}
        )
        members = {f"{stem}{end}": shp.with_suffix(end).read_bytes() for end in (".shp", ".shx", ".dbf", ".prj")}
    write_zip(path, members.items())


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_MAIN = f"{_SCHEMAS}/spreadsheetml/2006/main"
_REL = f"{_SCHEMAS}/officeDocument/2006/relationships"
_PKG = f"{_SCHEMAS}/package/2006"
_TYPE = "application/vnd.openxmlformats"
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="1"><xf/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def xlsx_write(path: Path, sheets: Sequence[tuple[str, Sequence[Sequence[Cell]], Sequence[str]]]) -> None:
    """A workbook of (sheet name, rows, merged ranges); text is stored inline, numbers as numbers."""
    parts = {f"xl/worksheets/sheet{i + 1}.xml": "worksheet" for i in range(len(sheets))}
    parts |= {"xl/workbook.xml": "sheet.main", "xl/styles.xml": "styles"}
    types = "".join(
        f'<Override PartName="/{part}" ContentType="{_TYPE}-officedocument.spreadsheetml.{kind}+xml"/>'
        for part, kind in parts.items()
    )
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i + 1}" r:id="rId{i + 1}"/>' for i, (name, _, _) in enumerate(sheets)
    )
    links = [("worksheet", f"worksheets/sheet{i + 1}.xml") for i in range(len(sheets))] + [("styles", "styles.xml")]
    members = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PKG}/content-types">'
        f'<Default Extension="rels" ContentType="{_TYPE}-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(links),
        "xl/styles.xml": _STYLES,
    }
    for i, (_, rows, merged) in enumerate(sheets):
        members[f"xl/worksheets/sheet{i + 1}.xml"] = _sheet(rows, merged)
    write_zip(path, ((name, text.encode()) for name, text in members.items()))


def _relations(links: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{i + 1}" Type="{_REL}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(links)
    )
    return f'{_XML}<Relationships xmlns="{_PKG}/relationships">{rows}</Relationships>'


def column_letters(index: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA."""
    return chr(65 + index) if index < 26 else column_letters(index // 26 - 1) + chr(65 + index % 26)


def _sheet(rows: Sequence[Sequence[Cell]], merged: Sequence[str]) -> str:
    letters = [column_letters(i) for i in range(max((len(r) for r in rows), default=1))]
    out = []
    for r, row in enumerate(rows, start=1):
        cells = []
        for letter, value in zip(letters, row, strict=False):
            if value is None or value == "":
                continue
            if isinstance(value, str):
                cells.append(
                    f'<c r="{letter}{r}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
                )
            else:
                cells.append(f'<c r="{letter}{r}"><v>{_number(value)}</v></c>')
        out.append(f'<row r="{r}">{"".join(cells)}</row>')
    ranges = "".join(f'<mergeCell ref="{m}"/>' for m in merged)
    tail = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(out)}</sheetData>{tail}</worksheet>'


def _number(value: float | int) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    return str(int(value)) if float(value).is_integer() else repr(float(value))
