"""The rows of gas_pipelines as the checks of pipelines see them, and what they leave open."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np

from ...crs import require_metric
from ...errors import InputError
from ...standards import parameter
from ..exposure import located
from ..rows import number, records, table_rows, text
from .chainage import parts

# Position error (68 %) [m] of a pipeline that states none, as in the setback check.
POSITION_ERROR_M = 2.0
_FLUIDS = {"natural_gas": "gas", "town_gas": "gas", "crude_oil": "oil", "refined_oil": "oil"}
# Location classes of GB 50028 are for pipes above the sub-high classes [MPa].
_SUB_HIGH_MPA = 1.6


class Pipe(NamedTuple):
    """
    One row. ``fluids`` are the tables of GB 32167 that apply, both where the medium is unknown, none for town gas
    and chemicals; ``scheme`` is the standard of its location class or empty; ``needs`` what its row should tell.
    """

    id: str
    name: str
    kind: str
    medium: str
    fluids: tuple[str, ...]
    scheme: str
    diameter_mm: float
    pressure_mpa: float
    laying: str
    monitored: Any
    error_m: float
    geometry: Any
    needs: tuple[str, ...]

    @property
    def sure(self) -> bool:
        """Whether kind and medium are told, so that the tables that apply are certain."""
        return not self.needs


def pipes_of(frame: gpd.GeoDataFrame, skipped: Counter[tuple[str, str]]) -> list[Pipe]:
    """
    The pipelines that are checked; closed ones and those without a line are counted in ``skipped`` by layer and why.

    Raises
    ------
    CRSError
        If the layer is not in metres.
    InputError
        If a row has no id, an id is repeated, or a position error, diameter or pressure is negative.
    """
    require_metric(frame, "gas_pipelines")
    if frame["id"].isna().any() or frame["id"].duplicated().any():
        bad = frame.loc[frame["id"].isna() | frame["id"].duplicated(), "id"].iloc[0]
        raise InputError(f"gas_pipelines: id {bad!r} is missing or repeated. Give every pipeline an id of its own.")
    found = []
    there = located(np.asarray(frame.geometry.array))
    for row, shape, placed in zip(records(frame), frame.geometry, there, strict=True):
        if text(row, "state") == "closed":
            skipped["gas_pipelines", "closed"] += 1
        elif not placed or not parts(shape):
            skipped["gas_pipelines", "no line"] += 1
        else:
            found.append(_pipe(row, shape))
    return found


def _pipe(row: dict[str, Any], shape: Any) -> Pipe:
    for column in ("position_error_m", "diameter_mm", "pressure_mpa"):
        if number(row, column) < 0:
            raise InputError(f"gas_pipelines '{row['id']}': {column} is {row[column]}; it cannot be negative. Mend it.")
    kind, medium, pressure = text(row, "kind"), text(row, "medium"), number(row, "pressure_mpa")
    fluid = _FLUIDS.get(medium, "both" if medium in ("", "lpg") else "")
    long = kind in ("long_distance", "")
    fluids = ("gas", "oil") if fluid == "both" else (fluid,)
    scheme = "GB 50251" if long and "gas" in fluids else ""
    if kind == "town_gas" and not pressure <= _SUB_HIGH_MPA:
        scheme = "GB 50028"
    open_kind = ("whether it is a long-distance pipeline",) if not kind else ()
    open_medium = ("medium",) if long and fluid == "both" else ()
    error = number(row, "position_error_m")
    return Pipe(
        str(row["id"]),
        text(row, "name"),
        kind,
        medium,
        fluids if long and fluid else (),
        scheme,
        number(row, "diameter_mm"),
        pressure,
        text(row, "laying"),
        row.get("monitored"),
        error if np.isfinite(error) else POSITION_ERROR_M,
        shape,
        (*open_kind, *open_medium),
    )


def impact_radius(diameter_mm: float, pressure_mpa: float) -> float:
    """
    Potential impact radius [m] of a natural gas pipeline, r = 0.099 d sqrt(p) (GB 32167-2015).

    Parameters
    ----------
    diameter_mm, pressure_mpa
        Outside diameter and maximum allowable operating pressure (gauge).
    """
    return parameter("impact_radius_factor") * diameter_mm * float(np.sqrt(pressure_mpa))


def site_reach(pipe: Pipe) -> tuple[tuple[float, dict[str, Any]], tuple[float, dict[str, Any]], tuple[str, ...]]:
    """
    Within what distance an identified site makes a high-consequence area of a gas pipeline: items c, d and e.

    Returns
    -------
    (least [m], its rule), (largest [m], its rule), what the row should tell
        Least and largest differ only where diameter or pressure are unknown: then from nothing to the largest line
        in service.
    """
    diameters = _candidates(pipe.diameter_mm, parameter("largest_gas_line_mm"))
    pressures = _candidates(pipe.pressure_mpa, parameter("largest_gas_line_mpa"))
    found = [_site_rule(d, p) for d in diameters for p in pressures]
    needs = [n for n, c in (("diameter", diameters), ("pressure", pressures)) if len(c) > 1]
    low, high = min(found, key=lambda f: f[0]), max(found, key=lambda f: f[0])
    return low, high, tuple(needs) if low[0] < high[0] else ()


def _candidates(value: float, largest: float) -> tuple[float, ...]:
    """The value, else nothing, a middling and the largest one."""
    return (value,) if np.isfinite(value) else (0.0, largest / 2, largest)


def _site_rule(diameter: float, pressure: float) -> tuple[float, dict[str, Any]]:
    """The first row of Table 2 about sites whose limits hold the pipe: c, d, else e."""
    for rule in (r for r in table_rows("hca_rules") if r["what"] == "site"):
        limits = (
            (diameter, rule["diameter_over_mm"], rule["diameter_below_mm"]),
            (pressure, rule["pressure_over_mpa"], rule["pressure_below_mpa"]),
        )
        if all(not value <= low and not value >= high for value, low, high in limits):
            reach = rule["reach_m"]
            return (float(reach) if np.isfinite(reach) else impact_radius(diameter, pressure)), rule
    raise AssertionError("the last row about sites has no limits")
