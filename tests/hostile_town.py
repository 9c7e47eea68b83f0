"""A town whose every name, remark and id tries to be something else: script, formula, template, path."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd

import geo_risk
from geo_risk.pipeline.publish import publish
from geo_risk.publish import site

Table = TypeVar("Table", bound=pd.DataFrame)

EVIL = (
    "<script>alert(1)</script>厂", '"><img src=x onerror=alert(2)>', "';alert(3)//",
    "</script><script>alert(4)</script>", "{{7*7}}${7*7}<%=7*7%>#{7*7}", "=cmd|'/C calc'!A0", "+SUM(1,2)", "@SUM(1)",
    "javascript:alert(5)", "甲\u202egnp.exe\u202c厂", "零\u200b宽\ufeff厂", "换\n行\r\n厂", "长" * 10_000,
    "../../../leak_escape", "a/b\\c:d*e?f", "\u2028线\u2029", "<!-- -->", "]]>", '#panic("x") #import "/etc/passwd"',
    "$x$ _a_ *b* `c` @d <e>", "[link](javascript:alert(6))", "<svg/onload=alert(7)>", "&lt;b&gt;&amp;",
    '=HYPERLINK("http://evil.example/","x")', "https://evil.example/a.js", "\t=1+1",
)  # fmt: skip
# As it is read: what nobody sees is gone.
NAMES = tuple(t.translate(dict.fromkeys((0x202E, 0x202C, 0x200B, 0xFEFF))).strip() for t in EVIL)
# A dialog counts as an error of the page, as `visit` reports them; so does what a template made of 7*7.
NO_DIALOGS = "window.alert = window.confirm = window.prompt = (text) => console.error('dialog: ' + text);"
RUNS = """() => [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a =>
    a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value) || (/evil/.test(a.value) && /src|href/.test(a.name))))
    .map(e => e.outerHTML.slice(0, 200))"""
_WEST, _SOUTH = 120.50, 31.50
_ODD = ("NaN", "inf", "-5", "1e400", "12")


def _at(k: int) -> tuple[float, float]:
    return round(_WEST + 0.004 + 0.0023 * (k % 30), 6), round(_SOUTH + 0.004 + 0.0017 * (k * 7 % 30), 6)


def ident(letter: str, k: int) -> str:
    return (f"../{letter}{k}", f"{letter}/{k}", f"<b>{letter}{k}", f'"{letter}{k}', f"{letter}{k}")[k % 5]


def _rows() -> dict[str, list[dict]]:
    tables: dict[str, list[dict]] = {
        name: [] for name in ("企业", "危险源", "人员密集场所", "隐患", "应急力量", "人口")
    }
    for k, text in enumerate(EVIL):
        lon, lat = _at(k)
        here, firm = {"经度": lon, "纬度": lat}, {"企业编号": ident("E", k), "企业名称": text}
        odd = _ODD[k % 5]
        tables["企业"].append(
            {"编号": ident("E", k), "企业名称": text, "地址": text, "行业": "化工", "从业人数": odd} | here
        )
        tables["危险源"].append(
            {"编号": ident("H", k), "名称": text} | firm | {"类别": "储罐", "物质": "汽油", "存量t": odd} | here
        )
        there = {"经度": round(lon + 0.0006, 6), "纬度": lat}
        tables["人员密集场所"].append(
            {"编号": ident("C", k), "名称": text, "类别": "小学", "人数": 300, "地址": text} | there
        )
        dates = {"发现日期": "2026-01-02", "整改期限": "2026-03-01", "状态": "整改中"}
        tables["隐患"].append({"编号": ident("D", k), "隐患描述": text} | firm | dates | here)
        tables["人口"].append({"编号": f"P{k}", "人口": 400} | there)
        if k < 6:
            tables["应急力量"].append({"编号": ident("F", k), "名称": text, "类别": "消防站"} | here)
    return tables


def _features() -> dict[str, list[tuple[dict, dict]]]:
    def box(west, south, east, north):
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return {"type": "Polygon", "coordinates": [ring]}

    def line(*xy):
        return {"type": "LineString", "coordinates": xy}

    east, north, middle = _WEST + 0.08, _SOUTH + 0.06, _WEST + 0.04
    areas = [("320", f"城{EVIL[1]}", "city", None, box(_WEST, _SOUTH, east, north)),
             ("3201", EVIL[3], "township", "320", box(_WEST, _SOUTH, middle, north)),
             ("3202", EVIL[4] + EVIL[9], "township", "320", box(middle, _SOUTH, east, north))]  # fmt: skip
    across = [
        (
            {"id": ident("R", k), "name": text, "class": "primary"},
            line([_WEST, _SOUTH + k / 500], [east, _SOUTH + k / 500]),
        )
        for k, text in enumerate(EVIL[:9])
    ]
    pipe = {"kind": "long_distance", "medium": "natural_gas", "pressure_mpa": 4, "diameter_mm": 600}
    return {
        "区划": [({"id": i, "name": n, "level": level, "parent_id": p}, g) for i, n, level, p, g in areas],
        "道路": across,
        "管线": [({"id": ident("G", k), "name": t} | pipe, line([_WEST, _SOUTH + 0.01 * k], [east, north - 0.01 * k]))
                for k, t in enumerate(EVIL[:4])],
    }  # fmt: skip


def write_town(folder: Path) -> Path:
    """The region folder, ready to be run."""
    (folder / "inputs").mkdir(parents=True)
    layers = {"enterprises": "企业", "hazard_sources": "危险源", "crowded_places": "人员密集场所",
              "hidden_dangers": "隐患", "emergency_facilities": "应急力量", "population": "人口", "districts": "区划",
              "roads": "道路", "gas_pipelines": "管线"}  # fmt: skip
    for name, rows in _rows().items():
        with (folder / "inputs" / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    for name, rows in _features().items():
        features = [{"type": "Feature", "properties": p, "geometry": g} for p, g in rows]
        text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
        (folder / "inputs" / f"{name}.geojson").write_text(text, "utf-8")
    told = json.dumps(EVIL[3] + EVIL[4] + EVIL[0], ensure_ascii=False)
    toml = f'[region]\nname = {told}\nname_en = {told}\nboundary = "districts"\ncell_m = 100\n[publish]\n'
    toml += "".join(f"{key} = {told}\n" for key in ("title", "title_en", "note", "note_en"))
    for layer, name in layers.items():
        table = (folder / "inputs" / f"{name}.csv").is_file()
        toml += (
            f'[layers.{layer}]\nsource = "inputs/{name}.{"csv" if table else "geojson"}"\n' + 'crs = "wgs84"\n' * table
        )
    (folder / "region.toml").write_text(toml + "[risk]\nrobustness_samples = 0\n", "utf-8")
    return folder


def renamed(table: Table) -> Table:
    """The table with each of its names another of `NAMES`, in turn."""
    columns = [c for c in table if c == "name" or c.endswith("_name")]
    return table.assign(**{c: [NAMES[i % len(NAMES)] for i in range(len(table))] for c in columns})


def opened(page, name: str) -> None:
    """Wait for the popup of a feature of this name."""
    page.wait_for_function("(name) => document.querySelector('.facts h2')?.innerText === name", arg=name)


def search_for_them(page, hit: str) -> None:
    """Search for hostile names and open the ``first`` or ``last`` hit of each; no code of theirs runs."""
    for k in (0, 1, 3, 4, 21, 23):
        page.fill("#search-input", NAMES[k])
        page.wait_for_selector("#search-input[aria-expanded=true]")
        getattr(page.locator("#search-hits [role=option]"), hit).click()
        opened(page, NAMES[k])
        assert page.evaluate(RUNS) == []


def opened_with_hostile_names(region: geo_risk.Region, visit: Callable, folder: Path, monkeypatch) -> None:
    """Publish a region with all names hostile, and look for them on its public map."""
    build = site.build_site
    monkeypatch.setattr(
        site, "build_site", lambda out, tables, *rest: build(out, {n: renamed(t) for n, t in tables.items()}, *rest)
    )
    page = visit(publish(region, "public", folder / "public").as_uri(), script=NO_DIALOGS)
    assert page.evaluate(RUNS) == []
    search_for_them(page, "last")
