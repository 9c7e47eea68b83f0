"""One handbook an enterprise (一企一手册): its place, hazards, reach, neighbours, setbacks, rescue and duties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import schema, store
from ..parallel import map_ordered
from ..region import Region
from .books import Books, Row, chosen, place_of, read_books, townships
from .captions import coded, explained, heading, missing, say, text
from .document import Block, Document, grade_cell, html, pdf
from .folder import file_names, fresh_folder
from .maplet import Mark, maplet
from .neighbours import LISTED, Neighbours, neighbours, reaches
from .page import script_json
from .words import approval_words, power, rule_words

if TYPE_CHECKING:
    from ..parallel import Progress

FORMATS = {"html": lambda document: html(document).encode(), "pdf": pdf}
_VIEW_M = (600.0, 8000.0)  # height of the ground a map shows, least and most [m]
_NO_REACH_M = 250.0  # taken for the view where nothing is known to reach anywhere
_FIRM_FACTS = (
    "id", "credit_code", "address", "park", "sector", "regulated", "staff", "area_m2", "state",
)  # fmt: skip
_HAZARDS = (
    "name",
    "kind",
    "substance",
    "quantity_t",
    "volume_m3",
    "storage",
    "pressure_mpa",
    "declared_level",
    "state",
)
_UNITS = ("name", "substances", "quantity_t", "s_value", "r_value", "level", "declared_level", "verdict")
_POINTS = ("name", "kind", "grade", "measures", "control_level", "unit", "person", "phone", "visited")
_INSPECTION = ("grade", "visited", "last_visit", "interval_days", "due_date", "due", "team")
_VERDICTS = ("conflict", "undecided")


def write_handbooks(
    region: Region,
    to: Path,
    wanted: Sequence[str] = (),
    *,
    form: str = "html",
    lang: str = "zh",
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """
    Write the handbooks of the enterprises ``wanted`` (ids or names; all without any) and an index page.

    The folder ``to`` appears whole or stays as it was; the bytes are the same for any number of workers. From
    handbooks.js in it the internal map learns which enterprises it can link (docs/site-format.md).

    Returns
    -------
    list of Path
        The index page, then the handbooks in the order of the list of enterprises.

    Raises
    ------
    GeoRiskError
        If an enterprise is unknown, the region was not run, ``to`` holds something else, or PDF cannot be made.
    """
    books = read_books(region)
    firms = chosen(books.firms, wanted, "enterprise")
    names = [f"{name}.{form}" for name in file_names(f["id"] for f in firms)]
    row_of = {id(f): k for k, f in enumerate(books.firms)}
    places = [row_of[id(f)] for f in firms]
    with fresh_folder(to, "handbooks") as folder:
        shares = [(places[k::workers], names[k::workers]) for k in range(max(1, min(workers, len(places))))]
        if len(shares) == 1:
            _write(books, folder, form, lang, shares[0])
        else:
            map_ordered(
                partial(_write_share, region.folder, region.build, folder, form, lang),
                shares,
                workers=workers,
                progress=progress,
            )
        store.write_text(folder / "index.html", html(_index(books, firms, names, lang)))
        files = {str(f["id"]): name for f, name in reversed(list(zip(firms, names, strict=True)))}
        found = script_json({"region": books.names["zh"], "files": dict(sorted(files.items()))})
        store.write_text(folder / "handbooks.js", f"window.GEO_RISK_HANDBOOKS = {found};\n")
    return [to / "index.html", *(to / name for name in names)]


def _write_share(
    region: Path, build: Path, folder: Path, form: str, lang: str, share: tuple[list[int], list[str]]
) -> None:
    """What one process does: read the region, write its share."""
    _write(read_books(Region(region, build=build)), folder, form, lang, share)


def _write(books: Books, folder: Path, form: str, lang: str, share: tuple[list[int], list[str]]) -> None:
    firms = [books.firms[k] for k in share[0]]
    near = _neighbours_of(books, firms)
    for firm, name in zip(firms, share[1], strict=True):
        (folder / name).write_bytes(FORMATS[form](handbook(books, firm, near.get(firm["id"]), lang)))


def _neighbours_of(books: Books, firms: list[Row]) -> dict[str, Neighbours]:
    every = reaches(books)
    return neighbours(books, every[every["firm"].isin({f["id"] for f in firms})].reset_index(drop=True))


def handbook(books: Books, firm: Row, near: Neighbours | None, lang: str) -> Document:
    """The document of one enterprise."""
    sections = (_profile, _map, _hazards, _scenarios, _neighbours, _setbacks, _rescue, _dangers, _controls, _unknowns)
    content = [block for section in sections for block in section(books, firm, near, lang)]
    date = say("as_of", lang, date=books.date) if books.date else ""
    return {
        "lang": lang,
        "title": text(firm["name"], lang=lang),
        "subtitle": " · ".join(p for p in (say("handbook", lang), books.names[lang], say("internal", lang), date) if p),
        "footer": f"{text(firm['name'], lang=lang)} {firm['id']} · {say('internal', lang)} · "
        + approval_words(books.approval, lang),
        "one_page": False,
        "content": content,
    }


def head(key: str, lang: str, **values: Any) -> Block:
    """A heading block."""
    return {"type": "heading", "text": say(key, lang, **values)}


def note(key: str, lang: str, **values: Any) -> Block:
    """A block of small print."""
    return {"type": "note", "text": say(key, lang, **values)}


def table(columns: Sequence[tuple[str, float]], rows: list[list[Any]]) -> Block:
    """A table block; widths in per cent of their sum."""
    total = sum(width for _, width in columns)
    return {
        "type": "table",
        "columns": [{"text": name, "width": round(100 * width / total, 2)} for name, width in columns],
        "rows": rows,
    }


def _profile(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    town = townships(books).get(firm.get("district_id") or "", firm.get("district"))
    rows: list[list[Any]] = [[say("grade", lang), grade_cell(firm.get("grade"), lang)]]
    if not missing(firm.get("reason")):
        rows.append([say("reason", lang), explained(firm["reason"], lang)])
    if "grade_now" in firm:
        rows.append([say("grade_now", lang), grade_cell(firm["grade_now"], lang)])
        rows += [
            [say("reason_now", lang), explained(firm[k], lang)]
            for k in ("rule_now", "reason_now")
            if not missing(firm.get(k))
        ]
    rows.append([say("self_grade", lang), grade_cell(firm.get("self_grade"), lang)])
    rows.append([say("township", lang), text(town, lang=lang)])
    for name in _FIRM_FACTS:
        if not missing(firm.get(name)):
            rows.append(
                [heading(schema.LAYERS["enterprises"].column(name), lang), _value("enterprises", name, firm, lang)]
            )
    return [{"type": "facts", "rows": rows}]


def _value(key: str, name: str, row: Row, lang: str) -> Any:
    value = row.get(name)
    if name in ("grade", "self_grade"):
        return grade_cell(value, lang)
    if isinstance(value, str):
        return coded(key, name, value, lang)
    return text(value, 4, lang)


def present(key: str, wanted: Sequence[str], rows: list[Row]) -> list[schema.Column]:
    """The schema's columns among ``wanted`` of which any row holds something."""
    known = schema.LAYERS.get(key) or schema.RESULTS.get(key)
    if known is None:
        return []
    return [known.column(n) for n in wanted if n in known.names and any(not missing(r.get(n)) for r in rows)]


_WIDTH = {"name": 3.0, "substances": 2.5, "substance": 2.0, "kind": 1.5, "measures": 4.0, "reason": 4.0, "unit": 2.0,
          "verdict": 2.2, "storage": 1.6, "quantity_t": 1.4}  # fmt: skip


def listing(key: str, wanted: Sequence[str], rows: list[Row], lang: str) -> Block:
    """A table of those of the columns ``wanted`` that hold anything."""
    columns = present(key, wanted, rows)
    heads = [(heading(c, lang), _WIDTH.get(c.name, 1.2)) for c in columns]
    return table(heads, [[_value(key, c.name, row, lang) for c in columns] for row in rows])


def _map(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    centre = place_of(firm)
    if centre is None:
        return [head("map", lang), note("no_place", lang)]
    own = books.of("hazard_sources", firm["id"])
    marks = [Mark(*place, "hazard") for row in own if (place := place_of(row)) is not None]
    reach = near.reach_m if near else _NO_REACH_M
    spread = max((math.hypot(m.x - centre[0], m.y - centre[1]) for m in marks), default=0.0)
    height = min(max(2.3 * (reach + spread), _VIEW_M[0]), _VIEW_M[1])
    seen = enumerate(near.named if near else [], 1)
    signs = {"crowded_places": "place", "hazard_sources": "hazard"}
    others = [Mark(row["x"], row["y"], signs[row["layer"]], str(n)) for n, row in seen]
    site = Mark(*centre, "site", firm["name"])
    legend = [(key, say(key, lang)) for key in ("site", "hazard", "place")]
    legend += [("reach", f"{say('reach', lang)} {reach:,.0f} m")] if near else []
    legend += [("pipeline", say("pipeline", lang))] if books.has("gas_pipelines") else []
    legend += contour_legend(books, lang)
    legend += [(f"p{g}", grade_cell(g, lang)["word"]) for g in (4, 3, 2, 1)]
    outline = firm["geometry"] if firm["geometry"].geom_type in ("Polygon", "MultiPolygon") else None
    drawn = maplet(
        books.base,
        centre,
        height,
        [*others[::-1], *marks, site],
        reach=near.area if near else None,
        outline=outline,
        legend=legend,
        north=say("north", lang),
    )
    return [head("map", lang), drawn]


def contour_legend(books: Books, lang: str) -> list[tuple[str, str]]:
    """Entry of the contours of individual risk with their levels, the outermost first; none where there are none."""
    if not books.has("risk_contours"):
        return []
    table = books.tables["risk_contours"]
    levels = sorted(set(table.loc[table["scope"] == "region", "level_per_yr"]))
    if not levels:
        return []
    ends = [f"{power(v, 0)}" for v in (levels[0], levels[-1])]
    return [("contour", say("contour", lang, levels="–".join(dict.fromkeys(ends))))]


def _hazards(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    rows, units = books.of("hazard_sources", firm["id"]), books.of("major_hazards", firm["id"])
    out = [head("hazards", lang)]
    out.append(listing("hazard_sources", _HAZARDS, rows, lang) if rows else note("no_hazards", lang))
    if units:
        out += [head("units", lang), listing("major_hazards", _UNITS, units, lang)]
    return out


def _scenarios(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    out = [head("scenarios", lang)]
    if not books.has("risk_sources", "scenarios"):
        return [*out, note("not_quantified", lang)]
    sources = {row["source_id"]: row for row in books.of("risk_sources", firm["id"])}
    if not sources:
        return [*out, note("no_scenarios", lang)]
    columns = [
        ("source", 3),
        ("substance", 1.6),
        ("outcome", 1.4),
        ("frequency", 1.4),
        ("farthest", 1.4),
        ("confidence", 1.2),
    ]
    rows = []
    for source, row in sources.items():
        for outcome, frequency, reach, confidence in books.branches.get(source, ()):
            named = [text(row[key], lang=lang) for key in ("name", "substance")]
            rows.append([*named, say(outcome, lang), power(frequency), f"{reach:,.0f}", _sure(confidence, lang)])
    heads = [
        (heading(schema.LAYERS["hazard_sources"].column(k), lang) if k == "substance" else say(k, lang), w)
        for k, w in columns
    ]
    return [*out, table(heads, rows)]


def _neighbours(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    out = [head("neighbours", lang)]
    if near is None:
        return [*out, note("no_place" if place_of(firm) is None else "no_neighbours", lang)]
    said = f"{say('reach', lang)}: {near.reach_m:,.0f} m ({say('basis_' + near.basis, lang)})"
    counts = ", ".join(f"{_layer(name, lang)} {n}" for name, n in near.counts.items() if n)
    out.append({"type": "text", "text": f"{said}; {counts}" if counts else said})
    if near.residents is not None:
        out.append({"type": "text", "text": say("residents", lang, n=f"{near.residents:,.0f}")})
    if not near.named:
        return [*out, note("no_neighbours", lang)]
    rows = [
        [str(n), _one(r["layer"], lang), text(r["name"], lang=lang), coded(r["layer"], "kind", r["kind"], lang),
         text(r["persons"], 4, lang), f"{r['distance_m']:,.0f}"]
        for n, r in enumerate(near.named, 1)
    ]  # fmt: skip
    heads = [("#", 0.5), (say("kind", lang), 1.6), (say("name", lang), 3.5), ("", 1.5)]
    out.append(table([*heads, (say("persons", lang), 1), (f"{say('distance', lang)} (m)", 1.2)], rows))
    listed = sum(near.counts.get(layer, 0) for layer in ("crowded_places", "hazard_sources"))
    if listed > LISTED:
        out.append(note("more", lang, n=listed - LISTED, m=LISTED))
    return [*out, note("neighbour_note", lang)]


def _layer(name: str, lang: str) -> str:
    return getattr(schema.LAYERS[name], lang)


def _one(name: str, lang: str) -> str:
    """One thing of a layer: English names layers in the plural."""
    said = _layer(name, lang)
    plural = lang == "en" and said.endswith("s")
    return said[:-3] + "y" if plural and said.endswith("ies") else said[:-1] if plural else said


def _sure(confidence: Any, lang: str) -> str:
    """How sure a number is, in words."""
    return coded("findings", "confidence", confidence, lang)


def _setbacks(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    out = [head("setbacks", lang)]
    if not books.has("findings"):
        return [*out, note("no_setbacks", lang)]
    found = books.of("findings", firm["id"])
    shown = [row for verdict in _VERDICTS for row in found if row["verdict"] == verdict]
    rows = [
        [coded("findings", "verdict", r["verdict"], lang), _end(r, r["own"], lang), _end(r, r["other"], lang),
         text(r["required_m"], 5, lang), f"{r['clearance_m']:,.1f} ± {r['uncertainty_m']:.1f}",
         rule_words(r, lang), _sure(r["confidence"], lang)]
        for r in shown
    ]  # fmt: skip
    keys = (("verdict", 1.3), ("source", 2.3), ("other", 2.4), ("required", 1.2), ("actual", 1.5), ("clause", 2.1))
    heads = [*((say(k, lang), w) for k, w in keys), (say("confidence", lang), 1.3)]
    out.append(table(heads, rows) if rows else note("no_findings", lang))
    clear = len(found) - len(shown)
    return [*out, note("clear_count", lang, n=clear)] if clear else out


def _end(row: Row, end: str, lang: str) -> str:
    name = row[f"{end}_name"] or row[f"{end}_id"]
    return f"{_one(row[f'{end}_layer'], lang)} {name}"


def _rescue(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    out = [head("rescue", lang)]
    if not books.has("enterprise_rescue") and not books.has("travel_times"):
        return [*out, note("no_rescue", lang)]
    rows = [*books.of("enterprise_rescue", firm["id"]), *_worst_served(books.of("travel_times", firm["id"]))]
    if not rows:
        return [*out, note("no_rescue", lang)]
    columns = [("force", 1.2), ("name", 2.6), ("to", 2.6), ("minutes", 1.3), ("road_km", 1.2)]
    cells = []
    for r in rows:
        site = r["place_layer"] == "enterprises"
        told = say("site", lang) if site else say("worst_served", lang, name=r["place_name"] or r["place_id"])
        kind = coded("travel_times", "facility_kind", r["facility_kind"], lang)
        if missing(r["minutes"]):
            cells.append([kind, explained(r["reason"], lang), told, "–", "–"])
        else:
            figures = [f"{r['minutes']:.1f}", f"{r['distance_m'] / 1000:.1f}"]
            cells.append([kind, text(r["facility_name"], lang=lang), told, *figures])
    return [*out, table([(say(k, lang), w) for k, w in columns], cells)]


def _worst_served(rows: list[Row]) -> list[Row]:
    """Of each kind of force the row of the source it reaches last, or not at all."""
    worst: dict[str, Row] = {}
    for row in rows:
        kind, minutes = row["facility_kind"], row["minutes"]
        if kind not in worst or (minutes if minutes is not None else math.inf) > (
            worst[kind]["minutes"] if worst[kind]["minutes"] is not None else math.inf
        ):
            worst[kind] = row
    return list(worst.values())


def _dangers(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    out = [head("dangers", lang)]
    if not books.has("danger_places") and not books.has("hidden_dangers"):
        return [*out, note("no_dangers_layer", lang)]
    rows = books.of("danger_places", firm["id"])
    key = "danger_places" if "danger_places" in schema.RESULTS and books.has("danger_places") else "hidden_dangers"
    wanted = ("name", "found_date", "due_date", "state", "days_overdue", "supervised", "grade")
    return [*out, listing(key, wanted, rows, lang) if rows else note("no_dangers", lang)]


def _controls(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    out = [head("controls", lang)]
    if not books.has("risk_points"):
        out.append(note("no_controls", lang))
    else:
        rows = books.of("risk_points", firm["id"])
        key = "risk_points"
        out.append(listing(key, _POINTS, rows, lang) if rows else note("no_points", lang))
    visits = books.of("inspections", firm["id"])
    facts = [
        [heading(c, lang), _value("inspections", c.name, row, lang)]
        for row in visits
        for c in present("inspections", _INSPECTION, [row])
        if c.name != "grade"
    ]
    return [*out, {"type": "facts", "rows": facts}] if facts else out


def _unknowns(books: Books, firm: Row, near: Neighbours | None, lang: str) -> list[Block]:
    rows = [[say("data_date", lang), text(firm.get("data_date") or books.date, lang=lang)]]
    if not missing(firm.get("source_file")):
        said = say("record_of", lang, file=firm["source_file"], row=firm["source_row"])
        rows.append([say("record", lang), said])
    if not missing(firm.get("position_error_m")):
        rows.append([say("position", lang), f"{firm['position_error_m']:,.3g} m"])
    for row in books.of("not_quantified", firm["id"]):
        rows.append(
            [
                say("not_computed", lang),
                f"{row['name'] or row['id']}: {explained(row['reason'], lang)} {explained(row['helps'], lang)}",
            ]
        )
    assumed = [
        r["name"] or r["id"]
        for r in books.of("risk_sources", firm["id"])
        if not missing(r["assumed"]) and r["assumed"] != "[]"
    ]
    if assumed:
        rows.append([say("assumed", lang), ("、" if lang == "zh" else ", ").join(dict.fromkeys(assumed))])
    lacks = [
        ("lack_controls", not books.has("risk_points")),
        ("lack_now", "grade_now" not in firm),
        ("lack_staff", missing(firm.get("staff"))),
        ("lack_outline", firm["geometry"] is not None and firm["geometry"].geom_type == "Point"),
    ]
    told = [say(key, lang) for key, lacking in lacks if lacking]
    if firm["same_id"] > 1:
        told.append(say("same_id", lang, n=firm["same_id"]))
    return [head("unknowns", lang), {"type": "facts", "rows": rows}, {"type": "note", "text": " ".join(told)}]


def _index(books: Books, firms: list[Row], names: list[str], lang: str) -> Document:
    """The page that lists the handbooks, the highest grades first."""
    towns = townships(books)
    order = sorted(range(len(firms)), key=lambda k: (-(firms[k].get("grade") or 0), firms[k]["id"], k))
    now = any("grade_now" in f for f in firms)
    rows = []
    for k in order:
        firm = firms[k]
        grades = [grade_cell(firm.get(key), lang) for key in ("grade", *(["grade_now"] if now else []))]
        link = {"href": names[k], "text": text(firm["name"], lang=lang)}
        rows.append(
            [link, firm["id"], text(towns.get(firm.get("district_id") or "", firm.get("district")), lang=lang), *grades]
        )
    heads = [(say("name", lang), 4), (say("id", lang), 2), (say("township", lang), 2), (say("grade", lang), 1.5)]
    heads += [(say("grade_now", lang), 1.5)] if now else []
    return {
        "lang": lang,
        "title": f"{books.names[lang]} · {say('handbooks', lang)}",
        "subtitle": f"{len(firms):,} · {say('internal', lang)}",
        "footer": books.date,
        "one_page": False,
        "content": [table(heads, rows)],
    }
