"""One table out to whatever format an office asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .database.address import is_address, parse
from .errors import InputError
from .store import replacing, timeless, without_formulas, write_geopackage, write_zip

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_SHEET_ROWS = 1_048_576  # of a worksheet, header included; 32,767 characters of a cell (ECMA-376 as Excel applies it)
_CELL_CHARACTERS = 32_767
_FIELD_BYTES = 10  # of a dBASE field name
_TEXT_BYTES = 254  # of a dBASE text field
_DIMENSIONS = ("point", "line", "polygon")


def export_table(table: pd.DataFrame | gpd.GeoDataFrame, to: str | Path, name: str) -> tuple[str, str]:
    """
    Write a table anywhere: to a file by its ending, or to ``postgresql://…[#[schema.]table]``.

    Files: .csv, .xlsx, .parquet; with geometry also .geojson, .gpkg, .fgb, .shp.zip. CSV and XLSX
    carry the geometry as WKT in WGS 84; GeoJSON is in WGS 84 as its standard demands. In PostGIS the
    table is called ``name`` if the address names none, and replaces only what geo_risk wrote. No text
    becomes a formula in a spreadsheet: XLSX stores it as text, CSV puts an apostrophe before it.

    Returns
    -------
    (str, str)
        Where it was written, without a password, and what of it the format could not hold.

    Raises
    ------
    InputError
        If the ending is unknown, or the format cannot hold the table.
    """
    if isinstance(to, str) and is_address(to):
        return _to_database(table, to, name), ""
    path = Path(to)
    ending = ".shp.zip" if path.name.lower().endswith(".shp.zip") else path.suffix.lower()
    if ending not in {**_FLAT, **_SPATIAL}:
        known = ", ".join([*_FLAT, *_SPATIAL])
        raise InputError(f"cannot tell the format of {str(to)!r}. Use one of {known}, or postgresql://...")
    if ending in _SPATIAL and not _spatial(table):
        raise InputError(f"{name} has no geometry, so it cannot become {path.name}. Use {', '.join(_FLAT)}.")
    with replacing(path) as temporary:
        told = {**_FLAT, **_SPATIAL}[ending](table, temporary, name)
    return str(to), told or ""


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
    without_formulas(_flat(table)).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _parquet(table: Any, path: Path, name: str) -> None:
    table.to_parquet(path, index=False)


def _xlsx(table: Any, path: Path, name: str) -> None:
    """Written row by row, so that memory stays small; text stays text, also where it looks like a formula."""
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
    path.write_bytes(timeless(path.read_bytes()))


def _geojson(table: Any, path: Path, name: str) -> None:
    table.to_crs(4326).to_file(path, driver="GeoJSON", layer=name, engine="pyogrio")


def _flatgeobuf(table: Any, path: Path, name: str) -> None:
    table.to_file(path, driver="FlatGeobuf", layer=name, engine="pyogrio")


def _geopackage(table: Any, path: Path, name: str) -> None:
    write_geopackage(path, {name: table})


def _shapefile(table: Any, path: Path, name: str) -> str:
    """
    A ZIP with one shapefile a kind of geometry, in UTF-8, and fields.csv with the full names of its columns.

    dBASE holds names of ten bytes and texts of 254: what is cut is told. Rows without geometry go
    with the first kind.
    """
    import numpy as np
    import pyogrio
    import shapely

    short = _field_names([str(c) for c in table.columns if c != table.geometry.name])
    frame = table.rename(columns=short)
    cut = _cut_texts(frame, list(short.values()))
    kinds = np.maximum(shapely.get_dimensions(frame.geometry.to_numpy()), -1)
    there = sorted(set(kinds[kinds >= 0].tolist())) or [2]
    kinds[kinds < 0] = there[0]
    with TemporaryDirectory() as folder:
        for kind in there:
            stem = name if len(there) == 1 else f"{name}_{_DIMENSIONS[kind]}"
            pyogrio.write_dataframe(
                frame[kinds == kind],
                Path(folder) / f"{stem}.shp",
                driver="ESRI Shapefile",
                encoding="UTF-8",
                geometry_type=None if (kinds == kind).any() else "Polygon",
                layer_options={"DBF_DATE_LAST_UPDATE": "2000-01-01"},
            )
        lines = ["field,column", *(f'{new},"{old}"' for old, new in short.items())]
        (Path(folder) / "fields.csv").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig", newline="")
        write_zip(path, ((file.name, file.read_bytes()) for file in sorted(Path(folder).iterdir())))
    renamed = sum(old != new for old, new in short.items())
    told = [f"{renamed} column names cut to ten bytes, see fields.csv in it"] if renamed else []
    told += [f"texts cut to {_TEXT_BYTES} bytes: {', '.join(cut)}"] if cut else []
    return "; ".join(told)


def _field_names(names: list[str]) -> dict[str, str]:
    """Each column name cut to ten bytes of UTF-8, told apart by a number; dBASE does not tell a from A."""
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        candidates = [
            _cut(name, _FIELD_BYTES),
            *(_cut(name, _FIELD_BYTES - len(str(i))) + str(i) for i in range(1, 999)),
        ]
        short[name] = next(c for c in candidates if c.lower() not in taken)
        taken.add(short[name].lower())
    return short


def _cut_texts(frame: Any, columns: list[str]) -> list[str]:
    """Cut texts in place to what dBASE holds; "column (count)" for each column that had some."""
    told = []
    for column in columns:
        if frame[column].dtype.kind != "O":
            continue
        long = frame[column].map(lambda v: isinstance(v, str) and len(v.encode()) > _TEXT_BYTES)
        if long.any():
            frame[column] = frame[column].map(lambda v: _cut(v, _TEXT_BYTES) if isinstance(v, str) else v)
            told.append(f"{column} ({int(long.sum())})")
    return told


def _cut(text: str, size: int) -> str:
    """The first whole characters of ``text`` that fit ``size`` bytes of UTF-8."""
    return text.encode()[:size].decode("utf-8", "ignore")


_FLAT: dict[str, Callable[[Any, Path, str], str | None]] = {".csv": _csv, ".xlsx": _xlsx, ".parquet": _parquet}
_SPATIAL: dict[str, Callable[[Any, Path, str], str | None]] = {
    ".geojson": _geojson,
    ".gpkg": _geopackage,
    ".fgb": _flatgeobuf,
    ".shp.zip": _shapefile,
}
