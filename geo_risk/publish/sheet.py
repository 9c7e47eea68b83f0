"""One page a township: its map, its four colours, its ten worst enterprises, what changed, who must act."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import store
from ..errors import InputError
from ..region import Region
from .books import Books, Row, chosen, place_of, read_books, records
from .captions import explained, missing, say, text
from .document import Block, Document, grade_cell, html
from .folder import file_names, fresh_folder
from .handbook import FORMATS, contour_legend, head, note, table
from .maplet import Mark, maplet
from .words import approval_words

_TOP = 10
_ACTS = 8
_WORDS = {4: "red", 3: "orange", 2: "yellow", 1: "blue", 0: "none"}
_COMPARED = ("n_enterprises", "n_hazards", "n_major", "n_conflicts")


def write_sheets(
    region: Region,
    to: Path,
    wanted: Sequence[str] = (),
    *,
    form: str = "html",
    lang: str = "zh",
    before: Path | None = None,
) -> list[Path]:
    """
    Write the sheets of the districts ``wanted`` (ids or names; every township without any) and an index page.

    ``before`` is a folder with the tables districts and enterprises of an earlier state (Parquet), whose
    differences the sheet tells.

    Returns
    -------
    list of Path
        The index page, then the sheets.

    Raises
    ------
    GeoRiskError
        If a district is unknown, the region has no graded districts, ``to`` holds something else, or
        ``before`` lacks its tables.
    """
    books = read_books(region)
    districts = records(region.table("districts"))
    towns = [d for d in districts if d["level"] == "township"] or districts
    rows = chosen(districts if wanted else towns, wanted, "district")
    earlier = None if before is None else _earlier(before)
    names = [f"{name}.{form}" for name in file_names(r["id"] for r in rows)]
    with fresh_folder(to, "sheets") as folder:
        for row, name in zip(rows, names, strict=True):
            (folder / name).write_bytes(FORMATS[form](sheet(books, row, lang, earlier)))
        store.write_text(folder / "index.html", html(_index(books, rows, names, lang)))
    return [to / "index.html", *(to / name for name in names)]


Earlier = dict[str, dict[str, Row]]


def _earlier(folder: Path) -> Earlier:
    """Rows by id of the tables of an earlier state."""
    out: Earlier = {}
    for name in ("districts", "enterprises"):
        places = [
            folder / f"{name}.parquet",
            folder / "tables" / f"{name}.parquet",
            folder / "build" / "tables" / f"{name}.parquet",
        ]
        path = next((p for p in places if p.is_file()), None)
        if path is None:
            raise InputError(
                f"{folder}: no table {name!r} of an earlier state ({name}.parquet, there or in tables/). "
                "Name the folder of a snapshot or of another run."
            )
        out[name] = {row["id"]: row for row in records(store.read_table(path))}
    return out


def sheet(books: Books, row: Row, lang: str, earlier: Earlier | None) -> Document:
    """The document of one district, one page of A4."""
    firms = [f for f in books.firms if _inside(f, row, books)]
    left = [*_facts(row, lang), *_shares(row, firms, lang)]
    right = [*_changes(row, firms, earlier, lang), *_acts(books, firms, lang)]
    date = books.date or max((str(f["data_date"]) for f in firms if not missing(f.get("data_date"))), default="")
    return {
        "lang": lang,
        "title": text(row["name"], lang=lang),
        "subtitle": f"{say('sheet', lang)} · {books.names[lang]} · {say('internal', lang)}",
        "footer": " · ".join(
            p for p in (row["name"], say("internal", lang), date, approval_words(books.approval, lang)) if p
        ),
        "one_page": True,
        "content": [
            _map(books, row, firms, lang),
            {"type": "columns", "blocks": [left, right]},
            *_top(firms, lang),
        ],
    }


def _inside(firm: Row, district: Row, books: Books) -> bool:
    """Whether an enterprise lies in a district: by the township it was found in, else by its place."""
    if district["level"] == "township" and "district_id" in firm:
        return bool(firm["district_id"] == district["id"])
    place = place_of(firm)
    if place is None or district["geometry"] is None:
        return False
    import shapely

    shapely.prepare(district["geometry"])
    return bool(shapely.intersects_xy(district["geometry"], *place))


def _map(books: Books, row: Row, firms: list[Row], lang: str) -> Block:
    shape = row["geometry"]
    if shape is None or shape.is_empty:
        return note("no_place_district", lang)
    left, bottom, right, top = shape.bounds
    size = (1820, 1060)
    height = max(top - bottom, (right - left) * size[1] / size[0]) * 1.06
    marks = []
    for number, firm in enumerate(_worst(firms), 1):
        place = place_of(firm)
        if place is not None:
            marks.append(Mark(*place, "place", str(number)))
    legend = [("place", say("numbered", lang))]
    legend += [("pipeline", say("pipeline", lang))] if books.has("gas_pipelines") else []
    legend += contour_legend(books, lang)
    legend += [(f"p{g}", grade_cell(g, lang)["word"]) for g in (4, 3, 2, 1)]
    centre = ((left + right) / 2, (bottom + top) / 2)
    return maplet(
        books.base, centre, height, marks[::-1], size=size, outline=shape, legend=legend, north=say("north", lang)
    )


def _worst(firms: list[Row]) -> list[Row]:
    """The enterprises of highest grade, then index."""
    graded = [f for f in firms if (f.get("grade_now") or f.get("grade") or 0) > 0]

    def order(firm: Row) -> tuple[Any, ...]:
        index = firm.get("index_max")
        return (
            -(firm.get("grade_now") or 0),
            -(firm.get("grade") or 0),
            -(0.0 if index is None else index),
            firm["id"],
        )

    return sorted(graded, key=order)[:_TOP]


def _facts(row: Row, lang: str) -> list[Block]:
    rows: list[list[Any]] = [[say("grade", lang), grade_cell(row.get("grade"), lang)]]
    if "grade_now" in row:
        rows.append([say("grade_now", lang), grade_cell(row["grade_now"], lang)])
    for key in ("rule", "rule_now"):
        if not missing(row.get(key)):
            rows.append([say(key, lang), explained(row[key], lang)])
    if not missing(row.get("certainty")):
        rows.append([say("certainty", lang), f"{row['certainty']:.0%}"])
    for key in ("area_km2", "persons"):
        rows.append([say("residents_in" if key == "persons" else key, lang), text(row.get(key), 4, lang)])
    return [head("facts", lang), {"type": "facts", "rows": rows}]


def _shares(row: Row, firms: list[Row], lang: str) -> list[Block]:
    counts = np.bincount([int(f.get("grade") or 0) for f in firms], minlength=5)
    persons = _persons(row)
    rows = []
    for grade, word in _WORDS.items():
        share, people = row.get(f"share_{word}"), persons[grade]
        shown = "–" if missing(share) else f"{share:.1%}"
        rows.append(
            [
                grade_cell(grade, lang),
                shown,
                text(None if missing(people) else round(float(people or 0)), 6, lang),
                str(counts[grade]),
            ]
        )
    heads = [(say("colour", lang), 1.2), (say("area_share", lang), 1.0), (say("residents_in", lang), 1.2)]
    return [head("shares", lang), table([*heads, (say("firms_in", lang), 0.9)], rows)]


def _persons(row: Row) -> dict[int, Any]:
    """Residents by grade; those of no grade are the rest of all."""
    out = {grade: row.get(f"persons_{word}") for grade, word in _WORDS.items()}
    graded: list[Any] = [out[g] for g in (4, 3, 2, 1)]
    everybody: Any = row.get("persons")
    if missing(out[0]) and not any(missing(n) for n in (everybody, *graded)):
        out[0] = max(everybody - sum(graded), 0.0)
    return out


def _top(firms: list[Row], lang: str) -> list[Block]:
    worst = _worst(firms)
    if not worst:
        return [head("top", lang), note("no_top", lang)]
    now = any("grade_now" in f for f in worst)
    heads = [("#", 0.4), (say("name", lang), 3.2), (say("grade", lang), 1.2)]
    heads += [(say("grade_now", lang), 1.2)] if now else []
    heads += [(say("index", lang), 0.7), (say("conflicts", lang), 0.9), (say("reason", lang), 5.0)]
    rows = []
    for n, firm in enumerate(worst, 1):
        grades = [grade_cell(firm.get(k), lang) for k in ("grade", *(["grade_now"] if now else []))]
        figures = [text(firm.get("index_max"), 3, lang), text(firm.get("n_conflicts"), 3, lang)]
        rows.append([str(n), text(firm["name"], lang=lang), *grades, *figures, explained(firm.get("reason"), lang)])
    return [head("top", lang), table(heads, rows)]


def _changes(row: Row, firms: list[Row], earlier: Earlier | None, lang: str) -> list[Block]:
    out = [head("changes", lang)]
    if earlier is None:
        return [*out, note("no_before", lang)]
    was, rows = earlier["districts"].get(row["id"], {}), []
    for key in ("grade", "grade_now"):
        if key in row and was.get(key) != row[key]:
            rows.append([say(key, lang), grade_cell(was.get(key), lang), grade_cell(row[key], lang)])
    for key in _COMPARED:
        if key in was and was[key] != row.get(key):
            rows.append([say(key, lang), text(was[key], lang=lang), text(row.get(key), lang=lang)])
    then = earlier["enterprises"]
    changed = [f for f in firms if f["id"] in then and then[f["id"]].get("grade") != f.get("grade")]
    changed.sort(key=lambda f: (-(f.get("grade") or 0), f["id"]))
    for firm in changed[:_ACTS]:
        rows.append(
            [firm["name"], grade_cell(then[firm["id"]].get("grade"), lang), grade_cell(firm.get("grade"), lang)]
        )
    if not rows:
        return [*out, note("no_changes", lang)]
    shown = [*out, table([(say("what", lang), 2.4), (say("before", lang), 1.2), (say("now", lang), 1.2)], rows)]
    return [*shown, note("more_changes", lang, n=len(changed) - _ACTS)] if len(changed) > _ACTS else shown


def _acts(books: Books, firms: list[Row], lang: str) -> list[Block]:
    """Red enterprises, open dangers and conflicts, and who is named as responsible."""
    acts: list[tuple[int, str, str, Row]] = []
    for firm in firms:
        for danger in books.of("danger_places", firm["id"]):
            if danger.get("state") != "closed":
                rank = 0 if danger.get("state") == "overdue" else 1
                acts.append((rank, firm["id"], say("act_danger", lang, what=text(danger.get("name"), lang=lang)), firm))
        if firm.get("n_conflicts"):
            acts.append((2, firm["id"], say("act_conflict", lang, n=firm["n_conflicts"]), firm))
        if (firm.get("grade_now") or firm.get("grade") or 0) == 4:
            acts.append((3, firm["id"], say("act_red", lang), firm))
    acts.sort(key=lambda a: a[:3])
    if not acts:
        return [head("act", lang), note("no_act", lang)]
    rows = [[what, firm["name"], _responsible(books, firm, lang)] for _, _, what, firm in acts[:_ACTS]]
    out: list[Block] = [
        head("act", lang),
        table([(say("what", lang), 2), (say("name", lang), 2.2), (say("who", lang), 1.6)], rows),
    ]
    return [*out, note("act_more", lang, n=len(acts) - _ACTS)] if len(acts) > _ACTS else out


def _responsible(books: Books, firm: Row, lang: str) -> str:
    """Person and phone of the worst risk point; else that nobody is named."""
    named = [p for p in books.of("risk_points", firm["id"]) if not missing(p.get("person"))]
    if not named:
        return say("nobody", lang)
    point = max(named, key=lambda p: (p.get("grade") or 0, str(p["id"])))
    return " ".join(str(point[k]) for k in ("unit", "person", "phone") if not missing(point.get(k)))


def _index(books: Books, rows: list[Row], names: list[str], lang: str) -> Document:
    cells = [
        [{"href": name, "text": row["name"]}, row["id"], grade_cell(row.get("grade"), lang)]
        for row, name in zip(rows, names, strict=True)
    ]
    heads = [(say("name", lang), 3), (say("id", lang), 2), (say("grade", lang), 2)]
    return {
        "lang": lang,
        "title": f"{books.names[lang]} · {say('sheets', lang)}",
        "subtitle": say("internal", lang),
        "footer": books.date,
        "one_page": False,
        "content": [table(heads, cells)],
    }
