"""What the commands print on a terminal: tables, JSON, and the answers of quantified risk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS = 20  # rows of a table that a terminal is shown


def print_risk(risk: dict[str, Any]) -> None:
    """Individual risk at a place, taken apart."""
    print(f"\nindividual risk: {risk['lsir_per_yr']:.1e} per year")
    for source in risk["sources"][:ROWS]:
        print(f"{source['share_percent']:5.1f} %  {source['distance_m']:6.0f} m  {source['name']} ({source['id']})")
    for row in risk["scenarios"][:ROWS]:
        print(f"{row['share_percent']:5.1f} %  scenario {row['scenario']} of {row['source_id']}")
    for row in risk["outcomes"]:
        print(f"{row['share_percent']:5.1f} %  outcome {row['kind']}")
    for row in risk["weathers"]:
        speed = "" if row["speed_mps"] is None else f" {row['speed_mps']:.1f} m/s"
        print(f"{row['share_percent']:5.1f} %  weather {row['stability']}{speed}, {row['period']}")


def print_current(current: dict[str, Any], words: tuple[str, ...]) -> None:
    """Current risk at a place: the sources that controls, dangers or rescue change."""
    print(f"\ncurrent risk: {words[current['grade']]}, index {current['index']:.1f}")
    for source in current["changed"][:ROWS]:
        print(
            f"{source['share_percent']:5.1f} %  {source['name'] or source['id']} ({source['layer']} {source['id']}): "
            f"level {source['score']:.0f}, x {source['factor']:.2f}; {source['reason']}"
        )
    if not current["changed"]:
        print("nothing known that changes it: current equals inherent")


def print_zones(zones: pd.DataFrame) -> None:
    """Each zone with its level as people write it."""
    scale = {"probability": (100, "%"), "W/m2": (1e-3, "kW/m2"), "Pa": (1e-3, "kPa")}
    levels = []
    for level, unit in zip(zones["level"], zones["unit"], strict=True):
        times, word = scale.get(unit, (1, unit))
        levels.append(f"{times * level:g} {word}" if unit else "")
    columns = ["kind", "effect", "level", "distance_m", "area_km2", "persons_day", "persons_night"]
    shown = zones.assign(level=levels, area_km2=zones["area_km2"].map("{:.3g}".format))
    print_table(shown.round({c: 0 for c in columns if c.startswith(("persons", "distance"))}), columns)


def print_reached(told: dict[str, Any]) -> None:
    """Whom and what an accident reaches, and who comes."""
    counts: dict[tuple[str, str], int] = {}
    for place in told["inside"]:
        key = (place["layer"], place["zone"]["effect"])
        counts[key] = counts.get(key, 0) + 1
    for (layer, effect), n in counts.items():
        print(f"inside {effect}: {n} {layer.replace('_', ' ')}")
    dying = [p for p in told["inside"] if p["layer"] == "crowded_places" and p["zone"]["effect"] == "death"]
    for place in dying[:ROWS]:
        print(f"crowded place where people may die: {place['name'] or place['id']} ({place['kind']})")
    if len(dying) > ROWS:
        print(f"... and {len(dying) - ROWS} more")
    for other in told["domino"][:ROWS]:
        print(f"domino: {other['name'] or other['id']} within {other['effect']} {other['level']:g} {other['unit']}")
    if told["erg"]:
        erg = told["erg"]
        print(
            f"ERG 2024 (UN {erg['un']}, {erg['container']}): isolate {erg['isolate_m']} m, protect {erg['protect_m']} m"
        )
    for row in told.get("rescue", []):
        minutes = "not reached" if row["minutes"] is None else f"{row['minutes']:.1f} min"
        print(f"{row['facility_kind']:15} {row['facility_name']}: {minutes}")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON objects: missing values null, geometry as GeoJSON in WGS 84."""
    import geopandas as gpd

    geometry = None
    if isinstance(table, gpd.GeoDataFrame):
        geometry = [None if g is None else g.__geo_interface__ for g in table.geometry.to_crs(4326)]
        table = table.drop(columns=table.geometry.name)
    rows = json.loads(table.to_json(orient="records", force_ascii=False, double_precision=10))
    for row, shape in zip(rows, geometry or [], strict=False):
        row["geometry"] = shape
    return rows


def print_json(value: Any) -> None:
    """A value for machines."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def print_table(table: pd.DataFrame, columns: list[str]) -> None:
    """The first rows of a table."""
    import pandas as pd

    shown = pd.DataFrame(table[columns]).head(ROWS).round(1)
    if shown.empty:
        print("none")
        return
    print(shown.to_string(index=False, na_rep="-", max_colwidth=40))
    if len(table) > ROWS:
        print(f"... and {len(table) - ROWS} more")
