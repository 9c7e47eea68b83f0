"""
What the map says of cells, districts, trades, parks, lines and firms, computed again from what it publishes.

Plain numpy, pandas and shapely on the rasters and tables of site and build; nothing of the analysis is used.
The cuts and minimums are those of the documents (risk-index, risk-results), for regions that set none of their own.
"""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio.features import rasterize

WORDS = ("none", "blue", "yellow", "orange", "red")
CELL_CUTS, FIRM_CUTS, LSIR_CUTS = (0.0, 12.0, 30.0, 70.0), (0.0, 8.0, 18.0, 40.0), (3e-7, 3e-6, 1e-5, 3e-5)
MIN_SHARE, MIN_PERSONS, MIN_FIRMS = 0.01, 1000, 3
LEAST_OF_LEVEL = {1: 4, 2: 4, 3: 3, 4: 2}  # level of a major hazard -> grade
STEP_M = 1.0  # lines are looked at this often


class Published:
    """A finished region: tables of build/, downloads of the internal site, rasters of both."""

    def __init__(self, folder: Path) -> None:
        self.build, self.downloads = folder / "build", folder / "site" / "internal" / "downloads"

    def table(self, name: str, kind: str = "tables") -> pd.DataFrame:
        path = self.build / kind / f"{name}.parquet"
        try:
            return gpd.read_parquet(path)
        except ValueError:
            return pd.read_parquet(path)

    def has(self, name: str) -> bool:
        return (self.build / "surfaces" / f"{name}.tif").is_file()

    def raster(self, name: str):
        with rasterio.open(self.build / "surfaces" / f"{name}.tif") as file:
            return file.read(1), file.transform

    def offered(self, name: str) -> pd.DataFrame:
        text = {"id": str, "parent_id": str, "district_id": str, "scope_id": str, "name": str}
        return pd.read_csv(self.downloads / f"{name}.csv", encoding="utf-8-sig", dtype=text, keep_default_na=False,
                           na_values={c: [""] for c in ("grade", "grade_now", "persons", "index_mean")})  # fmt: skip


def faults(folder: Path, only: str = "") -> list[str]:
    """Every figure that is not what its raster, its members or its rule gives; none where the map is right."""
    it = Published(folder)
    checks = (_rasters, _districts, _totals, _firms, _firm_groups, _lines, _offered)
    named = {check.__name__[1:]: check for check in checks}
    return [f"{name}: {text}" for name, check in named.items() if only in ("", name) for text in check(it)]


def _rasters(it: Published) -> Iterator[str]:
    """Grades of cells from index and individual risk; the rasters offered are the rasters computed."""
    grade, transform = it.raster("grade")
    outlines = it.table("boundary", ".").geometry
    inside = rasterize(outlines, grade.shape, transform=transform, all_touched=True).astype(bool)
    for name, index in (("grade", "index"), ("residual_grade", "index_now")):
        found, score = it.raster(name)[0], it.raster(index)[0]
        expected = np.where(score > 0, np.digitize(score, np.float32(CELL_CUTS)), 0)
        if it.has("lsir"):
            lsir = it.raster("lsir")[0]
            expected = np.maximum(expected, np.digitize(np.nan_to_num(lsir), np.float32(LSIR_CUTS)))
        # all_touched misses cells that an outline only grazes.
        if (found[inside] != expected[inside]).any() or (found[found > 0] != expected[found > 0]).any():
            yield f"{name} is not the worse of {index} and individual risk in {(found != expected)[inside].sum()} cells"
    for path in sorted(it.downloads.glob("*.tif")):
        with rasterio.open(path) as file:
            theirs, ours = file.read(1), it.raster(path.stem)[0]
        if not np.allclose(theirs, ours, rtol=2e-4, atol=0, equal_nan=True) or (
            ours.dtype.kind == "u" and (theirs != ours).any()
        ):
            yield f"{path.name} offered differs from the one computed"


def cover(area, transform, shape) -> tuple[tuple[slice, slice], np.ndarray]:
    """The window of cells around an area, and the share of each that it covers: polygons of cells at the rim."""
    side, left, top = transform.a, transform.c, transform.f
    x0, y0, x1, y1 = area.bounds
    rows = slice(max(int((top - y1) // side), 0), min(int((top - y0) // side) + 1, shape[0]))
    cols = slice(max(int((x0 - left) // side), 0), min(int((x1 - left) // side) + 1, shape[1]))
    here = rasterio.Affine(side, 0, left + cols.start * side, 0, -side, top - rows.start * side)
    size = (rows.stop - rows.start, cols.stop - cols.start)
    share = rasterize([area], size, transform=here).astype(float)
    rim = rasterize([area.boundary.buffer(side * 0.01)], size, transform=here, all_touched=True).astype(bool)
    row, col = np.nonzero(rim)
    x, y = here.c + col * side, here.f - row * side
    share[rim] = shapely.area(shapely.intersection(shapely.box(x, y - side, x + side, y), area)) / side**2
    return (rows, cols), share


def people(it: Published, transform, shape) -> np.ndarray:
    """Residents a cell: points where they lie, areas by the share of each cell."""
    layer = it.table("population", "layers")
    layer = layer[layer["persons"].notna() & ~layer.geometry.is_empty]
    flat = layer.geom_type.str.endswith("Polygon").to_numpy()
    out, side = np.zeros(shape), transform.a
    points = layer[~flat].geometry.representative_point()
    row, col = (transform.f - points.y) // side, (points.x - transform.c) // side
    here = ((row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])).to_numpy()
    cells = row[here].to_numpy(int), col[here].to_numpy(int)
    np.add.at(out, cells, layer.loc[~flat, "persons"].to_numpy(float)[here])
    for area, persons in zip(layer.geometry[flat], layer.loc[flat, "persons"], strict=True):
        window, share = cover(area, transform, shape)
        out[window] += persons * share * side**2 / area.area
    return out


def _worst(share, persons, firms) -> int:
    """从高: the worst grade whose share, with all that is worse, reaches the minimum; the few count from orange up."""
    for g in (4, 3, 2, 1):
        enough = g >= 3 and (sum(persons[g:]) >= MIN_PERSONS or sum(firms[g:]) >= MIN_FIRMS)
        if sum(share[g:]) >= MIN_SHARE - 1e-12 or enough:
            return g
    return 0


def _districts(it: Published) -> Iterator[str]:
    grade, transform = it.raster("grade")
    now, index = it.raster("residual_grade")[0], it.raster("index")[0]
    residents = people(it, transform, grade.shape)
    firms = it.table("enterprises")
    firms["geometry"] = firms.representative_point()
    districts = it.table("districts")
    some = (districts["level"] != "village") | (np.arange(len(districts)) % 8 == 0)  # of hundreds of villages an eighth
    for _, row in districts[some].iterrows():
        window, share = cover(row.geometry, transform, grade.shape)
        whole, persons = share.sum(), share * residents[window]
        inside = firms[firms.intersects(row.geometry)]
        shares = {}
        for column, grades, column_firms in (("grade", grade, "grade"), ("grade_now", now, "grade_now")):
            shares[column] = [share[grades[window] == g].sum() / whole for g in range(5)]
            by_persons = [persons[grades[window] == g].sum() for g in range(5)]
            by_firms = [(inside[column_firms] == g).sum() for g in range(5)]
            expected = _worst(shares[column], by_persons, by_firms)
            if row[column] != expected:
                yield f"{row['name']} {column} is {row[column]}, the rule gives {expected}"
            told = [row[f"persons_{w}"] for w in WORDS[1:]]
            if column == "grade" and not np.allclose(told, by_persons[1:], rtol=1e-6, atol=1e-3):
                yield f"{row['name']} has {by_persons[1:]} residents from blue to red"
        told = [row[f"share_{w}"] for w in WORDS]
        if not np.allclose(told, shares["grade"], atol=1e-9):
            yield f"{row['name']} has shares {shares['grade']}, not {told}"
        mean = (share * index[window]).sum() / whole
        if not np.isclose(row["index_mean"], mean, rtol=1e-6) or row["index_max"] != index[window][share > 1e-9].max():
            yield f"{row['name']} index_mean {row['index_mean']}, index_max {row['index_max']}"


def _totals(it: Published) -> Iterator[str]:
    """The region is its cells; its parts are the region; nobody is lost."""
    grade, transform = it.raster("grade")
    groups = it.table("groups")
    whole = groups[groups["scope"] == "region"].iloc[0]
    outline = shapely.union_all(it.table("boundary", ".").geometry.array)
    window, share = cover(outline, transform, grade.shape)
    for g, word in enumerate(WORDS):
        cells = share[grade[window] == g].sum()
        if not np.isclose(whole[f"share_{word}"], cells / share.sum(), atol=1e-9):
            yield f"the region has {cells:.3f} {word} cells, a share of {cells / share.sum()}"
    if not np.isclose(whole["area_km2"], share.sum() * transform.a**2 / 1e6, rtol=1e-9):
        yield f"the region has {share.sum() * transform.a**2 / 1e6} km2, not {whole['area_km2']}"
    persons = it.table("population", "layers")["persons"].sum()
    balance = it.table("balance").set_index("what")
    told = balance.loc["residents of the layer"]
    parts = told["parts"] + told["outside"] - told["overlap"]
    if not np.isclose([told["whole"], parts], persons, rtol=1e-6).all() or not np.isclose(
        told["parts"], whole["persons"]
    ):
        yield f"{persons} persons of the layer, {parts} accounted for, {whole['persons']} in the region"
    districts = it.table("districts")
    for level, rows in districts.groupby("level"):
        missed = told["whole"] * 1e-3  # outlines of a level may leave slivers
        if level != "village" and abs(rows["persons"].sum() - whole["persons"]) > missed:
            yield f"persons of {level} sum to {rows['persons'].sum()}, the region has {whole['persons']}"


def _owner(table: pd.DataFrame, firms: pd.DataFrame) -> list:
    once = firms.drop_duplicates("name", keep=False).set_index("name")["id"].to_dict()
    ids = table.get("enterprise_id", pd.Series(None, table.index))
    names = table.get("enterprise_name", pd.Series(None, table.index))
    return [i if isinstance(i, str) else once.get(name) for i, name in zip(ids, names, strict=True)]


def _firms(it: Published) -> Iterator[str]:
    """Own score times exposure at the site against the cuts of firms, and the level of its major hazards."""
    layer, told = it.table("enterprises", "layers").reset_index(drop=True), it.table("enterprises")
    index, transform = it.raster("index")
    exposure = it.raster("exposure")[0]
    sources, owner = it.table("index_sources"), {}
    for name in ("hazard_sources", "risk_points"):
        if (it.build / "layers" / f"{name}.parquet").is_file():
            rows = it.table(name, "layers")
            owner |= {(name, i): firm for i, firm in zip(rows["id"], _owner(rows, layer), strict=True) if firm}
    score: dict[str, float] = {}
    for kind, i, value in zip(sources["layer"], sources["id"], sources["score"], strict=True):
        firm = i if kind == "enterprises" else owner.get((kind, i))
        if firm is not None:
            score[firm] = max(score.get(firm, 0.0), value)
    level = _levels(it, layer)
    closed = set(layer.loc[layer["state"].isin(["closed", "planned"]), "id"]) if "state" in layer else set()
    x0, y0, x1, y1 = told.bounds.to_numpy().T
    rows = ((transform.f - np.array([y1, y0])) // transform.a).astype(int)
    cols = ((np.array([x0, x1]) - transform.c) // transform.a).astype(int)
    for n, (i, grade, highest) in enumerate(zip(told["id"], told["grade"], told["index_max"], strict=True)):
        window = slice(rows[0, n], rows[1, n] + 1), slice(cols[0, n], cols[1, n] + 1)
        if highest != index[window].max():
            yield f"{i} index_max is {highest}, the cells say {index[window].max()}"
        own = np.float32(min(score.get(i, 0.0) * float(exposure[window].max()), 100))
        expected = int(np.digitize(own, np.float32(FIRM_CUTS))) if own > 0 else 0
        expected = 0 if i in closed else max(expected, level.get(i, 0))
        if grade != expected:
            yield f"{i} is graded {grade}, its own index {own:.4f} and level give {expected}"


def _levels(it: Published, layer: pd.DataFrame) -> dict[str, int]:
    """Firm -> least grade by the worst level of its major hazards, computed or declared."""
    out: dict[str, int] = {}
    if not (it.build / "tables" / "major_hazards.parquet").is_file():
        return out
    major, stocks = it.table("major_hazards"), it.table("hazard_sources", "layers")
    pairs = list(zip(_owner(major, layer), major["level"].where(major["verdict"] == "major"), strict=True))
    if "declared_level" in stocks:
        gone = stocks["state"].isin(["closed", "planned"]) if "state" in stocks else False
        pairs += zip(_owner(stocks, layer), stocks["declared_level"].mask(gone), strict=True)
    for firm, level in pairs:
        if firm and pd.notna(level):
            out[firm] = max(out.get(firm, 0), LEAST_OF_LEVEL[int(level)])
    return out


def _firm_groups(it: Published) -> Iterator[str]:
    layer, graded = it.table("enterprises", "layers").reset_index(drop=True), it.table("enterprises")
    working = ~layer["state"].isin(["closed", "planned"]) if "state" in layer else pd.Series(True, layer.index)
    groups = it.table("groups")
    for scope, column in (("trade", "sector"), ("park", "park")):
        told = groups[groups["scope"] == scope].set_index("scope_id")
        members = graded.assign(key=layer.get(column, None))[working & graded["id"].notna()]
        members = members[members["key"].notna()]
        if set(told.index) != set(members["key"]):
            yield f"{scope}: {sorted(set(told.index) ^ set(members['key']))} on one side only"
        for key, rows in members.groupby("key"):
            row = told.loc[key]
            numbers = [int((rows["grade"] == g).sum()) for g in range(5)]
            now = [int((rows["grade_now"] == g).sum()) for g in range(5)]
            shares = [n / len(rows) for n in numbers]
            if [row[f"n_{w}"] for w in WORDS] != numbers or row["n"] != len(rows):
                yield f"{scope} {key} has {numbers} firms by colour"
            if not np.allclose([row[f"share_{w}"] for w in WORDS], shares, atol=1e-12):
                yield f"{scope} {key} has shares {shares}"
            expected = _worst(shares, [0] * 5, numbers), _worst([n / len(rows) for n in now], [0] * 5, now)
            if (row["grade"], row["grade_now"]) != expected:
                yield f"{scope} {key} is graded {row['grade']} and {row['grade_now']}, the rule gives {expected}"


def _lines(it: Published) -> Iterator[str]:
    """Segments looked at every metre; lines as the sums of their segments."""
    cut, (grade, transform) = it.table("segments"), it.raster("grade")
    shares = cut[[f"share_{w}" for w in WORDS]].to_numpy(float)
    length = (cut["to_m"] - cut["from_m"]).to_numpy(float)
    count = np.maximum(np.ceil(length / STEP_M), 4).astype(int)
    of = np.repeat(np.arange(len(cut)), count)
    along = (np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[of]
    places = shapely.line_interpolate_point(cut.geometry.to_numpy()[of], along, normalized=True)
    row = ((transform.f - shapely.get_y(places)) // transform.a).astype(int)
    col = ((shapely.get_x(places) - transform.c) // transform.a).astype(int)
    here = (row >= 0) & (row < grade.shape[0]) & (col >= 0) & (col < grade.shape[1])
    seen = np.zeros(len(of), int)
    seen[here] = grade[row[here], col[here]]
    found = np.bincount(of * 5 + seen, minlength=5 * len(cut)).reshape(-1, 5) / count[:, None]
    for n in np.flatnonzero((np.abs(found - shares) > 0.02 + 8 / count[:, None]).any(axis=1)):
        yield f"segment {cut['id'].iloc[n]}/{cut['segment'].iloc[n]} has shares {found[n]}, not {shares[n]}"
    worst = np.where(shares > 0, np.arange(5), 0).max(axis=1)
    for n in np.flatnonzero(worst != cut["grade"].to_numpy(int)):
        yield f"segment {cut['id'].iloc[n]}/{cut['segment'].iloc[n]} is graded {cut['grade'].iloc[n]}, not {worst[n]}"
    groups = it.table("groups")
    for scope, layer in (("pipeline", "gas_pipelines"), ("road", "roads")):
        mine = (cut["layer"] == layer).to_numpy()
        key = cut["name"].where(cut["name"].notna(), cut["id"]) if scope == "road" else cut["id"]
        told = groups[groups["scope"] == scope].set_index("scope_id")
        metres = pd.DataFrame(shares[mine] * length[mine, None]).groupby(key[mine].to_numpy()).sum()
        if set(told.index) != set(metres.index):
            yield f"{scope}: other lines than their segments"
        for name, by_grade in metres.iterrows():
            share = by_grade.to_numpy() / by_grade.sum()
            if not np.allclose(told.loc[name, [f"share_{w}" for w in WORDS]].astype(float), share, atol=1e-9):
                yield f"{scope} {name} has shares {share}"
            expected = _worst(share, [0] * 5, [0] * 5)
            if told.loc[name, "grade"] != expected:
                yield f"{scope} {name} is graded {told.loc[name, 'grade']}, the rule gives {expected}"


def _offered(it: Published) -> Iterator[str]:
    """The tables beside the map say what was computed."""
    levels = it.table("districts").groupby("level")
    offered = [(f"districts_{level}", rows, "id") for level, rows in levels]
    offered += [("enterprises", it.table("enterprises"), "id")]
    groups = it.table("groups")
    offered += [("table_groups", groups.assign(key=groups["scope"] + groups["scope_id"]), "key")]
    for name, ours, key in offered:
        theirs = it.offered(name)
        theirs["key"] = theirs["scope"] + theirs["scope_id"] if key == "key" else theirs["id"]
        theirs = theirs.set_index("key").reindex(ours[key])
        for column in ("grade", "grade_now", *(f"share_{w}" for w in WORDS), "persons", "index_max"):
            if column in ours and column in theirs:
                a, b = (pd.to_numeric(t[column], errors="coerce").to_numpy(float) for t in (ours, theirs))
                for n in np.flatnonzero(~np.isclose(a, b, rtol=2e-5, atol=1e-9, equal_nan=True)):
                    yield f"{name}.csv {ours[key].iloc[n]} {column} is {b[n]}, computed {a[n]}"
