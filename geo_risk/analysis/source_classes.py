"""What a hazard source, pipeline or car park is to the setback rules, and what its attributes leave open.

Each source is a tuple of options (see ``conditions``) of which exactly one is true. No option at all
means that no rule here covers it, and ``reason`` says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..standards import parameter
from .alike import mentions
from .conditions import UNKNOWN, Interval, Option
from .rows import number, table_rows, text
from .substances import canonical, identify
from .town_gas import town_gas

_PETROCHEM = re.compile(r"石油化工|石化|炼油|炼化|石油加工|petrochem|refin", re.I)
_CHEMICAL = re.compile(r"化工|化学|chemical", re.I)
_DEPOT = re.compile(r"油库|石油库|成品油|油品|oil depot|fuel terminal|petroleum bulk", re.I)
_STORAGE = re.compile(r"仓储|码头|港口|物流|storage|terminal|warehous", re.I)
_OIL_STATION = re.compile(r"加油|油站|汽油|柴油|petrol|gasoline|diesel", re.I)
_GAS_STATION = re.compile(r"加气|燃气|CNG|LNG|LPG|天然气|液化|加氢|氢", re.I)
_LNG = re.compile(r"LNG|液化天然气", re.I)
_CNG = re.compile(r"CNG|压缩天然气", re.I)
_LPG_STATION = re.compile(r"LPG|石油气|丙烷", re.I)
_PETROL, _DIESEL, _FUELLING = re.compile("汽油"), re.compile("柴油"), re.compile("加油")
_RETAIL_POINT, _RETAIL_SHOP = re.compile("零售点"), re.compile("零售店")
_HYDROGEN, _HAZMAT, _RETAIL = re.compile("氢"), re.compile("危"), re.compile(r"零售|retail|shop", re.I)
_FIREWORKS = re.compile(r"烟花|爆竹|firework", re.I)
_KEY = re.compile(
    r"全厂|中央控制|中心控制|总变电|总配电|中心化验|消防站|电信站|空分站|空压站|锅炉房|control (room|centre)"
)
_FUELS = frozenset({"汽油", "柴油", "煤油", "原油", "石脑油", "燃料油"})
_LPG, _NATURAL_GAS = "液化石油气", "甲烷、天然气"
_SITE_WORDS = {"petrochem": _PETROCHEM, "depot": _DEPOT, "chemical": _CHEMICAL, "storage": _STORAGE}
ANY_SITE = frozenset({"any_hazmat_site", "any_hazmat_site_except_fuelling"})
_STATION_TEXTS = ("substance", "name")
_ROOFS: dict[str, tuple[str, ...]] = {
    "pressurised": ("fixed_roof",),
    "refrigerated": ("fixed_roof",),
    "drums": ("fixed_roof",),
    "process": ("fixed_roof",),
    "buried": ("buried",),
}


class Source(NamedTuple):
    """What a source may be, and the attributes that decided; ``gap`` says why no rule covers it."""

    options: tuple[Option, ...]
    reason: str
    gap: str = ""


class Hazard(NamedTuple):
    """One fire hazard a source may hold: class A, B, C or none; phase; item of the class; substance."""

    fire_class: str
    phase: str
    item: str
    name: str


def classify_hazard(row: Mapping[str, Any], sector: str | None = None) -> Source:
    """
    A row of hazard_sources; ``sector`` is that of its enterprise, empty if unknown, ``row["sector"]`` if None.

    The tables count the volume of a whole tank group: ``row["others_m3"]``, if there, is the largest
    volume the other rows of the same unit may hold, and widens the upper bound.
    """
    kind = text(row, "kind") or "other"
    sector = text(row, "sector") if sector is None else sector
    if kind in _BY_KIND:
        found = _BY_KIND[kind](row, sector)
    else:
        found = Source((), kind, f"no distance table for kind '{kind}'")
    own = frozenset({f"hazard_sources:{kind}"})
    if kind in ("tank_farm", "process_unit") and not sector and not _named_site(kind, row):
        told = "sector unknown: no petrochemical (GB 50160) or oil depot (GB 50074) distance applied"
        found = found._replace(reason=f"{found.reason}, {told}", gap=found.gap or told)
    site = _site(kind, row)
    more = [own | s for s in site]
    options = (Option(o.classes | s, *o[1:]) for o in found.options or (Option(frozenset()),) for s in more)
    return found._replace(options=tuple(dict.fromkeys(options)))


def classify_pipeline(row: Mapping[str, Any]) -> Source:
    """A row of gas_pipelines: the pipeline law, GB 50253, GB 50028 by pressure, diameter and wall."""
    kind, medium = text(row, "kind"), text(row, "medium")
    own = frozenset({f"gas_pipelines:{kind or 'unknown'}"})
    if kind == "long_distance":
        law, oil = (
            frozenset({"long_distance_pipeline"}),
            frozenset({"long_distance_pipeline", "long_distance_oil_pipeline"}),
        )
        answers = (oil,) if medium in ("crude_oil", "refined_oil") else (law,) if medium else (law, oil)
        return Source(tuple(Option(a | own) for a in answers), f"long-distance pipeline, {medium or 'medium unknown'}")
    if kind == "town_gas":
        rows, why = town_gas(number(row, "pressure_mpa"), number(row, "diameter_mm"), number(row, "wall_mm"))
        gap = "" if rows else f"town gas pipe {why}"
        return Source(tuple(Option(a | own) for a in rows or (frozenset(),)), f"town gas pipe, {why}", gap)
    gap = "no verified distance for hazardous-chemical pipelines" if kind == "hazmat" else "kind of pipeline unknown"
    return Source((Option(own),), kind or "pipeline", gap)


def classify_parking(row: Mapping[str, Any]) -> Source | None:
    """A row of parking_lots; None for an ordinary car park."""
    kind = text(row, "kind")
    if kind == "hazmat" or mentions(row, _HAZMAT, "name"):
        return Source((Option(frozenset({"hazmat_vehicle_park", "parking_lots:hazmat"})),), "hazmat car park")
    return None if kind else Source((), "", "kind of car park unknown")


def classify_enterprise(row: Mapping[str, Any]) -> Source | None:
    """A row of enterprises: only fireworks shops have a rule of their own; None for all others."""
    if not mentions(row, _FIREWORKS, "sector", "name"):
        return None
    own = frozenset({"enterprises:fireworks"})
    point, shop = own | {"fireworks_retail_point"}, own | {"fireworks_retail_point", "fireworks_retail_shop"}
    if mentions(row, _RETAIL_POINT, "sector", "name"):
        return Source((Option(point),), "fireworks retail")
    retail = (Option(shop),) if mentions(row, _RETAIL_SHOP, "sector", "name") else (Option(point), Option(shop))
    if mentions(row, _RETAIL, "sector", "name"):
        return Source(retail, "fireworks retail")
    return Source((*retail, Option(own)), "fireworks, retail or works")


def classify_place(row: Mapping[str, Any]) -> Source | None:
    """A row of crowded_places: only schools (GB 50099) must themselves keep clear of something; None for all others."""
    kind = text(row, "kind")
    if kind not in ("primary_school", "middle_school"):
        return None
    return Source((Option(frozenset({"school"})),), f"school ({kind})")


def _station(row: Mapping[str, Any], sector: str) -> Source:
    oil, gas = (mentions(row, pattern, *_STATION_TEXTS) for pattern in (_OIL_STATION, _GAS_STATION))
    volume, said = _volume(row)
    options: list[Option] = []
    if oil or not gas:
        options += _oil_station(row, volume)
    if gas:
        options += _gas_station(row)
    if oil and gas:  # both on one site: every oil case with every gas case
        oils, gases = _oil_station(row, volume), _gas_station(row)
        options = [o._replace(classes=o.classes | g.classes) for o in oils for g in gases]
    taken = "" if oil or gas else ", taken to sell petrol and diesel"
    gap = "hydrogen refuelling: its table was not recovered" if mentions(row, _HYDROGEN, *_STATION_TEXTS) else ""
    return Source(tuple(options), f"filling station{taken}, {said}", gap)


def _oil_station(row: Mapping[str, Any], volume: Interval) -> list[Option]:
    """Class by tank volume, diesel counted at half (GB 50156-2021 3.0.9); petrol wherever it is not excluded."""
    petrol, diesel, any_fuel = (mentions(row, word, *_STATION_TEXTS) for word in (_PETROL, _DIESEL, _FUELLING))
    diesel_only = diesel and not petrol and not any_fuel
    fuel = "diesel" if diesel_only else "petrol"
    petrol_only = petrol and not diesel
    low = volume[0] if petrol_only else volume[0] / 2
    high = volume[1] / 2 if diesel_only else volume[1]
    classes = [
        r["station_class"] for r in table_rows("gb50156_station_classes") if r["upto_m3"] >= low and r["over_m3"] < high
    ]
    # Above the largest class no station is allowed; the largest class then gives the least distance.
    return [
        Option(frozenset({f"filling_station_{fuel}_class_{c}", f"filling_station_{fuel}_dispenser"}))
        for c in sorted(classes or [1])
    ]


def _gas_station(row: Mapping[str, Any]) -> list[Option]:
    tanks = [f"{how}_class_{c}" for how in ("aboveground", "buried") for c in (1, 2, 3)]
    lpg = [Option(frozenset({f"lpg_refuelling_{t}"})) for t in tanks]
    lng = [Option(frozenset({f"lng_refuelling_class_{c}", "lng_refuelling_dispenser"})) for c in (1, 2, 3)]
    cng = [Option(frozenset({"cng_refuelling_cylinders", "cng_refuelling_vent", "cng_refuelling_dispenser"}))]
    if mentions(row, _LNG, *_STATION_TEXTS):
        return lng
    if mentions(row, _CNG, *_STATION_TEXTS):
        return cng
    if mentions(row, _LPG_STATION, *_STATION_TEXTS):
        return lpg
    return [*cng, *lng, *lpg]


def _tanks(row: Mapping[str, Any], sector: str) -> Source:
    volume, said = _volume(row)
    kinds = tuple(dict.fromkeys(_hazards(row)))
    single = (0.0, most_volume_m3(row))
    site = _site_words(row, sector, "name") if any(h.phase not in ("gas", "none") for h in kinds) else ()
    gas = _natural_gas(row) if any(h.name == _NATURAL_GAS for h in kinds) else ()
    options = [
        # A depot is classed by the whole of it, of which this is a part.
        Option(classes, (volume[0], np.inf)) if depot else Option(classes, volume, single, variants=variants)
        for classes, depot, variants in _tank_options(kinds, text(row, "storage"), site, gas)
    ]
    names = "、".join(dict.fromkeys(h.name for h in kinds if h.name)) or "substance unknown"
    covered = any(o.classes for o in options)
    gap = "" if covered else f"no distance table recovered for tanks of {names}"
    return Source(tuple(dict.fromkeys(options)) if covered else (), f"tanks of {names}, {said}", gap)


@cache
def _tank_options(
    kinds: tuple[Hazard, ...], storage: str, site: tuple[str, ...], gas: tuple[frozenset[str], ...]
) -> tuple[tuple[frozenset[str], bool, frozenset[str]], ...]:
    """Classes, whether they are an oil depot's, and variants of what tanks of these hazards may be."""
    out = []
    for hazard in kinds:
        for base, extra, variants in product(_tank_classes(hazard, gas), _sites(hazard, site), _roofs(hazard, storage)):
            depot = any(c.startswith("oil_depot") for c in extra)
            out.append((extra if depot else base | extra, depot, variants))
    return tuple(out)


def _tank_classes(hazard: Hazard, gas: tuple[frozenset[str], ...]) -> tuple[frozenset[str], ...]:
    """The classes of a tank; ``gas`` are those of natural gas."""
    if hazard.phase == "liquid":
        return (frozenset({"tank_C_liquid" if hazard.fire_class == "C" else "tank_AB_liquid"}),)
    if hazard.name == _LPG or hazard.phase == "lpg?":
        return (frozenset({"lpg_tank"}),)
    if hazard.name == _NATURAL_GAS:
        return gas
    if hazard.phase == "liquefied_gas":
        return (frozenset({"liquefied_hydrocarbon"}),)
    return (frozenset(),)


def _natural_gas(row: Mapping[str, Any]) -> tuple[frozenset[str], ...]:
    """The classes of a tank of natural gas: liquefied, compressed, or not known."""
    storage, cold = text(row, "storage"), frozenset({"lng_tank"})
    if storage == "refrigerated" or mentions(row, _LNG, "substance", "name"):
        return (cold,)
    stored = (
        text(row, "kind") != "gas_station" or np.isfinite([number(row, c) for c in ("volume_m3", "quantity_t")]).any()
    )
    return (cold, frozenset()) if stored and storage in ("", "pressurised") else (frozenset(),)


def _roofs(hazard: Hazard, storage: str) -> list[frozenset[str]]:
    if hazard.phase != "liquid":
        return [frozenset({"buried"} if storage == "buried" else ())]
    lighter = {"class_C"} if hazard.fire_class == "C" else set()
    return [frozenset({v, *lighter}) for v in _ROOFS.get(storage, ("fixed_roof", "floating_roof"))]


def _site_words(row: Mapping[str, Any], sector: str, *columns: str) -> tuple[str, ...]:
    """What the sector, or the name of the enterprise or of ``columns``, says of the kind of site."""
    return tuple(word for word, pattern in _SITE_WORDS.items() if _site_says(pattern, row, sector, *columns))


@cache
def _sites(hazard: Hazard, said: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """Further classes by the kind of site: none, a petrochemical plant's or an oil depot's; several if unclear."""
    liquid = hazard.phase == "liquid"
    petrochem = frozenset(
        {"petrochem_AB_liquid_tank_group" if liquid else "petrochem_liquefied_hydrocarbon_tank_group"}
    )
    if hazard.phase in ("gas", "none"):
        return (frozenset(),)
    depot = frozenset({"oil_depot_row_2" if hazard.fire_class == "C" else "oil_depot_row_1"})
    if "petrochem" in said:
        return (petrochem,)
    fuel = hazard.name in _FUELS
    if fuel and "depot" in said:
        return (depot,)
    answers: list[frozenset[str]] = [frozenset()]
    if "chemical" in said:
        answers.append(petrochem)
    if fuel and "storage" in said:
        answers.append(depot)
    return tuple(answers)


def _named_site(kind: str, row: Mapping[str, Any]) -> bool:
    """Whether names tell the kind of site where no sector does."""
    columns = ("name",) if kind == "tank_farm" else ()
    return any(_site_says(pattern, row, "", *columns) for pattern in _SITE_WORDS.values())


def _site_says(pattern: re.Pattern[str], row: Mapping[str, Any], sector: str, *columns: str) -> bool:
    """Whether the sector, or the name of the enterprise or of ``columns``, says so."""
    return bool(pattern.search(sector)) or mentions(row, pattern, "enterprise_name", *columns)


def _process(row: Mapping[str, Any], sector: str) -> Source:
    petrochem = frozenset({"petrochem_AB_process_unit"})
    options = []
    hazards = _hazards(row)
    for hazard in hazards:
        base = frozenset({"class_A_workshop"}) if hazard.fire_class == "A" else frozenset[str]()
        sites: list[frozenset[str]] = [frozenset()]
        if hazard.fire_class in ("A", "B"):
            sites = [petrochem] if _site_says(_PETROCHEM, row, sector) else sites
            sites = [*sites, petrochem] if petrochem not in sites and _site_says(_CHEMICAL, row, sector) else sites
        options += [Option(base | s) for s in sites]
    names = "、".join(dict.fromkeys(h.name for h in hazards if h.name)) or "substance unknown"
    covered = any(o.classes for o in options)
    gap = "" if covered else f"no distance table recovered for process units with {names}"
    return Source(tuple(dict.fromkeys(options)) if covered else (), f"process unit with {names}", gap)


def _warehouse(row: Mapping[str, Any], sector: str) -> Source:
    stock = number(row, "quantity_t")
    tons: Interval = (stock, stock) if np.isfinite(stock) else UNKNOWN
    options = []
    hazards = _hazards(row)
    for hazard in hazards:
        names: tuple[str, ...] = ()
        if hazard.fire_class == "A":
            items = ("3_4",) if hazard.item in ("3", "4") else ("1_2_5_6",) if hazard.item else ("3_4", "1_2_5_6")
            options += [
                Option(frozenset({"class_A_warehouse", f"class_A_warehouse_items_{i}"}), quantity_t=tons) for i in items
            ]
            continue
        if hazard.fire_class == "B":
            strict = () if hazard.item in ("5", "6") else ("class_B_warehouse_not_items_5_6",)
            names = ("class_B_warehouse_not_item_6", *strict)
        options.append(Option(frozenset(names), quantity_t=tons))
    said = "、".join(dict.fromkeys(h.name for h in hazards if h.name)) or "substance unknown"
    covered = any(o.classes for o in options)
    gap = "" if covered else f"no distance table recovered for stores of {said}"
    weight = f"{stock:g} t" if np.isfinite(stock) else "stock unknown"
    return Source(tuple(dict.fromkeys(options)) if covered else (), f"store of {said}, {weight}", gap)


def _cylinders(row: Mapping[str, Any], sector: str) -> Source:
    volume, said = _volume(row, else_of=_LPG)
    return Source((Option(frozenset({"lpg_cylinder_depot"}), volume, volume),), f"LPG cylinder depot, {said}")


def _flare(row: Mapping[str, Any], sector: str) -> Source:
    flare, none = Option(frozenset({"petrochem_flare_may_carry_liquid"})), Option(frozenset())
    if sector and not (_PETROCHEM.search(sector) or _CHEMICAL.search(sector)):
        return Source((), "flare", f"no distance table recovered for flares of sector '{sector}'")
    return Source((flare, none), "flare, which may or may not carry liquid")


def _transfer(row: Mapping[str, Any], sector: str) -> Source:
    """A jetty or loading place: GB 50074 has one for an oil depot's, lighter where vapours are recovered."""
    hazards = _hazards(row)
    said = _site_words(row, sector, "name")
    open_row = "oil_depot_row_1" if text(row, "kind") == "jetty" else "oil_depot_row_2"
    options = []
    for hazard in hazards:
        kinds = ("oil_depot_row_3",) if hazard.fire_class == "C" else (open_row, "oil_depot_row_3")
        for site in _sites(hazard, said):
            depot = any(c.startswith("oil_depot") for c in site)
            options += [Option(frozenset({k})) for k in kinds] if depot else [Option(frozenset())]
    names = "、".join(dict.fromkeys(h.name for h in hazards if h.name)) or "substance unknown"
    covered = any(o.classes for o in options)
    gap = "" if covered else f"no distance table recovered for kind '{text(row, 'kind')}' but those of oil depots"
    return Source(tuple(dict.fromkeys(options)) if covered else (), f"{text(row, 'kind')} of {names}", gap)


def _key_facility(row: Mapping[str, Any], sector: str) -> Source:
    """What its name tells may be a plant-wide key facility of GB 50160; the standard leaves it to judgement."""
    if mentions(row, _KEY, "name") and (_site_says(_PETROCHEM, row, sector) or _site_says(_CHEMICAL, row, sector)):
        key, none = Option(frozenset({"petrochem_key_facility"})), Option(frozenset())
        return Source((key, none), "may be a plant-wide key facility, by its name")
    return Source((), "other", "no distance table for kind 'other'")


_BY_KIND: dict[str, Callable[[Mapping[str, Any], str], Source]] = {
    "filling_station": _station,
    "hazmat_parking": lambda row, sector: Source((Option(frozenset({"hazmat_vehicle_park"})),), "hazmat car park"),
    "tank_farm": _tanks,
    "gas_station": _tanks,
    "process_unit": _process,
    "warehouse": _warehouse,
    "cylinder_depot": _cylinders,
    "flare": _flare,
    "jetty": _transfer,
    "loading": _transfer,
    "other": _key_facility,
}


def _site(kind: str, row: Mapping[str, Any]) -> tuple[frozenset[str], ...]:
    """Whether the highway regulation's "place of flammable, explosive or highly toxic goods" covers it."""
    if kind in ("filling_station", "hazmat_parking", "gas_station"):
        return (frozenset(),)
    classes = {h.fire_class for h in _hazards(row)}
    if classes <= {"A", "B", "C"}:
        return (ANY_SITE,)
    return (frozenset(),) if classes == {"none"} else (ANY_SITE, frozenset())


def _hazards(row: Mapping[str, Any]) -> tuple[Hazard, ...]:
    return _hazards_of(text(row, "substance"), text(row, "cas"), text(row, "hazard_class"), text(row, "storage"))


@cache
def _hazards_of(substance: str, cas: str, hazard_class: str, storage: str) -> tuple[Hazard, ...]:
    """The fire hazards (GB 50016 3.1.1, 3.1.3) the written substance may mean; all of them if it is unknown."""
    names = canonical(substance) or [s.name for s in identify(substance, cas)[0]]
    listed = {r["name_zh"]: r for r in table_rows("fire_hazard")}
    if not names and substance in listed:
        names = [substance]
    found = []
    for name in names:
        row = listed.get(name)
        classes = row["fire_class"].split("|") if row else ["none"]
        found += [Hazard(c, row["phase"] if row else "none", str(row["item"]) if row else "", name) for c in classes]
    if found:
        return tuple(found)
    if "W5" in hazard_class.upper():
        return tuple(Hazard(c, "liquid", "1", "") for c in ("A", "B"))
    liquids = [Hazard(c, "liquid", "", "") for c in ("A", "B", "C")]
    gas = [Hazard("A", "lpg?", "", "")] if storage in ("", "pressurised", "refrigerated") else []
    return (*liquids, *gas, Hazard("none", "none", "", ""))


def most_volume_m3(row: Mapping[str, Any]) -> float:
    """The largest tank volume [m3] a row of hazard_sources may have; infinite if nothing tells."""
    return volume_bounds_m3(row)[1]


def volume_bounds_m3(row: Mapping[str, Any]) -> Interval:
    """The least and the largest tank volume [m3] a row of hazard_sources may have, for itself."""
    return _own_volume(row)[0]


def _volume(row: Mapping[str, Any], else_of: str = "") -> tuple[Interval, str]:
    """
    Bounds of the total volume [m3] of the tank group the row belongs to, and how they were found.

    A quantity without a substance is taken as one of ``else_of``.
    """
    (low, high), said = _own_volume(row, else_of)
    others = row.get("others_m3") or 0.0
    return (low, high + others), said + (", with others in its unit" if others else "")


def _own_volume(row: Mapping[str, Any], else_of: str = "") -> tuple[Interval, str]:
    """Given, else from the quantity by density, else anything; of several substances any one may have little."""
    volume = number(row, "volume_m3")
    names = _canonical(text(row, "substance") or else_of)
    several = len(names) > 1
    if np.isfinite(volume):
        return ((0.0 if several else volume), volume), f"{volume:g} m3"
    quantity, known = number(row, "quantity_t"), _densities()
    rows = [known[n] for n in names if n in known]
    if not np.isfinite(quantity) or not rows or len(rows) < len(names):
        return UNKNOWN, "volume unknown"
    low = quantity * 1000 / max(r["density_high_kg_m3"] for r in rows) / parameter("tank_fill_high")
    high = quantity * 1000 / min(r["density_low_kg_m3"] for r in rows) / parameter("tank_fill_low")
    return ((0.0 if several else low), high), f"{quantity:g} t or {low:.4g} to {high:.4g} m3"


@cache
def _canonical(substance: str) -> tuple[str, ...]:
    return tuple(canonical(substance))


@cache
def _densities() -> dict[str, dict[str, Any]]:
    return {r["name_zh"]: r for r in table_rows("densities")}
