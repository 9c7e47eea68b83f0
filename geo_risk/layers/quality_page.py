"""The quality report as one page to read, print and pass on; the template is templates/quality.html.j2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from typing import Any

import shapely

from ..schema import LAYERS
from .diagnosis import ERROR_CLASSES_M
from .quality import TOTALS, headline
from .quality_map import sketch

# What a page shows at most; all of it is in quality.json.
_FIRST, _FILES, _FINDINGS, _EXAMPLES = 12, 200, 60, 6

_ACTIONS = {"rejected": ("剔除", "set aside"), "repaired": ("修复", "mended"), "noted": ("提示", "to know")}
_ALWAYS = ("rows_read", "rows_kept", "rows_rejected", "rows_repaired")
_WORDS = dict(zip(TOTALS, (("读入", "read"), ("保留", "kept"), ("剔除", "set aside"), ("修复", "mended"),
                           ("要素", "features"), ("略去", "left out")), strict=True))  # fmt: skip


def quality_html(quality: Mapping[str, Any], *, title: str = "", boundary: shapely.Geometry | None = None) -> str:
    """
    A self-contained page of what `quality.quality_json` gives, in Chinese and English, Chinese first.

    ``boundary`` is the region's outline for the maps (WGS 84 degrees). Everything that comes from a file is
    escaped. Long lists show their first rows and say how many more there are in quality.json.
    """
    import jinja2
    from markupsafe import Markup

    folder = resources(__package__) / "templates"
    style, template = ((folder / name).read_text("utf-8") for name in ("quality.css", "quality.html.j2"))
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(
        quality=quality,
        title=title,
        style=Markup(style),
        first=quality["first"][:_FIRST],
        files=[_file(f, boundary) for f in quality["files"][:_FILES]],
        beyond=max(0, len(quality["files"]) - _FILES),
        actions=_ACTIONS,
        words=[(key, *both) for key, both in _WORDS.items()],
        always=_ALWAYS,
        shares=_shares,
        last_class=f"{ERROR_CLASSES_M[-1]:,.0f}",
    )


def _shares(totals: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Class and percentage of kept, mended and rejected rows."""
    read, mended = max(1, totals["rows_read"]), min(totals["rows_repaired"], totals["rows_kept"])
    counts = (("k", totals["rows_kept"] - mended), ("r", mended), ("x", totals["rows_rejected"]))
    return [(kind, 100 * count / read) for kind, count in counts]


def _file(f: Mapping[str, Any], boundary: shapely.Geometry | None) -> dict[str, Any]:
    """What the template shows of one file."""
    from markupsafe import Markup

    places = f["places"] if f["places"] and (f["places"]["extent"] or f["places"]["rejected"]) else None
    return {
        "report": f,
        "layer_zh": LAYERS[f["layer"]].zh if f["layer"] in LAYERS else f["layer"],
        "system": _system(f["system"]),
        "places": places,
        "map": Markup(sketch(places, boundary)) if places else "",
        "findings": {a: _findings([i for i in f["issues"] if i["action"] == a], f["columns"]) for a in _ACTIONS},
    }


def _system(system: str) -> str:
    """A code as it is; of a definition its name."""
    return system.split('"')[1] if system.count('"') > 1 else system


def _findings(issues: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> dict[str, Any]:
    """One group a code and column (by the file's own header), most rows first, each with its first rows."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for i in issues:
        groups.setdefault((i["code"], i["column"]), []).append(i)
    told = [_group(headers.get(column, column), found) for (_, column), found in sorted(groups.items())]
    told.sort(key=lambda g: -g["count"])
    return {"groups": told[:_FINDINGS], "more": max(0, len(told) - _FINDINGS)}


def _group(column: str, issues: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    problem, problem_zh = headline(issues)
    blank = {"after": "", "detail": "", "rows": ""}
    shown = [blank | dict(i) for i in issues[:_EXAMPLES] if i["row"] is not None or i["value"]]
    return {
        "column": column,
        "count": sum(i["count"] for i in issues),
        "problem": problem,
        "problem_zh": problem_zh,
        "suggestion": issues[0].get("suggestion", ""),
        "suggestion_zh": issues[0].get("suggestion_zh", ""),
        "differ": len({i.get("detail", "") for i in issues}) > 1,
        "examples": shown,
        "more": sum(i["count"] for i in issues[_EXAMPLES:]),
    }
