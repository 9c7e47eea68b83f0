"""What a project of each kind is asked for: words of its kind, columns, and those it cannot do without."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..layers.project import PROJECT_LAYERS, STOCKED
from ..publish.words import phrase, unit_words
from ..schema import LAYERS, Column

Words = dict[str, str]

# Columns that decide something about a project, in the order in which a person thinks of them.
_COLUMNS = {
    "hazard_sources": ("name", "substance", "quantity_t", "volume_m3", "storage", "sector", "tanks", "bund_m2",
                       "pressure_mpa", "temperature_c"),
    "crowded_places": ("name", "capacity", "beds", "area_m2", "floors"),
    "gas_pipelines": ("name", "medium", "diameter_mm", "pressure_mpa", "wall_mm", "laying"),
    "parking_lots": ("name", "bays"),
}  # fmt: skip
# Those of them that few projects state at this stage: offered, folded away.
_MORE = {
    "hazard_sources": ("tanks", "bund_m2", "pressure_mpa", "temperature_c"),
    "crowded_places": ("floors",),
    "gas_pipelines": ("wall_mm", "laying"),
    "parking_lots": (),
}
# What is drawn of each: the first is offered first. A stock is an outline or, of a single tank, a point.
_SHAPES = {
    "hazard_sources": ("polygon", "point"),
    "crowded_places": ("polygon", "point"),
    "gas_pipelines": ("line",),
    "parking_lots": ("polygon", "point"),
}
_BEDDED = frozenset(("hospital", "clinic", "elderly_home", "hotel", "dormitory"))
_STOCK = frozenset(
    ("substance", "quantity_t", "volume_m3", "storage", "tanks", "bund_m2", "pressure_mpa", "temperature_c")
)
# Chinese where the first synonym is another province's word or says too little by itself.
_KINDS = {"elderly_home": "养老机构", "hazmat": "危险货物（危化品）", "general": "普通社会车辆"}
_GROUPS = {  # as a planner calls them; the layers' own names are those of what is there already
    "hazard_sources": ("拟建危险源", "A new hazard source"),
    "crowded_places": ("拟建人员密集场所", "A new place with people"),
    "gas_pipelines": ("拟建管线", "A new pipeline"),
    "parking_lots": ("拟建停车场", "A new car park"),
}


@cache
def asked() -> list[dict[str, Any]]:
    """
    The groups of kinds: ``layer``, words, ``shapes`` that may be drawn, ``columns`` and ``kinds``.

    A column has words, ``unit``, ``dtype`` (string, float, int), ``options`` (coded values with words) and ``more``
    where few know it; a kind has words, the names of its columns and ``needs``: of each list at least one is given.
    """
    return [
        {"layer": layer, **_pair(*_GROUPS[layer]), "shapes": list(_SHAPES[layer])}
        | {"columns": [_column(layer, LAYERS[layer].column(c)) for c in _COLUMNS[layer]]}
        | {"kinds": [_kind(layer, kind) for kind in LAYERS[layer].column("kind").domain]}
        for layer in PROJECT_LAYERS
    ]


def _kind(layer: str, kind: str) -> dict[str, Any]:
    columns = [c for c in _COLUMNS[layer] if _fits(layer, kind, c)]
    needs = [["substance"], ["quantity_t", "volume_m3"]] if layer == "hazard_sources" and kind in STOCKED else []
    return {"kind": f"{layer}:{kind}", **_coded(layer, "kind", kind), "columns": columns, "needs": needs}


def _fits(layer: str, kind: str, column: str) -> bool:
    if column == "beds":
        return kind in _BEDDED
    return not (layer == "hazard_sources" and kind in ("hazmat_parking", "flare") and column in _STOCK)


def _column(layer: str, column: Column) -> dict[str, Any]:
    unit = _pair(unit_words(column.unit, "zh"), unit_words(column.unit, "en"))
    options = [
        {"value": v, **_pair(words[0] if words else phrase(v), _english(v))} for v, words in column.domain.items()
    ]
    words = _pair(column.zh, column.en) | {"unit": unit}
    return {"name": column.name, "dtype": column.dtype, "options": options, "more": column.name in _MORE[layer]} | words


def _coded(layer: str, column: str, value: str) -> Words:
    """The words of a coded value: its first synonym that is Chinese, and the value itself."""
    chinese = (w for w in LAYERS[layer].column(column).domain[value] if not w.isascii())
    known = _KINDS.get(value) if layer == "parking_lots" or value == "elderly_home" else None
    return _pair(known or next(chinese, phrase(value)), _english(value))


def _english(value: str) -> str:
    return "LPG" if value == "lpg" else value.replace("_", " ").capitalize()


def _pair(zh: str, en: str) -> Words:
    return {"zh": zh, "en": en}


@cache
def substances() -> list[str]:
    """Names of substances that this system knows in Chinese, to choose from; any other name may be written."""
    from ..standards import table

    known = dict.fromkeys((*table("substances")["name_zh"].dropna(), *table("gb18218_substances")["name_zh"].dropna()))
    return [str(name) for name in known]
