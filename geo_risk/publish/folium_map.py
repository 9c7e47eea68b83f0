"""One map in one HTML file, with every script inside: for notebooks and for sending by mail.

For up to some thousand features; beyond that the site with tiles is the right form.
"""

from __future__ import annotations

import base64
import copy
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import folium
import geopandas as gpd
import jinja2
import numpy as np
import pandas as pd
import shapely
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.map import Layer

from ..errors import GeoRiskError, InputError
from ..store import Surface
from .catalogue import Spec
from .columns import popup_columns
from .downloads import records
from .drawn import layers_of
from .fitting import MAX_CORNERS, MAX_FEATURES, Drawn, simplified, within
from .page import read_resource, script_json
from .profile import Profile, get_profile, shown_tables
from .site import SiteMeta
from .style import GRADES, SURFACES, Scale, surface_scale
from .tiles.png import palette_png
from .tiles.raster import generalise, mercator_image
from .words import TRANSLATED, sentences, unit_words

# The longer side of the picture of a surface [px].
_IMAGE_PX = 1600
# More names than this would cover the map.
_MAX_LABELS = 60
_DECIMALS = 6
_SHOWN = ("grade", "lsir_less", "lsir_more")  # surfaces seen at first

# What folium asks from the web -> (package, file) that carries it.
_INLINE = {
    "leaflet.js": ("leaflet", "leaflet.js"),
    "leaflet.css": ("leaflet", "leaflet.css"),
    "jquery": ("jquery", "jquery.min.js"),
    "leaflet.markercluster.js": ("leaflet_markercluster", "leaflet.markercluster.js"),
    "MarkerCluster.css": ("leaflet_markercluster", "MarkerCluster.css"),
    "MarkerCluster.Default.css": ("leaflet_markercluster", "MarkerCluster.Default.css"),
}
# Not used by this map: icon fonts and the styles around them.
_DROPPED = ("bootstrap", "awesome", "glyphicons")
_MARKER = """L.Icon.Default.mergeOptions({{iconUrl: "{icon}", iconRetinaUrl: "{icon}", shadowUrl: "{shadow}"}});
L.Icon.Default.imagePath = "";"""


Facts = Sequence[Sequence[Sequence[str]]]


class OfflineMap(folium.Map):
    """A folium map whose page holds all it needs; an address that no package carries is an error."""

    def render(self, **kwargs) -> str:
        """Render as folium does, then put the text of each linked script and style in the link's place."""
        text = super().render(**kwargs)
        header = _figure(self).header
        for name, child in list(header._children.items()):
            if isinstance(child, JavascriptLink | CssLink):
                tag = _inlined(child)
                if tag is None:
                    del header._children[name]
                else:
                    header._children[name] = _Raw(tag)
        return text


class _Raw(Element):
    """Text that stands in the page as it is."""

    _template = jinja2.Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self._name = "Raw"
        self.text = text


def _figure(map_: folium.Map) -> Figure:
    figure = map_.get_root()
    assert isinstance(figure, Figure)
    return figure


def _inlined(link: JavascriptLink | CssLink) -> str | None:
    """The tag that replaces ``link``; None if the map does without."""
    file = link.url.rsplit("/", 1)[-1]
    if any(word in link.url.lower() for word in _DROPPED):
        return None
    key = next((k for k in _INLINE if file == k or (k == "jquery" and file.startswith("jquery"))), None)
    if key is None:
        raise GeoRiskError(
            f"the map asks for {link.url}, which no installed package carries; a map that works without "
            "a network cannot use this plugin. Remove it."
        )
    folder = _folder(_INLINE[key][0])
    text = (folder / _INLINE[key][1]).read_text(encoding="utf-8")
    if isinstance(link, CssLink):
        return f"<style>{_with_images(text, folder)}</style>"
    # Addresses in libraries are credits and comments; namespaces must stay as they are.
    text = re.sub(r"https?://(?!www\.w3\.org/)", "", re.sub(r"//# sourceMappingURL=\S+", "", text))
    if key == "leaflet.js":
        icon, shadow = (_data_uri(folder / "images" / n) for n in ("marker-icon.png", "marker-shadow.png"))
        text += "\n" + _MARKER.format(icon=icon, shadow=shadow)
    return f"<script>{text}</script>"


def _folder(package: str) -> Path:
    return Path(import_module(f"xstatic.pkg.{package}").BASE_DIR)


def _with_images(css: str, folder: Path) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"""url\(["' ]*([^)#"' ]+)["' ]*\)""", lambda m: f"url({_data_uri(folder / m[1])})", css)


def _data_uri(image: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(image.read_bytes()).decode("ascii")


class _Prefix(MacroElement):
    """Leaflet's own prefix shows a national flag, which has no place on a government map."""

    _template = jinja2.Template(
        "{% macro script(this, kwargs) %}"
        "{{ this._parent.get_name() }}.attributionControl.setPrefix('Leaflet');{% endmacro %}"
    )


class _Fit(MacroElement):
    """Shows the bounds beside the cards, by templates/single_file.js."""

    _template = jinja2.Template(
        "{% macro script(this, kwargs) %}geoRiskFit({{ this._parent.get_name() }}, {{ this.bounds }});{% endmacro %}"
    )

    def __init__(self, bounds: list[list[float]]) -> None:
        super().__init__()
        self._name = "GeoRiskFit"
        self.bounds = script_json(bounds)


class _Features(Layer):
    """Rows of one layer of the catalogue, drawn by templates/single_file.js."""

    _template = jinja2.Template(
        "{% macro script(this, kwargs) %}var {{ this.get_name() }} = "
        "geoRiskLayer({{ this.features }}, {{ this.look }});{% endmacro %}"
    )

    def __init__(self, spec: Spec, rows: gpd.GeoDataFrame, lang: str, inner: bool) -> None:
        name = _swatch(spec, lang) + html.escape(getattr(spec, lang))
        super().__init__(name=name, overlay=True, control=not spec.base, show=spec.visible or spec.base)
        self._name = "GeoRiskFeatures"
        self.features = script_json(_features(rows))
        self.look = script_json(_look(spec, rows, lang, inner))


def _swatch(spec: Spec, lang: str) -> str:
    """The sign of a layer before its name in the layer switch; the graded have the legend."""
    if not spec.color or spec.style == "graded":
        return ""
    form = "dashed" if spec.dash else "solid"
    mark = spec.mark[lang != "zh"]
    if mark and "{" not in mark:
        kind = "glyph" if spec.style == "glyph" else "mark"
        return f'<i class="geo-risk-sign {kind}" style="--color:{spec.color}">{html.escape(mark)}</i>'
    return f'<i class="geo-risk-sign {spec.geometry} {form}" style="color:{spec.color}"></i>'


def folium_map(
    tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    surfaces: Mapping[str, Surface],
    meta: SiteMeta,
    *,
    layers: Sequence[str] = (),
    max_features: int = MAX_FEATURES,
    profile: str | Profile = "internal",
    facts: Facts = (),
) -> folium.Map:
    """
    The map of a site as one folium map that works without a network.

    Parameters
    ----------
    tables, surfaces, meta, profile
        As in `geo_risk.publish.site.build_site`.
    layers
        Ids of map layers, tables or surfaces to show on the base map, switched on; all, as the site shows them,
        without any.
    max_features : int
        At most so many features altogether (`fitting.within`); outlines have some `fitting.MAX_CORNERS` corners
        (`fitting.simplified`). What gave way is said on the map.
    facts : tables of text
        Told under the title, of each the first row the headings, in the first language of ``meta``.

    Raises
    ------
    InputError
        If one of ``layers`` is not on the map.
    """
    audience = get_profile(profile)
    shown, _ = shown_tables(audience, tables)
    lang = meta.languages[0]
    drawn, pictures = _chosen(list(_vectors(shown)), surfaces, layers)
    drawn, left_out = within(drawn, max_features, lang)
    drawn, gave_way = simplified(drawn, MAX_CORNERS, lang)
    west, south, east, north = meta.bounds
    out = OfflineMap(
        location=[(south + north) / 2, (west + east) / 2], tiles=None, prefer_canvas=True, max_zoom=18, zoom_snap=0.25
    )
    folium.map.CustomPane("base", z_index=250, pointer_events=False).add_to(out)
    limits = _limits(left_out, gave_way, max_features, lang)
    _own_parts(out, meta, lang, limits, facts, _shows_grades(drawn, pictures), audience)
    _add_surfaces(out, pictures, audience, lang, layers)
    for spec, rows in drawn:
        _Features(spec, rows, lang, audience.tables is None).add_to(out)
    folium.LayerControl(collapsed=False).add_to(out)
    out.add_child(_Fit([[south, west], [north, east]]))
    _name_steadily(out)
    return out


def _chosen(
    drawn: list[Drawn], surfaces: Mapping[str, Surface], wanted: Sequence[str]
) -> tuple[list[Drawn], Mapping[str, Surface]]:
    """The layers and surfaces that are ``wanted``, switched on, and the base map; all without any."""
    if not wanted:
        return drawn, surfaces

    def names(spec: Spec) -> set[str]:
        return {spec.id, spec.table, spec.table.removeprefix("layers/")}

    known = set(surfaces).union(*(names(spec) for spec, _ in drawn if not spec.base))
    for name in wanted:
        if name not in known:
            told = ", ".join(sorted(n for n in known if "/" not in n))
            raise InputError(f"{name!r} is no layer of this map. It has: {told}.")
    kept = [(spec, rows) for spec, rows in drawn if spec.base or names(spec) & set(wanted)]
    kept = [(spec if spec.base else replace(spec, visible=True), rows) for spec, rows in kept]
    return kept, {name: surface for name, surface in surfaces.items() if name in wanted}


def _limits(left_out: list[str], gave_way: list[str], most: int, lang: str) -> list[tuple[str, str]]:
    """What the map does not show as it is: sentences and their details."""
    told = {
        "zh": (f"要素过多，仅显示 {most:,} 个，等级高者优先；不完整的图层（已画 / 共有）", "轮廓已简化，最大偏差"),
        "en": (f"Too many features: {most:,} are drawn, high grades first; incomplete (drawn / all)",
               "Simplified outlines, by at most"),
    }  # fmt: skip
    pairs = zip(told[lang], (left_out, gave_way), strict=True)
    return [(head, "; ".join(details)) for head, details in pairs if details]


def single_file(map_: folium.Map) -> str:
    """
    The map's whole page as HTML that asks no outside host.

    Raises
    ------
    GeoRiskError
        If something on the map needs an address that no installed package carries.
    """
    # Rendering adds to the elements; a copy keeps the map as it was.
    return _figure(copy.deepcopy(map_)).render()


def _vectors(tables: Mapping[str, pd.DataFrame]):
    for item in layers_of(tables):
        if not isinstance(item, str) and item[0].style != "label" and item[0].id != "buildings":
            yield item


def _features(rows: gpd.GeoDataFrame) -> list[dict]:
    geometry = shapely.transform(rows.geometry.to_crs(4326).to_numpy(), lambda xy: np.round(xy, _DECIMALS))
    names = [c for c in rows.columns if c != "geometry"]
    return [
        {"type": "Feature", "properties": dict(zip(names, values, strict=True)), "geometry": json.loads(shape)}
        for values, shape in zip(records(rows), shapely.to_geojson(geometry), strict=True)
    ]


_BASE_COLORS = {"water": "#a9cfe0", "green": "#cfe3c4", "industrial": "#e3dccf", "builtup": "#e8e4dc"}
_BASE_COLORS |= {"road": "#ffffff", "boundary": "#8a8f98"}


def _look(spec: Spec, rows: gpd.GeoDataFrame, lang: str, inner: bool) -> dict[str, object]:
    """What single_file.js needs to draw the layer and to write its popup."""
    columns = [] if spec.base else popup_columns(spec, list(rows.columns))
    labels = spec.style == "graded" and spec.geometry == "fill" and len(rows) <= _MAX_LABELS
    look: dict[str, object] = {
        "geometry": spec.geometry,
        "base": spec.base,
        "color": _BASE_COLORS.get(spec.style, spec.color),
        "weight": 1.5 if spec.base else 3,
        "dash": spec.dash,
        "zone": spec.style == "zone",
        "graded": spec.style == "graded",
        "faint": spec.style == "faint",
        "glyph": spec.style == "glyph",
        "mark": spec.mark[lang != "zh"],
        "label": spec.label,
        "arrows": "oneway" if spec.style == "road" else "all" if spec.arrows else "",
        "name": getattr(spec, lang),
        "phrases": lang == "zh" and inner and any(c["name"] in TRANSLATED for c in columns),
        "title": spec.title_column,
        "labels": labels and not spec.base,
        "letters": {g.grade: g.letter[lang] for g in GRADES},
        "words": {g.grade: f"{getattr(g, lang)} {g.letter[lang]}" for g in GRADES},
        "ungraded": {"zh": "未分级", "en": "not graded"}[lang],
        "columns": [
            {
                "name": c["name"],
                "label": c[lang],
                "unit": unit_words(c["unit"], lang),
                "domain": {v: w[lang] for v, w in c["domain"].items()},
            }
            for c in columns
        ],
    }
    if spec.style == "graded":
        look["grades"] = {g.grade: {"color": g.color} for g in GRADES}
    return look


def _own_parts(
    out: folium.Map,
    meta: SiteMeta,
    lang: str,
    limits: list[tuple[str, str]],
    facts: Facts,
    graded: bool,
    audience: Profile,
) -> None:
    """Script, style, title card and legend of the page."""
    figure = _figure(out)
    figure.title = html.escape(meta.title[lang])
    note = meta.noted(lang)
    card = f"<h1>{html.escape(meta.title[lang])}</h1><p>{html.escape(note)}</p>"
    for head, details in limits:
        card += f"<details><summary>{html.escape(head)}</summary><p>{html.escape(details)}</p></details>"
    card += _folded(facts, lang)
    marks = "".join(
        f'<li><i style="background:{g.color}"></i>{html.escape(getattr(g, lang))} {g.letter[lang]}</li>' for g in GRADES
    )
    script = _phrases(lang, audience.tables is None) + read_resource("templates", "single_file.js")
    parts = {
        "header": f"<style>{read_resource('templates', 'single_file.css')}</style>",
        "code": f"<script>{script}</script>",
    }
    for name, text in parts.items():
        figure.header.add_child(_Raw(text), name=f"geo_risk_{name}")
    body = f'<div class="geo-risk-card" id="geo-risk-title">{card}</div>'
    if graded:
        body += f'<div class="geo-risk-card" id="geo-risk-legend"><ul>{marks}</ul></div>'
    figure.html.add_child(_Raw(body + _watermark(audience.watermark)), name="geo_risk_cards")
    out.add_child(_Prefix())


def _watermark(text: str) -> str:
    """The text over the whole page, as the site lays it there (web/src/watermark.ts)."""
    if not text:
        return ""
    return (
        '<svg id="geo-risk-watermark" aria-hidden="true" width="100%" height="100%">'
        f'<pattern id="geo-risk-words" patternUnits="userSpaceOnUse" width="{120 + 20 * len(text)}" height="140" '
        f'patternTransform="rotate(-30)"><text x="60" y="70" font-size="20">{html.escape(text)}</text></pattern>'
        '<rect width="100%" height="100%" fill="url(#geo-risk-words)"/></svg>'
    )


def _folded(facts: Facts, lang: str) -> str:
    """Tables that a reader may fold away."""
    if not facts:
        return ""
    told = {"zh": "数据表", "en": "Figures"}[lang]
    tables = "".join(_table(rows) for rows in facts)
    return f"<details id='geo-risk-facts'><summary>{told}</summary><div tabindex='0'>{tables}</div></details>"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = [[html.escape(value) for value in row] for row in rows]
    lines = "".join(f"<tr><th scope='row'>{r[0]}</th>{''.join(f'<td>{v}</td>' for v in r[1:])}</tr>" for r in body)
    heads = "".join(f"<th scope='col'>{value}</th>" for value in head)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _phrases(lang: str, inner: bool) -> str:
    """The patterns of `words` as a script; none in the language of the results, none that tell what is not shown."""
    pairs = [list(pair) for pair in sentences()] if lang == "zh" and inner else []
    return f"var geoRiskPhrases = {script_json(pairs)};\n"


def _shows_grades(chosen: list[tuple[Spec, gpd.GeoDataFrame]], surfaces: Mapping[str, Surface]) -> bool:
    graded = any(surface_scale(name).graded for name in surfaces)
    return graded or any(spec.style == "graded" for spec, _ in chosen)


def _add_surfaces(
    out: folium.Map, surfaces: Mapping[str, Surface], audience: Profile, lang: str, wanted: Sequence[str]
) -> None:
    for name in reversed(SURFACES):
        block = audience.block_m(name)
        if name not in surfaces or block is None:
            continue
        surface = generalise(surfaces[name], block) if block else surfaces[name]
        scale = surface_scale(name)
        image, (west, south, east, north) = mercator_image(surface, scale.codes(surface.array), _IMAGE_PX)
        uri = "data:image/png;base64," + base64.b64encode(palette_png(image, scale.palette)).decode("ascii")
        called, where = _ramp(scale, lang) + getattr(scale, lang), [[south, west], [north, east]]
        overlay = folium.raster_layers.ImageOverlay(
            uri, where, opacity=0.8, name=called, show=name in (wanted or _SHOWN)
        )
        overlay.add_to(out)


def _ramp(scale: Scale, lang: str) -> str:
    """The colours of a surface and what they stand for, before its name in the layer switch."""
    if scale.graded:
        return ""
    rows = scale.legend()
    stops = ",".join(row["color"] for row in rows)
    low, high = (f"{rows[i]['label']}" for i in (0, -1))
    ramp = f'<i class="geo-risk-ramp" style="background:linear-gradient(90deg,{stops})"></i>'
    return f"{low} {ramp} {high} {unit_words(scale.unit, lang)} "


def _name_steadily(out: folium.Map) -> None:
    """Give folium's elements numbers for names, which are random otherwise, so that equal maps are equal files."""
    queue: list[Element] = [out.get_root()]
    number = 0
    while queue:
        element = queue.pop(0)
        element._id = f"{number:032x}"
        number += 1
        queue += list(element._children.values())
