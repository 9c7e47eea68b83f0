"""The gate before publication: what must hold of a finished site, read back from its files.

Nothing here trusts the builder: hashes are computed, tiles decoded, scripts taken apart again.
"""

from __future__ import annotations

import html.parser
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import shapely

from ..errors import GeoRiskError, SettingsError
from ..parallel import ahead
from ..store import read_surface, sha256
from .bands import TABLE as BANDS
from .catalogue import LAYERS, Spec, table_schema, tables_of
from .offered import Rows, read_download
from .profile import Profile, get_profile
from .search import read_entries
from .spot import TABLES as SPOT_TABLES
from .style import SURFACES
from .tiles.archive import Tile, gunzip, read_archive
from .tiles.chunks import read_chunks
from .tiles.packed import Ints
from .tiles.png import read_codes
from .tiles.raster import raster_tiles
from .tiles.reading import read_heads, read_properties
from .tiles.vector import KEEP, MAX_TILE_BYTES
from .twins import is_twin, twin_problems

_SCRIPT = re.compile(r"window\.(GEO_RISK|GEO_RISK_SPOT|GEO_RISK_BANDS) = (.*);\n", re.DOTALL)
# A web address, and one without a scheme as it stands in quotes or url().
_ADDRESS = re.compile(r"""(?i)\b(?:https?|wss?|ftp):/?/?[^\s"'<>)]+|["'(]\s*//[^\s"'<>)]+""")
# Names of XML vocabularies: never fetched.
_NAMESPACES = ("http://www.w3.org/",)
# Layers of which no zoom may drop anything.
_KEPT = {s.id for s in LAYERS if isinstance(s, Spec) and s.keep}
_LOADING = {
    "src",
    "href",
    "srcset",
    "action",
    "formaction",
    "data",
    "poster",
    "background",
    "ping",
    "manifest",
    "style",
}


def check_site(folder: Path, audience: Profile | None = None) -> list[str]:
    """
    Everything wrong with the site in ``folder``, made for an ``audience`` (None: the built-in profile that it names);
    empty if it may be published.

    Checked: every file's hash against manifest.json, and no file besides; no page, style or data
    script that would ask an outside host; tiles within 500 kB; red features and red cells present
    at every zoom; the text table equal to the map; archives equal to their script pieces; and
    nothing in tiles, downloads or search that the profile does not allow.

    Not searched for addresses: assets/app.*.js, a bundle of libraries that names its projects'
    pages in messages and licences, and texts of THIRD_PARTY_LICENSES.txt. XML namespace names pass.
    """
    folder = Path(folder)
    problems = [*_hashes(folder), *_addresses(folder), *twin_problems(folder)]
    try:
        manifest = _data(folder, "site", "GEO_RISK")
        count = len(manifest["layers"])
        lost = [hit[0] for hit in read_entries(_only(folder, "search")) if not 0 <= hit[1] < count]
        profile = audience or get_profile(manifest["profile"])
    except (OSError, ValueError, KeyError, SettingsError) as error:
        return [*problems, f"data scripts cannot be read: {error}"]
    reds: dict[str, Ints] = {}
    problems += _downloads(folder, manifest, profile, reds)
    for layer in manifest["layers"]:
        source = manifest["sources"][layer["source"]]
        path = folder / source["file"]
        if not path.is_file():
            problems.append(f"layer {layer['id']}: {source['file']} is missing")
        elif source["type"] == "vector":
            problems += _vector(manifest, layer, path, profile, reds)
        else:
            problems += _raster(folder, layer, path, source, profile)
        problems += _chunks(folder, layer["source"], source)
    problems += [*_spot(folder, manifest, profile), *_bands(folder, manifest, profile)]
    problems += [f"search entry {name!r} points at no layer" for name in lost]
    return problems


def _data(folder: Path, name: str, variable: str):
    """What the only data script called ``name`` assigns; it may do nothing else."""
    path = _only(folder, name)
    match = _SCRIPT.fullmatch(path.read_text(encoding="utf-8"))
    if match is None or match[1] != variable:
        raise ValueError(f"{path.name} does more than assign window.{variable}")
    return json.loads(match[2])


def _only(folder: Path, name: str) -> Path:
    """The only data script called ``name``."""
    files = sorted((folder / "data").glob(f"{name}.*.js"))
    if len(files) != 1:
        raise ValueError(f"data/ holds {len(files)} files {name}.*.js, not one")
    return files[0]


def _hashes(folder: Path) -> Iterator[str]:
    path = folder / "manifest.json"
    listed = json.loads(path.read_text(encoding="utf-8"))["files"] if path.is_file() else {}
    there = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file() and p != path}
    if not path.is_file():
        yield "manifest.json is missing"
    for name in sorted(listed.keys() - there.keys()):
        yield f"{name} is missing"
    for name, found in zip(there, ahead(sha256, there.values()), strict=True):
        if name not in listed:
            yield f"{name} is not in manifest.json"
        elif found != listed[name]["sha256"]:
            yield f"{name} differs from its hash in manifest.json"


class _Page(html.parser.HTMLParser):
    """Collects what a browser would load or run: loading attributes, scripts and styles; not the text."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = [(n, v) for n, v in attrs if v]
        self.loaded += [
            f'"{value}"' for name, value in named if name.split(":")[-1] in _LOADING or name.startswith("on")
        ]
        if tag == "meta" and any(n == "http-equiv" for n, _ in named):
            self.loaded += [value for name, value in named if name == "content"]
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.loaded.append(data)


def outside_addresses(text: str, kind: str) -> list[str]:
    """Addresses of other hosts that an "html", "css" or "js" text would ask, in order of appearance."""
    texts = [text]
    if kind == "html":
        page = _Page()
        page.feed(text)
        page.close()
        texts = page.loaded
    found = [match.group().strip("\"'( ") for part in texts for match in _ADDRESS.finditer(part)]
    return [address for address in found if not address.startswith(_NAMESPACES)]


def _addresses(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        kind = path.suffix[1:]
        name = path.relative_to(folder).as_posix()
        # Data scripts hold data alone (`_data`, `read_chunks`), where an address is a text.
        if kind not in ("html", "css", "js", "svg") or (
            name.startswith(("assets/app.", "data/", "js/")) and kind == "js"
        ):
            continue
        for address in outside_addresses(path.read_text(encoding="utf-8"), kind):
            yield f"{name} asks an outside host: {address}"


def _vector(manifest: dict, layer: dict, path: Path, profile: Profile, reds: dict[str, Ints]) -> Iterator[str]:
    """Weight, profile, red at every zoom, and the table; ``reds`` by layer, where a download tells them."""
    allowed = _allowed(layer["id"], profile)
    if allowed is None:
        yield f"layer {layer['id']} may not be shown in profile {profile.name}"
        return
    source = manifest["sources"][layer["source"]]
    table = manifest.get("table", {}).get("layer") == layer["id"]
    offered = layer["id"] in reds and not layer["base"]
    columns: set[str] = set()
    seen: dict[int, list[Ints]] = defaultdict(list)
    full: dict[int, dict] = {}  # of the highest zoom, where it is needed
    limited: list[dict] = []
    for (zoom, x, y), data, content, names, numbers in ahead(_opened, read_archive(path)):
        columns |= names
        seen[zoom].append(numbers)
        # Values are read where something hangs on them; in most tiles nothing does.
        if zoom == source["maxzoom"] and (table or not (offered or layer["base"])):
            full.update((number, properties) for _, number, properties in read_properties(content))
        if _limited(names, profile):
            limited += [properties for *_, properties in read_properties(content)]
        if len(data) > MAX_TILE_BYTES and any(not _red(layer["id"], p) for *_, p in read_properties(content)):
            yield _heavy(layer, f"{zoom}/{x}/{y}", data)
    for name in sorted(columns - allowed):
        yield f"layer {layer['id']}: column {name} may not be shown in profile {profile.name}"
    yield from _too_fine(f"layer {layer['id']}", limited, profile)
    red = reds[layer["id"]] if offered else np.array([n for n, p in full.items() if _red(layer["id"], p)])
    for zoom in range(source["minzoom"], source["maxzoom"] + 1):
        missing = red[~np.isin(red, np.concatenate(seen[zoom]))] if seen[zoom] else red
        if len(missing):
            yield f"layer {layer['id']}: {len(missing)} of {len(red)} red features are missing at zoom {zoom}"
    if table:
        yield from _table(manifest["table"], list(full.values()))


def _opened(item: tuple[Tile, bytes]) -> tuple[Tile, bytes, bytes, set[str], Ints]:
    """A tile as it is stored and as it is read, with its columns and the numbers of its features."""
    tile, data = item
    content = gunzip(data)
    return tile, data, content, *read_heads(content)


def _reds(layer_id: str, rows: Rows) -> Ints:
    """Numbers of the red features among the rows of a download, which no tiler touched."""
    grades = np.array([int(grade or 0) for grade in rows.column("grade")], np.int64)
    return rows.number if layer_id in _KEPT else rows.number[grades >= KEEP]


def _heavy(layer: dict, tile: str, data: bytes) -> str:
    return f"{layer['id']}: tile {tile} has {len(data):,} bytes, more than {MAX_TILE_BYTES:,}"


def _allowed(layer_id: str, profile: Profile) -> set[str] | None:
    """Columns that the layer may show; None if it may not be shown at all."""
    columns = [profile.columns(table) for table in tables_of(layer_id)]
    shown = [set(c) for c in columns if c is not None]
    return set().union(*shown) if shown else None


def _red(layer_id: str, properties: dict) -> bool:
    return layer_id in _KEPT or int(properties.get("grade") or 0) >= KEEP


def _limited(names: set[str], profile: Profile) -> bool:
    """Whether the profile sets bounds to the values of one of the columns."""
    counts = profile.min_persons > 0 and any(name.startswith("persons") for name in names)
    return counts or (profile.levels is not None and "level" in names)


def _table(table: dict, features: list[dict]) -> Iterator[str]:
    """The text table's rows are the map's features, value by value."""
    columns = table["columns"]
    key = sorted([_comparable(row) for row in table["rows"]])
    drawn = sorted([_comparable([f.get(name) for name in columns]) for f in features])
    if key != drawn:
        odd = next(
            (a for a, b in zip(key, drawn, strict=False) if a != b), f"{len(key)} rows for {len(drawn)} features"
        )
        yield f"the table differs from the map's layer {table['layer']}: {odd}"


def _comparable(row: list) -> list[str]:
    return ["" if v is None else f"{v:.6g}" if isinstance(v, int | float) else str(v) for v in row]


def _too_fine(what: str, rows: list[dict], profile: Profile) -> Iterator[str]:
    """The first count of too few people or too fine a one, and the first area of a level not shown."""
    least = profile.min_persons
    for row in rows:
        counts = {n: float(v) for n, v in row.items() if n.startswith("persons") and v not in (None, "")}
        fine = [n for n, v in counts.items() if least and (v < least or v % least)]
        if fine:
            how = "below" if counts[fine[0]] < least else "no multiple of"
            yield f"{what}: {fine[0]} = {row[fine[0]]} persons, {how} the {least:g} of profile {profile.name}"
            break
    for row in rows:
        if profile.levels is not None and "level" in row and row["level"] not in profile.levels:
            yield f"{what}: areas of level {row['level']} may not be shown in profile {profile.name}"
            break


def _raster(folder: Path, layer: dict, path: Path, source: dict, profile: Profile) -> Iterator[str]:
    """Profile and cell size; the worst code present at every zoom."""
    block = profile.block_m(layer["id"]) if layer["id"] in SURFACES else None
    if block is None:
        yield f"surface {layer['id']} may not be shown in profile {profile.name}"
        return
    scale = SURFACES[layer["id"]]
    worst: dict[int, int] = defaultdict(int)
    for (zoom, x, y), data in read_archive(path):
        worst[zoom] = max(worst[zoom], int(scale.unhatched(read_codes(data)).max()))
        if len(data) > MAX_TILE_BYTES:
            yield _heavy(layer, f"{zoom}/{x}/{y}", data)
    for zoom in range(source["minzoom"], source["maxzoom"] + 1):
        if worst[zoom] != max(worst.values()):
            yield f"surface {layer['id']}: the worst colour is missing at zoom {zoom}"
    file = folder / "downloads" / f"{layer['id']}.tif"
    if not file.is_file():
        yield f"surface {layer['id']}: {file.name} is missing"
        return
    surface = read_surface(file)
    if surface.grid.cell_m < block:
        cell = f"{surface.grid.cell_m:g} m"
        yield f"surface {layer['id']}: cells of {cell} are finer than the {block:g} m of profile {profile.name}"
    elif block:
        # What the coarse download does not hold, the tiles must not show.
        codes = scale.codes(surface.array)
        tiles = raster_tiles(surface, codes, scale.palette, source["minzoom"], source["maxzoom"], scale.hatches)
        if tiles != dict(read_archive(path)):
            yield f"surface {layer['id']}: the tiles differ from downloads/{file.name}"


def _chunks(folder: Path, name: str, source: dict) -> Iterator[str]:
    path = folder / source["file"]
    try:
        with path.open("rb") if path.is_file() else BytesIO() as archive:
            pieces = read_chunks(folder / source["chunks"]["dir"], name, source["chunks"]["count"])
            same = all(piece == archive.read(len(piece)) for piece in pieces) and not archive.read(1)
    except (ValueError, OSError) as error:
        yield f"source {name}: {error}"
        return
    if not same or not path.is_file():
        yield f"source {name}: the script pieces differ from {source['file']}"


def _spot(folder: Path, manifest: dict, profile: Profile) -> Iterator[str]:
    """The script of a click holds data alone, and only where every table it is made of may be shown as it is."""
    known = [p.name for name in ("site", "search", "bands") for p in (folder / "data").glob(f"{name}.*.js")]
    others = sorted(f"data/{p.name}" for p in (folder / "data").iterdir() if p.name not in known and not is_twin(p))
    if others != [manifest[key] for key in ("spot",) if key in manifest]:
        yield f"data/ holds {', '.join(others) or 'nothing'} beside the site and the search index"
    if others and not all(profile.columns(name) == table_schema(name).names for name in SPOT_TABLES):
        yield f"{others[0]}: sources and footprints may not be shown in profile {profile.name}"
    if "spot" in manifest:
        try:
            _data(folder, "spot", "GEO_RISK_SPOT")
        except (OSError, ValueError) as error:
            yield f"the script of a click cannot be read: {error}"


def _bands(folder: Path, manifest: dict, profile: Profile) -> Iterator[str]:
    """The lists of the surfaces tell of surfaces that are shown, and of each what the profile allows."""
    there = sorted(f"data/{p.name}" for p in (folder / "data").glob("bands.*.js"))
    named = [manifest[key] for key in ("bands",) if key in manifest]
    if there != named:
        yield f"lists of surfaces: {', '.join(there) or 'none'} in data/, {', '.join(named) or 'none'} named"
    if not there:
        return
    try:
        lists = _data(folder, "bands", "GEO_RISK_BANDS")
    except (OSError, ValueError) as error:
        yield f"the lists of the surfaces cannot be read: {error}"
        return
    ids = {layer["id"] for layer in manifest["layers"] if layer["geometry"] == "raster"}
    names = [column["name"] for column in lists["columns"]]
    for name in sorted(set(names) - set(profile.columns(BANDS) or ())):
        yield f"{there[0]}: column {name} may not be shown in profile {profile.name}"
    for surface in sorted(set(lists["rows"]) - ids):
        yield f"{there[0]}: surface {surface} is not on the map"
    rows = [dict(zip(names, row, strict=True)) for its in lists["rows"].values() for row in its]
    yield from _too_fine(there[0], rows, profile)


def _downloads(folder: Path, manifest: dict, profile: Profile, reds: dict[str, Ints]) -> Iterator[str]:
    """Columns, counts and blocks; ``reds`` is told the numbers of the red features of each layer."""
    ids = {layer["id"] for layer in manifest["layers"]}
    for path in sorted((folder / "downloads").iterdir()):
        stem = path.stem
        if path.suffix == ".tif" and stem in ids:
            continue
        allowed = profile_columns(stem, profile) if path.suffix in (".csv", ".geojson") else None
        if allowed is None:
            yield f"downloads/{path.name} may not be offered in profile {profile.name}"
            continue
        names: set[str] = set()
        problems: list[str] = []
        red = [np.empty(0, np.int64)]
        for rows in read_download(path):
            names |= rows.names
            if path.suffix == ".geojson":
                red.append(_reds(stem, rows))
            if _limited(rows.names, profile) and not problems:
                problems += _too_fine(f"downloads/{path.name}", rows.records(), profile)
        for name in sorted(names - allowed - {"lon", "lat"}):
            yield f"downloads/{path.name}: column {name} may not be shown in profile {profile.name}"
        if path.suffix == ".geojson":
            reds[stem] = np.concatenate(red)
        yield from problems
        if (block := _block_m(stem, profile)) and path.suffix == ".geojson":
            yield from _too_detailed(path, block)


def _block_m(layer_id: str, profile: Profile) -> float:
    """Side of the blocks in which a layer's areas must be shown [m]; 0 where they may be exact."""
    if profile.tables is None:
        return 0.0
    return max((profile.tables[key].block_m for key in tables_of(layer_id) if key in profile.tables), default=0.0)


_METRES_PER_DEGREE = 111_320.0  # of latitude
# A side of a block, turned and scaled by the projection to degrees and back, is no shorter than this part of it.
_BLOCK_PART = 0.98


def _too_detailed(path: Path, block_m: float) -> Iterator[str]:
    """Lines with a piece shorter than a block's side: such an outline was not taken from blocks."""
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        lines = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
        xy, line = shapely.get_coordinates(lines, return_index=True)
        across = np.cos(np.radians(xy[:, 1].mean()))
        step = np.diff(xy, axis=0)[np.diff(line) == 0] * np.array([across, 1.0]) * _METRES_PER_DEGREE
        shortest = float(np.hypot(*step.T).min(initial=np.inf))
        if shortest < _BLOCK_PART * block_m:
            piece = f"an outline with a piece of {shortest:.0f} m"
            yield f"downloads/{path.name}: {piece} is finer than the blocks of {block_m:g} m of this profile"
            return


def profile_columns(stem: str, profile: Profile) -> set[str] | None:
    """Columns that downloads/<stem> may hold; None if it may not be offered."""
    if not stem.startswith("table_"):
        return _allowed(stem, profile)
    try:
        columns = profile.columns(stem.removeprefix("table_"))
    except GeoRiskError:
        return None
    return None if columns is None else set(columns)
