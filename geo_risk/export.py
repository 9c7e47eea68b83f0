"""One table out to whatever format an office asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .database.address import is_address, parse
from .errors import InputError
from .store import replacing, write_geopackage

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_SHEET_ROWS = 1_048_576  # of a worksheet, header included; 32,767 characters of a cell (ECMA-376 as Excel applies it)
_CELL_CHARACTERS = 32_767
_FIELD_BYTES = 10  # of a dBASE field name
_TEXT_BYTES = 254  # of a dBASE text field
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)  # a fixed time keeps equal content equal


def export_table(table: pd.DataFrame | gpd.GeoDataFrame, to: str, name: str) -> str:
    """
    Write a table anywhere: to a file by its ending, or to ``postgresql://…[#[schema.]table]``.

    Files: .csv, .xlsx, .parquet; with geometry also .geojson, .gpkg, .fgb, .shp.zip. CSV and XLSX
    carry the geometry as WKT in WGS 84; GeoJSON is in WGS 84 as its standard demands. In PostGIS the
    table is called ``name`` if the address names none, and replaces only what geo_risk wrote.

    Returns
    -------
    str
        What was written and where, without a password, and what the format could not hold.

    Raises
    ------
    InputError
        If the ending is unknown, or the format cannot hold the table.
    """
    if is_address(to):
        return _to_database(table, to, name)
    path = Path(to)
    ending = ".shp.zip" if path.name.lower().endswith(".shp.zip") else path.suffix.lower()
    if ending not in {**_FLAT, **_SPATIAL}:
        known = ", ".join([*_FLAT, *_SPATIAL])
        raise InputError(f"cannot tell the format of {to!r}. Use one of {known}, or postgresql://...")
    if ending in _SPATIAL and not _spatial(table):
        raise InputError(f"{name} has no geometry, so it cannot become {path.name}. Use {', '.join(_FLAT)}.")
    with replacing(path) as temporary:
        told = {**_FLAT, **_SPATIAL}[ending](table, temporary, name)
    return f"{to} ({told})" if told else to


def _spatial(table: Any) -> bool:
    import geopandas as gpd

    return isinstance(table, gpd.GeoDataFrame)


def _to_database(table: Any, to: str, name: str) -> str:
    from .database.write import Content, replace_tables

    address = parse(to)
    if address.column is not None:
        raise InputError(f"{address.shown}#{address.label}.{address.column}: a table has one name: #schema.table")
    target = address.table or name
    replace_tables(address, {target: Content("", lambda: table)})
    return f"{address.shown}#{address.label or target}"


def _flat(table: Any) -> Any:
    """The table with its geometry as a last column of WKT in WGS 84 degrees, 1 cm or finer."""
    import pandas as pd

    if not _spatial(table):
        return table
    flat = pd.DataFrame(table.drop(columns=table.geometry.name))
    flat["geometry"] = table.geometry.to_crs(4326).to_wkt(rounding_precision=7)
    return flat


def _csv(table: Any, path: Path, name: str) -> None:
    _flat(table).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _parquet(table: Any, path: Path, name: str) -> None:
    table.to_parquet(path, index=False)


def _xlsx(table: Any, path: Path, name: str) -> None:
    """Written row by row, so that memory stays small; text stays text, also where it looks like a formula."""
    from datetime import datetime

    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    flat = _flat(table)
    if len(flat) >= _SHEET_ROWS:
        raise InputError(
            f"{name} has {len(flat):,} rows and a worksheet takes {_SHEET_ROWS - 1:,} below its header. "
            "Export it as .csv or .parquet."
        )
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(2000, 1, 1)
    sheet = book.create_sheet(name[:31])

    def cell(value: Any, row: int, column: str) -> Any:
        if not isinstance(value, str):
            return value
        if len(value) > _CELL_CHARACTERS:
            raise InputError(
                f"{name}: row {row}, column {column!r}: {len(value):,} characters, and a cell takes "
                f"{_CELL_CHARACTERS:,}. Export it as .csv, .gpkg or .parquet."
            )
        if ILLEGAL_CHARACTERS_RE.search(value):
            raise InputError(
                f"{name}: row {row}, column {column!r}, value {value[:50]!r}: a control character, which a worksheet "
                "cannot hold. Export it as .csv or .parquet."
            )
        made = WriteOnlyCell(sheet, value)
        made.data_type = "s"
        return made

    sheet.append([cell(str(c), 1, str(c)) for c in flat.columns])
    columns = [flat[c].astype(object).where(flat[c].notna(), None).tolist() for c in flat.columns]
    for row, values in enumerate(zip(*columns, strict=True), 2):
        sheet.append([cell(v, row, str(c)) for c, v in zip(flat.columns, values, strict=True)])
    book.save(path)


def _geojson(table: Any, path: Path, name: str) -> None:
    table.to_crs(4326).to_file(path, driver="GeoJSON", layer=name, engine="pyogrio")


def _flatgeobuf(table: Any, path: Path, name: str) -> None:
    table.to_file(path, driver="FlatGeobuf", layer=name, engine="pyogrio")


def _geopackage(table: Any, path: Path, name: str) -> None:
    write_geopackage(path, {name: table})


_FLAT: dict[str, Callable[[Any, Path, str], str | None]] = {".csv": _csv, ".xlsx": _xlsx, ".parquet": _parquet}
_SPATIAL: dict[str, Callable[[Any, Path, str], str | None]] = {
    ".geojson": _geojson,
    ".gpkg": _geopackage,
    ".fgb": _flatgeobuf,
}
