"""Every key of region.toml: default, unit, meaning, check.

A section is a frozen dataclass; a key is a field whose metadata carry unit and meaning, so that
``geo-risk settings``, the documentation and the error messages come from the same place.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from itertools import pairwise
from typing import Any

Check = tuple[Callable[[Any], bool], str]
POSITIVE: Check = (lambda v: v > 0, "a number above 0")
NOT_NEGATIVE: Check = (lambda v: v >= 0, "a number of 0 or more")
FRACTION: Check = (lambda v: 0 < v <= 1, "a number above 0, at most 1")
RISING: Check = (
    lambda v: len(v) > 0 and v[0] > 0 and all(a < b for a, b in pairwise(v)),
    "positive, rising numbers",
)


FOUR_CUTS: Check = (
    lambda v: len(v) == 4 and 0 <= v[0] < v[1] < v[2] < v[3] <= 100,
    "four rising numbers within 0 to 100",
)


def _is_day(value: str) -> bool:
    try:
        return len(value) == 10 and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


A_DAY: Check = (_is_day, "a day written as 2026-09-30")


def among(*allowed: str) -> Check:
    """Check that a value, or each item of a list, is one of ``allowed``."""
    return (
        lambda v: all(x in allowed for x in (v if isinstance(v, tuple) else (v,))),
        "one of " + ", ".join(map(repr, allowed)),
    )


# What a person must say yes to, by the word in 'accept' (see docs/layers.md).
ACCEPTED = ("swapped", "scaled", "sign", "packed_dms", "packed_json", "holes")

CONGESTION = ("open", "some", "dense")

BUILT_IN_PROFILES = ("internal", "public")
EMPTY = object()  # default of a table without entries


def setting(meaning: str, default: Any = MISSING, *, unit: str = "", check: Check | None = None) -> Any:
    """A field with unit, meaning and check; without ``default`` the key is required."""
    metadata = {"meaning": meaning, "unit": unit, "check": check}
    if default is EMPTY:
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata) if default is not MISSING else field(metadata=metadata)


@dataclass(frozen=True)
class RegionSettings:
    """[region]"""

    name: str = setting("Name of the region, as the map shows it")
    name_en: str = setting("Name in English; empty: the name itself", "")
    crs: str | None = setting("Metric CRS of all work, such as EPSG:4549; absent: chosen from the data", None)
    boundary: str = setting(
        "Layer name, or a file, whose polygons are the region; cells outside are not published", "districts"
    )
    data_date: str | None = setting(
        "Day the data stand for, such as 2026-09-30; absent: the newest date the inputs themselves state",
        None,
        check=A_DAY,
    )
    cell_m: float | None = setting(
        "Side of a grid cell; absent: 25 m, or coarser where the region is large", None, unit="m", check=POSITIVE
    )


@dataclass(frozen=True)
class LayerSettings:
    """[layers.NAME]"""

    source: str | tuple[str | dict[str, Any], ...] = setting(
        "File, file#sublayer, pattern, postgresql://…#table, or a list of these; "
        "an item may be a table with path and own keys"
    )
    crs: str | None = setting(
        "wgs84, cgcs2000, gcj02, bd09, xian80, beijing54, an EPSG code, a PROJ string, a .prj file or unknown (goes on "
        "with an error that covers all it could be); absent: as the file says or other layers prove, and reported",
        None,
    )
    columns: dict[str, str] = setting("Our column name = header in the file, where recognition is wrong", EMPTY)
    values: dict[str, Any] = setting("Our column name = one fixed value for every row", EMPTY)
    where: dict[str, Any] = setting("Header in the file = value; other rows are left out", EMPTY)
    position_error_m: float | None = setting(
        "68 % position error of the points; absent: judged from the file", None, unit="m", check=POSITIVE
    )
    join: str | None = setting("Layer that lends its places to the rows of a table that have no coordinates", None)
    unit: str | None = setting(
        "What the cells of a population raster hold; absent: read from the file, which must then say so",
        None,
        check=among("persons", "persons/km2"),
    )
    accept: tuple[str, ...] = setting(
        "Repairs and readings that move places or guess a notation, taken only with this yes; "
        "without it their rows are set aside",
        (),
        check=among(*ACCEPTED),
    )
    encoding: str | None = setting("utf-8, gb18030, big5 or another one of a text; absent: found and reported", None)


@dataclass(frozen=True)
class StoreSettings:
    """[store]"""

    url: str | None = setting(
        "postgresql://user@host/database to which a run also writes layers and tables; the password comes from "
        "PGPASSWORD or the password file",
        None,
    )
    schema: str = setting("Schema of the database they are written to", "geo_risk")


@dataclass(frozen=True)
class WeatherSettings:
    """[weather]"""

    wind: str | None = setting(
        "Wind rose (CSV: direction, speed, stability, share) or hourly weather (EPW, TMY3); absent: none", None
    )


@dataclass(frozen=True)
class RiskSettings:
    """[risk]"""

    quantified: bool = setting(
        "Also compute individual and societal risk from release scenarios: seconds for a town, minutes for a city",
        False,
    )
    weight_base: float = setting("Multiplier of the hazard where nobody is", 0.6, check=POSITIVE)
    weight_population: float = setting("Added to the multiplier where population is dense", 0.3, check=NOT_NEGATIVE)
    weight_sensitivity: float = setting(
        "Added to the multiplier where crowded places are large or vulnerable", 0.4, check=NOT_NEGATIVE
    )
    density_scale_per_ha: float = setting(
        "Density at which the population term reaches 63 %", 100.0, unit="persons/ha", check=POSITIVE
    )
    sensitive_scale_per_ha: float = setting(
        "Weighted density of crowded places at which the sensitivity term reaches 63 %",
        100.0,
        unit="persons/ha",
        check=POSITIVE,
    )
    exposure_radius_m: float = setting(
        "People and places are spread over this radius", 200.0, unit="m", check=NOT_NEGATIVE
    )
    assumed_density_per_ha: float = setting(
        "Density taken everywhere when no population is given", 25.0, unit="persons/ha", check=NOT_NEGATIVE
    )
    cuts: tuple[float, ...] = setting(
        "Lowest index of a blue, yellow, orange and red cell", (0.0, 12.0, 30.0, 70.0), unit="0-100", check=FOUR_CUTS
    )
    lsir_cuts: tuple[float, ...] = setting(
        "Lowest individual risk of a blue, yellow, orange and red cell (GB 36894-2018 Table 2)",
        (3e-7, 3e-6, 1e-5, 3e-5),
        unit="1/yr",
        check=FOUR_CUTS,
    )
    enterprise_cuts: tuple[float, ...] = setting(
        "Lowest own index of a blue, yellow, orange and red enterprise",
        (0.0, 8.0, 18.0, 40.0),
        unit="0-100",
        check=FOUR_CUTS,
    )
    district_min_share: float = setting("Share of a district's area that gives it a grade", 0.01, check=FRACTION)
    district_min_persons: float = setting(
        "Residents in red (or orange or worse) that make a district red (orange); 0: off",
        1000.0,
        unit="persons",
        check=NOT_NEGATIVE,
    )
    district_min_enterprises: int = setting(
        "Red (or orange or worse) enterprises that make a district red (orange); 0: off", 3, check=NOT_NEGATIVE
    )
    escalate_orange: int = setting(
        "Enterprises and risk points that are orange or worse which make a district, trade or park red; 0: off",
        0,
        check=NOT_NEGATIVE,
    )
    robustness_samples: int = setting(
        "Samples of weights, cuts, scores, reaches and cell sizes that tell how sure each colour is, a power of two; "
        "0: off",
        32,
        check=(lambda v: v == 0 or (v >= 4 and v & (v - 1) == 0), "0, or a power of two from 4 on"),
    )
    segment_m: float = setting(
        "Longest segment into which pipelines and roads are cut for their grades", 500.0, unit="m", check=POSITIVE
    )

    frequencies: str = setting(
        "Set of failure frequencies; what it lacks is taken from purple_book",
        "purple_book",
        check=among("purple_book", "hj169"),
    )
    probits: str = setting("Set of toxic probits", "purple_book", check=among("purple_book", "lees"))
    terrain: str = setting("Roughness of the ground for clouds", "urban", check=among("rural", "urban"))
    congestion: str = setting(
        "How much stands in the way of a burning cloud, which makes it explode", "some", check=among(*CONGESTION)
    )
    isolation: str = setting(
        "How arms, hoses and pipelines are shut after a break: after 2, 10 or 30 minutes; "
        "attended: by who stands by arm or hose, pipelines by hand",
        "attended",
        check=among("attended", "automatic", "remote", "hand"),
    )
    missing_quantity: str = setting(
        "Stock without quantity and volume: the threshold of GB 18218-2018, flagged, or not computed",
        "threshold",
        check=among("threshold", "none"),
    )
    scenarios: str | None = setting("CSV of own frequencies, quantities and switches by source and scenario", None)

    @property
    def largest_factor(self) -> float:
        """The exposure factor where people and sensitive places are as dense as can be."""
        return self.weight_base + self.weight_population + self.weight_sensitivity


@dataclass(frozen=True)
class GradingSettings:
    """[grading]"""

    ls_variant: str | tuple[str, ...] = setting(
        "Split of LS 5x5 into colours; of several each is shown and the worse counts",
        "A",
        check=among("A", "B", "C", "D"),
    )
    lec_consequence: str | tuple[str, ...] = setting(
        "Scale by which C of LEC follows from deaths where it is not given; of several the worse counts",
        "2007",
        check=among("2007", "classic"),
    )
    boundary: str = setting("Side of a cut to which a LEC value on it belongs", "worse", check=among("worse", "better"))
    combine: str = setting(
        "Grade of a cell from the grades of index and individual risk: the higher, or their weighted mean, half up",
        "higher",
        check=among("higher", "weighted"),
    )
    lsir_weight: float = setting("Weight of individual risk in the weighted mean", 0.5, check=FRACTION)


@dataclass(frozen=True)
class SetbackSettings:
    """[setbacks]"""

    standards: tuple[str, ...] = setting('Standards whose rules are applied, such as "GB 50016"; empty: all', ())
    off: tuple[str, ...] = setting(
        'Standards, with or without edition, or rule_ids that are not applied, such as "GB 50099" or "SB001"', ()
    )
    own_rules: tuple[str, ...] = setting(
        "Tables of own rules, any format, FILE or FILE#SHEET; geo-risk check tells what is wrong with them", ()
    )


@dataclass(frozen=True)
class RescueSettings:
    """[rescue]"""

    kinds: tuple[str, ...] = setting(
        "Kinds of emergency facility that are sought", ("fire_station", "hospital", "rescue_team")
    )
    nearest: int = setting("How many of each kind are listed for a place", 3, check=POSITIVE)
    limits_min: tuple[float, ...] = setting(
        "Limits of the service areas, turnout included", (5.0, 10.0, 15.0), unit="min", check=RISING
    )
    promised: int = setting(
        "Facilities of a kind that must be there within a limit: a weak link is a road whose closure leaves fewer",
        1,
        check=POSITIVE,
    )
    max_min: float = setting("Longer journeys are reported as beyond reach", 60.0, unit="min", check=POSITIVE)
    vehicle: str = setting(
        "Whose speeds are taken where a road has none", "fire_engine", check=among("car", "fire_engine", "ambulance")
    )
    speeds_kmh: dict[str, float] = setting("Speed by road class, in place of the table's", EMPTY, unit="km/h")
    turnout_s: dict[str, float] = setting("Turnout time by kind of facility, in place of the table's", EMPTY, unit="s")
    merge_ends_m: float = setting("Line ends closer than this are one junction", 0.5, unit="m", check=NOT_NEGATIVE)
    connect_m: float = setting(
        "Loose ends of roads are joined to the nearest road within this; 0: never", 0.0, unit="m", check=NOT_NEGATIVE
    )
    split_crossings: bool = setting(
        "Join roads that cross without a common vertex, unless bridge, tunnel or level differ: for layers not cut at "
        "their junctions",
        False,
    )
    ignore_turns: bool = setting("Vehicles on call turn where turn restrictions forbid it", False)
    max_access_m: float = setting(
        "Places farther than this from a road cannot be reached", 500.0, unit="m", check=POSITIVE
    )
    hours: tuple[str, ...] = setting(
        "Hours of which coverage is told; the first is the hour of all other results",
        ("typical", "peak", "free"),
        check=(lambda v: len(v) > 0 and set(v) <= {"free", "typical", "peak"}, "some of 'free', 'typical', 'peak'"),
    )
    off_road_m: float = setting(
        "Ground within this of a reached road counts as reached", 100.0, unit="m", check=POSITIVE
    )


@dataclass(frozen=True)
class HazmatSettings:
    """[hazmat]"""

    flows: str = setting(
        "CSV of regular flows of dangerous goods: from, to, substance, trips_per_yr, at; see docs/hazmat.md", ""
    )


@dataclass(frozen=True)
class StationSettings:
    """[stations]"""

    add: int = setting(
        "New stations that a run plans and publishes, as the command stations does; 0: none", 0, check=NOT_NEGATIVE
    )
    minutes: float = setting("Time within which they are to reach people and places", 5.0, unit="min", check=POSITIVE)
    kind: str = setting("What they are", "fire_station", check=among("fire_station", "depot"))
    model: str = setting("What is best", "mclp", check=among("mclp", "lscp", "p-median", "p-center"))
    backup: bool = setting("Count only what two stations reach in time", False)
    candidates: str = setting("File of plots; without one, plots along the roads that keep the rules", "")


@dataclass(frozen=True)
class ParkingSettings:
    """[parking]"""

    sites: int = setting(
        "New hazmat parking lots that a run plans and publishes, as the command parking does; 0: none",
        0,
        check=NOT_NEGATIVE,
    )
    bays: int | None = setting("Bays of each; absent: those of standards/site_parameters.csv", None, check=POSITIVE)
    near: tuple[str, ...] = setting("Parts of the region: east, west, north, south, or districts", ())
    candidates: str = setting("File of plots; without one, plots along the roads that keep the rules", "")


@dataclass(frozen=True)
class DangerSettings:
    """[dangers]"""

    measure: str = setting(
        "What hot spots are of: dangers per enterprise, or their number", "rate", check=among("rate", "count")
    )
    lattice: str = setting(
        "Places that are compared: square cells, or the villages (else townships) of the districts",
        "cells",
        check=among("cells", "villages"),
    )
    cell_m: float = setting("Side of these cells", 1000.0, unit="m", check=POSITIVE)
    neighbour_m: float = setting(
        "Cells whose centres are this near count as neighbours", 1500.0, unit="m", check=POSITIVE
    )
    alpha: float = setting("Share of false ones accepted among hot spots", 0.05, check=FRACTION)
    permutations: int = setting("Random arrangements a place is compared with", 9999, check=POSITIVE)
    bandwidth_m: float = setting("Standard deviation of the kernel of the density", 1000.0, unit="m", check=POSITIVE)


@dataclass(frozen=True)
class InspectionSettings:
    """[inspections]"""

    rules: str | None = setting("CSV of own rules in place of those with the same rule_id", None)
    teams: int = setting("Teams whose tours a run plans; 0: due dates only", 0, check=NOT_NEGATIVE)
    days: int = setting("Working days that are planned", 5, check=POSITIVE)
    hours: float = setting("Working time of a team on a day, travel included", 7.0, unit="h", check=POSITIVE)
    bases: tuple[str, ...] = setting(
        "Where teams start and end, in turn: LON,LAT, or name or id of a facility, enterprise or district; empty: the "
        "middle of the visits",
        (),
    )
    days_off: tuple[str, ...] = setting("Working days that are none, such as 2026-10-01; weekends never are", ())
    vehicle: str = setting("Whose speeds are taken", "car", check=among("car", "fire_engine", "ambulance"))
    most: int = setting("Visits that are planned at most, the most urgent first", 600, check=POSITIVE)
    iterations: int = setting("Steps of the search for short tours", 1000, check=POSITIVE)


@dataclass(frozen=True)
class PublishSettings:
    """[publish]"""

    title: str = setting("Title of the map; empty: the region's name", "")
    title_en: str = setting("Title in English", "")
    languages: tuple[str, ...] = setting(
        "Languages of the page, the first is shown first", ("zh", "en"), check=among("zh", "en")
    )
    note: str = setting("Line under the map: sources and their dates", "")
    note_en: str = setting("The same line in English", "")
    approval: str = setting(
        "Map approval number (审图号), shown wherever a map is; empty: the map says that none was given", ""
    )
    date: str = setting("Date of the data, as the map shows it; empty: the data date of the region", "")
    compare_with: str = setting(
        "Name of a kept state (geo-risk snapshot) whose colours a slider shows beside today's; empty: none", ""
    )
    profiles: tuple[str, ...] = setting(
        "Sites that a run writes: internal, public, or one of [profiles.NAME]", ("internal", "public")
    )
    unstated: tuple[str, ...] = setting(
        "What a public map may leave unsaid; without it `geo-risk publish` refuses one without sources or date",
        (),
        check=among("note", "date"),
    )


@dataclass(frozen=True)
class ProfileSettings:
    """[profiles.NAME]"""

    base: str = setting(
        "Profile it starts from; empty: its own name's, else public", "", check=among("", *BUILT_IN_PROFILES)
    )
    hide: tuple[str, ...] = setting("Tables, table.column or surfaces that it leaves out", ())
    show: tuple[str, ...] = setting(
        "Tables, table.column or surfaces that it shows beyond its base; takes a reason", ()
    )
    cell_m: float | None = setting("Side of its surfaces' cells; absent: as the base", None, unit="m", check=POSITIVE)
    levels: tuple[str, ...] = setting(
        "Levels of districts that it shows; empty: as the base",
        (),
        check=among("city", "county", "township", "village"),
    )
    min_persons: float | None = setting(
        "Counts of people are multiples of this and left out below; absent: as the base",
        None,
        unit="persons",
        check=NOT_NEGATIVE,
    )
    watermark: str = setting("Text over the whole page, also in print; empty: none", "")
    reason: str = setting("Who allowed more than the base shows, by which paper, when: told in the site's manifest", "")


@dataclass(frozen=True)
class ComputeSettings:
    """[compute]"""

    workers: int = setting("Processes; 0: one for each core", 0, check=NOT_NEGATIVE)


SECTIONS: dict[str, type] = {
    "region": RegionSettings,
    "store": StoreSettings,
    "weather": WeatherSettings,
    "risk": RiskSettings,
    "grading": GradingSettings,
    "setbacks": SetbackSettings,
    "rescue": RescueSettings,
    "hazmat": HazmatSettings,
    "stations": StationSettings,
    "parking": ParkingSettings,
    "dangers": DangerSettings,
    "inspections": InspectionSettings,
    "publish": PublishSettings,
    "compute": ComputeSettings,
}


@dataclass(frozen=True)
class Settings:
    """The whole of region.toml."""

    region: RegionSettings
    layers: Mapping[str, LayerSettings]
    profiles: Mapping[str, ProfileSettings]
    store: StoreSettings
    weather: WeatherSettings
    risk: RiskSettings
    grading: GradingSettings
    setbacks: SetbackSettings
    rescue: RescueSettings
    hazmat: HazmatSettings
    stations: StationSettings
    parking: ParkingSettings
    dangers: DangerSettings
    inspections: InspectionSettings
    publish: PublishSettings
    compute: ComputeSettings
