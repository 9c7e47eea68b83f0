"""The columns of a layer as its popup, table and downloads show them: words, units and codes."""

from __future__ import annotations

from typing import Any

from .. import schema
from .catalogue import Spec, table_schema, tables_of

LEVELS = {
    "city": ("市级", "City"),
    "county": ("县区", "County"),
    "township": ("镇街", "Township"),
    "village": ("村社区", "Village"),
}

_IN_NAME = ("level", "unit", "kind", "effect", "distance_m")  # of a zone: its name tells them


def domain_words(column: schema.Column) -> dict[str, dict[str, str]]:
    """Words of a coded column: {value: {"zh", "en"}}; zh is the first synonym, en the code itself."""
    borrowed = column.name.removesuffix("_new")
    if not column.domain and borrowed in _BORROWED and column.dtype == "string":
        return _BORROWED[borrowed]
    return {
        value: {"zh": synonyms[0] if synonyms else value, "en": value.replace("_", " ")}
        for value, synonyms in column.domain.items()
    }


# Words of coded result columns for which the schema has no domain of their own.
_LAYER_WORDS = {name: {"zh": table.zh, "en": table.en} for name, table in schema.LAYERS.items()}
_BORROWED: dict[str, dict[str, dict[str, str]]] = {
    "facility_kind": domain_words(schema.LAYERS["emergency_facilities"].column("kind")),
    "level": {value: {"zh": zh, "en": en} for value, (zh, en) in LEVELS.items()},
    "verdict": {
        "conflict": {"zh": "冲突", "en": "conflict"},
        "clear": {"zh": "满足", "en": "clear"},
        "undecided": {"zh": "待核实", "en": "undecided"},
        "pass": {"zh": "满足", "en": "within the limit"},
        "fail": {"zh": "超限", "en": "above the limit"},
        "major": {"zh": "重大危险源", "en": "major hazard installation"},
        "not_major": {"zh": "不构成重大危险源", "en": "not a major hazard installation"},
    },
    "scope": {
        "region": {"zh": "全域", "en": "region"},
        "park": {"zh": "园区", "en": "park"},
        "trade": {"zh": "行业", "en": "trade"},
        "enterprise": {"zh": "企业", "en": "enterprise"},
        "source": {"zh": "风险源", "en": "source"},
        "district": {"zh": "行政区", "en": "district"},
        "pipeline": {"zh": "管线", "en": "pipeline"},
        "road": {"zh": "道路", "en": "road"},
        "before": {"zh": "变更前", "en": "before the change"},
        "after": {"zh": "变更后", "en": "after the change"},
        **{f"p{p:02d}": {"zh": f"{p} % 分位", "en": f"{p} %"} for p in (5, 50, 95)},
    },
    "rule": {  # as the public profile tells it
        "area": {"zh": "面积占比达到下限", "en": "share of the area"},
        "residents": {"zh": "居民数达到下限", "en": "number of residents"},
        "enterprises": {"zh": "单位数达到下限", "en": "number of enterprises"},
        "places": {"zh": "较大以上单位和点位数达到下限", "en": "number of enterprises and risk points"},
        "none": {"zh": "各项均未达到下限", "en": "no minimum is reached"},
    },
    "confidence": {
        "V": {"zh": "已核实", "en": "verified"},
        "MC": {"zh": "较可信", "en": "credible"},
        "MU": {"zh": "未核实", "en": "unverified"},
    },
    "road_class": domain_words(schema.LAYERS["roads"].column("class")),
    **dict.fromkeys(("layer", "place_layer", "source_layer", "target_layer", "worst_layer"), _LAYER_WORDS),
}


def _heading(text: str) -> str:
    """A column's description as a heading: without the explanation after a colon or semicolon."""
    return text.partition(":")[0].partition(";")[0]


def column_words(column: schema.Column) -> dict[str, Any]:
    """A column as the manifest describes it."""
    words = {"zh": column.zh, "en": _heading(column.en), "unit": column.unit, "dtype": column.dtype}
    return {"name": column.name} | words | {"domain": domain_words(column)}


def popup_columns(spec: Spec, present: list[str]) -> list[dict[str, Any]]:
    """The manifest's column objects of the layer's tables, for the columns that are present, its own table first."""
    keys = [spec.table, *(key for key in tables_of(spec.id) if key != spec.table)]
    known: dict[str, schema.Column] = {}
    for key in keys:
        known |= {c.name: c for c in table_schema(key).columns if c.name in present and c.name not in known}
    return [column_words(c) for c in known.values() if not (spec.style == "zone" and c.name in _IN_NAME)]
