"""What a place, building, road or plant is to the setback rules, and what its attributes leave open.

Each target is a tuple of questions (see ``conditions``): one answer where the attributes decide,
several where they are missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..standards import parameter
from .conditions import CIVIL, Answer, Option, Question, Target
from .rows import number, table_rows, text

NOTHING: Answer = frozenset()
_EDUCATION = frozenset({"kindergarten", "primary_school", "middle_school", "college", "training"})
_MEDICAL = frozenset({"hospital", "elderly_home"})
# Public welfare facilities in the sense of GB 50160: culture, education, medical care, welfare.
_WELFARE = _EDUCATION | _MEDICAL | {"clinic", "culture", "community"}
# Crowded places in the sense of the fire law, art. 73; the other kinds may or may not be.
_CROWDED = _EDUCATION | _MEDICAL | {
    "market", "mall", "hotel", "restaurant", "entertainment", "sports", "culture", "religious", "station", "dormitory",
}  # fmt: skip
_HOMES = frozenset({"residential", "dormitory"})
# Codes keep these to a few floors (GB 50099-2011 4.3.2, JGJ 39): never high-rise.
_LOW_RISE = frozenset({"kindergarten", "primary_school", "middle_school"})
_PROTECTED = ("important_public_building", *(f"protected_building_class_{i}" for i in (1, 2, 3)))
_RATINGS = ("1-2", "3", "4")

_HOUSE = re.compile(r"住宅|居民|居住|民房|公寓|residential|house|apartment|detached|terrace|dwelling|bungalow", re.I)
_PUBLIC = re.compile(
    r"学校|医院|幼儿|商|办公|酒店|宾馆|养老|公共|文化|体育|宗教|车站|school|hospital|kindergarten|hotel|retail|commercial"
    r"|office|public|civic|university|college|church|mosque|temple|train_station|supermarket|sports",
    re.I,
)
_WORKS = re.compile(r"厂|工业|仓|车间|industrial|warehouse|factory|manufactur", re.I)
_SHED = re.compile(r"车库|棚|garage|shed|roof|greenhouse|hut|carport|farm_auxiliary|barn", re.I)
_INDUSTRY = re.compile(
    r"制造|化工|化学|纺织|服装|金属|设备|塑料|橡胶|电气|电子|木器|家具|食品|零部件|冶金|铸造|造纸|印刷|建材|医药|工业|加工|船舶"
    r"|manufactur|factory|plant|chemical|industr",
    re.I,
)
_NOT_INDUSTRY = re.compile(r"加油|零售|批发|经营|餐饮|住宿|教育|卫生|金融|retail|hotel|school|hospital", re.I)

# Road classes (OSM words) to the classes of the rules; a tuple of answers where the class does not decide.
_MAIN = frozenset({"urban_arterial_or_class_1_2_road_edge", "main_road_edge"})
_BIG = _MAIN | {"expressway_or_class_1_2_road_edge"}
_EXPRESSWAY = _BIG | {"expressway_or_class_1_road_edge"}
_ARTERIAL = _MAIN | {"other_road_edge"}
_MINOR = frozenset({"urban_minor_or_class_3_4_road_edge", "minor_road_edge", "other_road_edge"})
_ANY_ROAD = frozenset({"offsite_road_edge", "road"})
_HIGHWAY = frozenset({"highway_land_boundary"})
_ROADS: dict[str, Question] = {
    "motorway": (_EXPRESSWAY,),
    "trunk": (_EXPRESSWAY, _BIG | {"other_road_edge"}),
    "primary": (_ARTERIAL, _BIG | {"other_road_edge"}),
    "secondary": (_ARTERIAL, _MINOR),
}


class Classified(NamedTuple):
    """The questions a target answers, and the attributes that decided."""

    target: Target
    reason: str


def classify_target(layer: str, row: Mapping[str, Any]) -> Classified:
    """What a row of ``layer`` is to the rules; the same attributes always give the same object."""
    if layer == "crowded_places":
        numbers = (number(row, c) for c in ("capacity", "beds", "area_m2", "floors"))
        return _place(text(row, "kind") or "other", *numbers)
    if layer == "buildings":
        numbers = (number(row, c) for c in ("floors", "height_m", "fire_rating", "persons", "households"))
        return _building(text(row, "kind"), *numbers)
    if layer == "roads":
        return _road(text(row, "class"))
    return _plant(text(row, "sector"))


@cache
def target_of_hazard(options: tuple[Option, ...]) -> Target:
    """What a hazard source is as a target of another one."""
    answers = []
    for option in options:
        names: set[str] = set()
        for c in sorted(option.classes):
            names |= _HAZARD_TARGETS.get(c.split("_class_")[0] if c.startswith("filling") else c, NOTHING)
        answers.append(frozenset(names | {c for c in option.classes if ":" in c}))
    return (tuple(dict.fromkeys(answers)),)


_HAZARD_TARGETS = {
    "tank_AB_liquid": frozenset({"AB_tank"}),
    "tank_C_liquid": frozenset({"C_tank"}),
    "oil_depot_row_1": frozenset({"AB_tank"}),
    "oil_depot_row_2": frozenset({"C_tank"}),
    "class_A_warehouse": frozenset({"class_A_warehouse", "AB_warehouse"}),
    "class_B_warehouse_not_item_6": frozenset({"AB_warehouse"}),
    "class_A_workshop": frozenset({"AB_workshop"}),
    "filling_station_petrol": frozenset({"filling_station"}),
    "filling_station_diesel": frozenset({"filling_station"}),
    "fireworks_retail_point": frozenset({"fireworks_retail_point"}),
}


@cache
def _place(kind: str, capacity: float, beds: float, area: float, floors: float) -> Classified:
    protected, why = _protected(kind, {"capacity": capacity, "beds": beds, "area_m2": area})
    crowded = frozenset({"crowded_place"})
    other = frozenset({"civil_building_other"})
    crowd: Question = (crowded,) if kind in _CROWDED else (other,) if kind == "residential" else (crowded, other)
    low = kind in _LOW_RISE
    civil = _civil(*((1.0, np.nan) if low else (floors, np.nan)), np.nan, home=kind in _HOMES)
    outdoors = kind in ("scenic", "other")
    homes = _homes(capacity, np.nan, whole=True) if kind == "residential" else ()
    welfare = frozenset({"public_welfare"})
    target = (
        (frozenset({f"crowded_places:{kind}"}),),
        protected,
        crowd,
        ((*civil, NOTHING) if outdoors else civil),
        *homes,
        (() if kind == "residential" else (welfare,) if kind in _WELFARE else (welfare, NOTHING)),
        (frozenset({"residential"}),) if kind in _HOMES else (frozenset({"public_building"}), *([NOTHING] * outdoors)),
    )
    return Classified(tuple(q for q in target if q), f"{kind}{why}")


@cache
def _building(kind: str, floors: float, height: float, rating: float, persons: float, households: float) -> Classified:
    use = building_use(kind)
    if use == "shed":
        return Classified(((frozenset({"any_building", "buildings:shed"}),),), f"outbuilding ({kind})")
    civil = _civil(floors, height, rating, home=use == "home")
    works = tuple(
        frozenset({"any_building", *extra, _fire(r)})
        for r in _rating_names(rating)
        for extra in (("CD_workshop", "CD_warehouse"), ("AB_workshop", "AB_warehouse"))
    )
    if use == "works":
        return Classified(((frozenset({"buildings:works"}),), works), f"industrial building ({kind})")
    protected = tuple(frozenset({p}) for p in (_PROTECTED[1:] if use == "home" else _PROTECTED))
    other, crowded = frozenset({"civil_building_other"}), frozenset({"crowded_place"})
    welfare, public = frozenset({"public_welfare"}), frozenset({"public_building"})
    if use == "home":
        questions: Target = (protected, (other,), civil, *_homes(persons, households), (frozenset({"residential"}),))
    elif use == "public":
        questions = (protected, (crowded, other), civil, (welfare, NOTHING), (public,))
    else:
        home = tuple((*q, NOTHING) for q in _homes(persons, households))
        either = (frozenset({"residential"}), public, NOTHING)
        questions = (
            (*protected, NOTHING),
            (other, crowded, NOTHING),
            (*civil, *works),
            *home,
            (welfare, NOTHING),
            either,
        )
    named = {"home": "dwelling", "public": "public building"}.get(use, "building of unknown use")
    return Classified(((frozenset({f"buildings:{use}"}),), *questions), named + (f" ({kind})" if kind else ""))


@cache
def _road(name: str) -> Classified:
    kind = name.removesuffix("_link")
    base = _ROADS.get(kind, (_MINOR,))
    # Roads inside a works are not "off site"; national to county roads are highways, city streets are not.
    anyroad: Question = (_ANY_ROAD, NOTHING) if kind == "service" else (_ANY_ROAD,)
    maybe = kind in ("trunk", "primary", "secondary", "road", "")
    highway: Question = (_HIGHWAY,) if kind == "motorway" else (_HIGHWAY, NOTHING) if maybe else (NOTHING,)
    fast = frozenset({"expressway_or_urban_arterial_edge"})
    arterial: Question = (
        (fast,) if kind == "motorway" else (fast, NOTHING) if maybe and kind != "secondary" else (NOTHING,)
    )
    own = (frozenset({f"roads:{kind or 'unknown'}"}),)
    if not kind or kind == "road":
        base = (*dict.fromkeys((*_ROADS["trunk"], *_ROADS["secondary"])),)
    return Classified((own, base, anyroad, highway, arterial), f"road class {name or 'unknown'}")


@cache
def _plant(sector: str) -> Classified:
    plant = frozenset({"industrial_enterprise", "adjacent_factory"})
    if _INDUSTRY.search(sector):
        return Classified(((plant,),), f"industrial enterprise ({sector})")
    if _NOT_INDUSTRY.search(sector):
        return Classified(((NOTHING,),), f"not an industrial enterprise ({sector})")
    return Classified(((plant, NOTHING),), f"enterprise of unclear sector ({sector or 'not given'})")


def _protected(kind: str, values: dict[str, float]) -> tuple[Question, str]:
    """Which class of GB 50156-2021 Appendix B a crowded place may be."""
    rows = [r for r in table_rows("gb50156_appendix_b") if kind in r["kinds"].split("|")]
    answers = [frozenset({p}) for p in _PROTECTED]
    if not rows:
        return (tuple(answers[1:]) if kind in _HOMES else tuple(answers)), ""
    attribute = rows[0]["attribute"]
    value = values[attribute]
    limits = {r["protected_class"]: r for r in rows}
    least = limits["class_1"]["over"]
    lowest = answers[1:2] if least == 0 else answers[2:]  # "all other schools" are class 1; smaller shops class 2 or 3
    if not np.isfinite(value):
        return (tuple(dict.fromkeys((*answers[:2], *lowest))), f", {attribute} unknown")
    said = f", {attribute} {value:g}"
    if _over(value, limits["important"]):
        return ((answers[0],), f"{said} (above {limits['important']['over']:g}: important public building)")
    if _over(value, limits["class_1"]):
        return ((answers[1],), f"{said} (protected building class 1)")
    return (tuple(lowest), f"{said} (protected building class 2 or 3)")


def _over(value: float, row: dict[str, Any]) -> bool:
    return value >= row["over"] if row["inclusive"] else value > row["over"]


def _civil(floors: float, height: float, rating: float, *, home: bool) -> Question:
    """High-rise or not, and the fire-resistance ratings it may have."""
    limit = parameter("highrise_dwelling_m") if home else parameter("highrise_other_m")
    low, high = floors * parameter("storey_low_m"), floors * parameter("storey_high_m")
    if np.isfinite(height):
        low = high = height
    common = {"civil_building", "other_civil", "any_building"}
    tall = frozenset({*common, "highrise_civil"})
    flat = tuple(frozenset({*common, "civil_building_low", _fire(r), _fire(r) + CIVIL}) for r in _rating_names(rating))
    if low > limit:
        return (tall,)
    return flat if high <= limit else (*flat, tall)


def _homes(persons: float, households: float, *, whole: bool = False) -> tuple[Question, ...]:
    """Residential area or village (GB 50016: from 1000 persons or 300 households), and GB 50160's settlement."""
    area, settlement = frozenset({"residential_area", "village"}), frozenset({"residential_settlement"})
    if persons >= parameter("residential_area_persons") or households >= parameter("residential_area_households"):
        return (area,), (settlement,)
    # One building may be a part of a larger area; an estate or village counted as a whole is not.
    return (NOTHING,) if whole and np.isfinite(persons) else (area, NOTHING), (settlement, NOTHING)


def building_use(kind: str) -> str:
    """What a building is for by the words of its use: shed, home, works, public or unknown."""
    patterns = (("shed", _SHED), ("home", _HOUSE), ("works", _WORKS), ("public", _PUBLIC))
    return next((use for use, pattern in patterns if pattern.search(kind)), "unknown")


def _rating_names(rating: float) -> tuple[str, ...]:
    return _RATINGS if not np.isfinite(rating) else ("1-2",) if rating <= 2 else (f"{rating:.0f}",)


def _fire(rating: str) -> str:
    return f"other_building_fire_rating_{rating}"
