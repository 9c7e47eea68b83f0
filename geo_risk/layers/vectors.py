"""Shapefile, GeoPackage, FlatGeobuf, GeoParquet and KML through pyogrio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from ..errors import InputError
from . import encoding
from .quality import Log
from .raw import Raw

_FILE_LAYERS = (".shp", ".dbf", ".fgb")


def layer_names(path: Path) -> list[str]:
    """The layers of a data source, in its order."""
    try:
        return [str(name) for name, _ in pyogrio.list_layers(path)]
    except (DataSourceError, DataLayerError) as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path.name}: the file cannot be opened ({error}). Ask for it again, or export it as GeoPackage."
    )


def read(path: Path, layer: str, sublayer: str | None, *, shown: str | None = None, limit: int | None = None) -> Raw:
    """
    One layer of a data source; rows count from 1 in the order of the file.

    ``shown`` is the file's name for people where ``path`` is a temporary copy; ``limit`` stops after so many rows.
    """
    log = Log(shown or path.name, layer)
    suffix = path.suffix.lower()
    text = {"encoding": "ISO-8859-1"} if suffix in (".shp", ".dbf") else {}  # bytes kept as they are, see below
    try:
        meta, _, wkb, fields = pyogrio.raw.read(path, layer=sublayer, force_2d=False, max_features=limit, **text)
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise _broken(Path(shown or path.name), error) from error
    frame = pd.DataFrame({str(name): values for name, values in zip(meta["fields"], fields, strict=True)})
    if text:
        frame = _decode_dbf(frame, path, log)
    count = len(wkb) if wkb is not None else len(frame)
    geometry = None if wkb is None or meta["geometry_type"] is None else shapely.from_wkb(wkb, on_invalid="fix")
    return Raw(
        Path(shown or path.name), sublayer, frame, np.arange(1, count + 1), log, geometry, meta["crs"], read=count
    )


def read_parquet(path: Path, layer: str) -> Raw:
    """A GeoParquet, or a plain Parquet table."""
    import geopandas as gpd
    import pyarrow

    log = Log(path.name, layer)
    geometry: NDArray | None
    crs: str | None
    try:
        rows = gpd.read_parquet(path)
        geometry, crs = rows.geometry.to_numpy(), rows.crs.to_string() if rows.crs else None
        rows = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    except (OSError, pyarrow.ArrowException) as error:
        raise _broken(path, error) from error
    except ValueError:  # no geo metadata
        rows, geometry, crs = pd.read_parquet(path), None, None
    frame = rows.reset_index(drop=True)
    return Raw(path, None, frame, np.arange(1, len(frame) + 1), log, geometry, crs, read=len(frame))


def _decode_dbf(frame: pd.DataFrame, path: Path, log: Log) -> pd.DataFrame:
    """Texts and field names in the encoding their bytes fit best, whatever the .cpg says."""
    texts = [c for c in frame.columns if frame[c].dtype == object or pd.api.types.is_string_dtype(frame[c].dtype)]
    data = b"\n".join([*(_bytes(c) for c in frame.columns), *(_bytes(v) for c in texts for v in frame[c])])
    if data.isascii():
        return frame
    name, remark = encoding.guess(data, path.name)
    stated = path.with_suffix(".cpg")
    cpg = stated.read_text("ascii", "replace").strip() if stated.exists() else ""
    if name != "utf-8" or (cpg and cpg.upper().replace("-", "") not in ("UTF8", "65001")):
        log.note("encoding", detail=name.upper() + remark + (f" although the .cpg says {cpg}" if cpg else ""))
    for column in texts:
        frame[column] = pd.Series([_text(v, name, "replace") for v in frame[column]], dtype=object)
    return frame.rename(columns={c: _text(c, name, "ignore") for c in frame.columns})


def _bytes(value: object) -> bytes:
    return value.encode("latin-1", "replace") if isinstance(value, str) else b""


def _text(value: object, name: str, errors: str) -> object:
    return _bytes(value).decode(name, errors) if isinstance(value, str) else value
