"""
A full re-check of setbacks: 50,000 hazards against 200,000 places under every rule.

    python benchmarks/bench_setbacks.py [--hazards 50000] [--places 200000] [--km 100] [--shapes points polygons]
        [--repeat 3] [--postgis URL] [--duckdb] [--profile]

Two times are told, each as seconds of the clock and of the processor. *Whole*: from layers in memory to the table of
findings: what each row is to the rules, the search for pairs, exact geodesic clearances, verdicts and reasons; once
more with the attributes that undecided findings need. *Judged*: from rows whose kind is known, with the bounds of each
pair of kinds, to pairs, rules, clearances and verdicts. Prints the least over the repeats, and the memory a whole check
adds at its peak (alone in a fresh process).

With --postgis (a server with PostGIS on this machine, as postgresql://user@/database?host=/socket) and --duckdb (the
packages duckdb and duckdb-extension-spatial) *judged* is asked there in the same run, from the same start: what each
row is and the bounds as tables, loaded, in PostGIS with a finished index; ours makes its own in that time. Their pairs,
rules and verdicts are compared with ours, and clearances to a millimetre. Overlaps have no depth there.
"""

from __future__ import annotations

import argparse
import cProfile
import multiprocessing
import pstats
import threading
import time
from collections import Counter
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import psutil
import shapely

from geo_risk.analysis.conditions import Rules, demands, prepare, settled
from geo_risk.analysis.limits import Limits, limits
from geo_risk.analysis.setbacks import (
    NEAR_MISS_M,
    POSITION_ERROR_M,
    ROAD_HALF_WIDTH_M,
    SIGMAS,
    VERDICTS,
    check_setbacks,
    judge,
)
from geo_risk.analysis.sides import Side, source_side, target_side

CRS = "EPSG:4549"
LEFT, BOTTOM = 480_000.0, 3_460_000.0
_KINDS = (
    "tank_farm",
    "filling_station",
    "process_unit",
    "warehouse",
    "cylinder_depot",
    "gas_station",
    "hazmat_parking",
)
_SUBSTANCES = ("甲醇", "汽油", "柴油", "液化石油气", "苯", "液氨", "乙醇", "氢气", "硝酸铵", "丙酮", "原油", "LNG")
_VOLUMES = (np.nan, 10, 20, 30, 50, 60, 90, 100, 150, 200, 300, 500, 800, 1000, 2000, 3000, 5000, 10000)
_PLACES = (
    "primary_school",
    "kindergarten",
    "hospital",
    "market",
    "mall",
    "hotel",
    "residential",
    "office",
    "restaurant",
)
_USES = ("住宅", "商业", "办公", "工业厂房", "仓库", "学校", "车库", None)


def city(hazards: int, places: int, km: float, polygons: bool, seed: int = 1) -> dict[str, gpd.GeoDataFrame]:
    """Hazards, crowded places and buildings (half of ``places`` each) with everyday attributes, one in five missing."""
    rng = np.random.default_rng(seed)
    some = rng.choice

    def layer(prefix: str, count: int, size: tuple[float, float], **columns: object) -> gpd.GeoDataFrame:
        xy = np.stack([rng.uniform(LEFT, LEFT + km * 1e3, count), rng.uniform(BOTTOM, BOTTOM + km * 1e3, count)], 1)
        shapes = shapely.points(xy.round(2))
        if polygons:
            half, turn = rng.uniform(*size, (count, 2)) / 2, rng.uniform(0, np.pi, count)
            corner = half[:, None] * np.array([[-1, -1], [1, -1], [1, 0], [0.4, 0], [0.4, 1], [-1, 1]])  # an L
            cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
            x, y = corner[..., 0], corner[..., 1]
            rings = np.stack([x * cos - y * sin, x * sin + y * cos], -1) + xy[:, None]
            shapes = shapely.polygons(rings.round(2))
        ids = [f"{prefix}{i}" for i in range(count)]
        names = [f"{prefix} {i}" for i in range(count)]
        return gpd.GeoDataFrame({"id": ids, "name": names, **columns}, geometry=shapes, crs=CRS)

    n, m = hazards, places // 2
    return {
        "hazard_sources": layer(
            "h", n, (10, 60),
            kind=some(_KINDS, n), substance=some(np.array([*_SUBSTANCES, None], object), n),
            volume_m3=some(_VOLUMES, n), enterprise_id=[f"e{i}" for i in rng.integers(0, n // 3, n)],
            position_error_m=some([np.nan, 1.0, 3.0, 20.0], n),
        ),
        "crowded_places": layer(
            "p", m, (10, 80),
            kind=some(_PLACES, m), capacity=some([np.nan, 80, 200, 500, 900, 1500, 3000], m),
            floors=some([np.nan, 1, 3, 6, 12, 26], m), position_error_m=some([np.nan, 1.0, 5.0], m),
        ),
        "buildings": layer(
            "b", places - m, (8, 40),
            kind=some(np.array(_USES, object), places - m), floors=some([np.nan, 1, 2, 5, 11, 18, 30], places - m),
            households=some([np.nan, 1, 40, 120, 320], places - m),
        ),
    }  # fmt: skip


def peak_mb(options: argparse.Namespace, polygons: bool) -> None:
    """Print the memory a check adds at its peak."""
    layers = city(options.hazards, options.places, options.km, polygons)
    check_setbacks(city(50, 50, 1, polygons))  # what is loaded once is no part of it
    process, peak, done = psutil.Process(), [0.0], threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    check_setbacks(layers, needs=False)
    done.set()
    watcher.join()
    print(f"  peak memory added: {peak[0] / 1e6:.0f} MB (layers themselves: {before / 1e6:.0f} MB with the program)")


Classified = tuple[Side, Side, Limits, Rules]


def classified(layers: dict[str, gpd.GeoDataFrame]) -> Classified:
    """Sources, targets, the bounds between their kinds, and the rules."""
    rules = prepare()
    sources = source_side(layers, POSITION_ERROR_M, Counter())
    targets = target_side(layers, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, Counter())
    code, kinds = settled(sources.kinds, rules)
    sources = sources._replace(code=code[sources.code], kinds=kinds)
    return sources, targets, limits([demands(options, rules) for options in kinds], targets.kinds, rules), rules


def tables(known: Classified) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Sources, targets and the bounds between their kinds, as a database is given them; shapes as WKB."""
    *sides, found, rules = known
    s, t = (
        pd.DataFrame({
            "layer": side.rows["layer"], "id": side.rows["id"], "firm": side.rows["enterprise_id"],
            "code": side.code, "error": side.error, "geom": shapely.to_wkb(side.shapes),
        })
        for side in sides
    )  # fmt: skip
    margin = SIGMAS * np.hypot(s["error"], t["error"].max())
    s["reach"] = found.high.max(axis=1)[s["code"]] + margin + np.maximum(NEAR_MISS_M, 2 * margin)
    i, j = np.nonzero(found.high_rule >= 0)
    names, strength = rules.frame["rule_id"].to_numpy(object), rules.frame["strength"].to_numpy()
    low_rule, high_rule = found.low_rule[i, j], found.high_rule[i, j]
    bounds = pd.DataFrame({
        "sc": i, "tc": j, "low": found.low[i, j], "high": found.high[i, j], "unsure": strength[high_rule] == 1,
        "low_rule": np.where(low_rule >= 0, names[low_rule], ""), "high_rule": names[high_rule],
    })  # fmt: skip
    return s, t, bounds


# The same question in SQL; {length} is the geodesic length of a segment in the dialect.
_QUERY = """
create temp table answer as
with pairs as (
    select s.id as source_id, t.layer as target_layer, t.id as target_id, l.low, l.high, l.unsure, l.low_rule,
        l.high_rule, 2 * sqrt(s.error * s.error + t.error * t.error) as u, s.geom as a, t.geom as b,
        st_shortestline(s.geom, t.geom) as seg
    from s join t on st_dwithin(s.geom, t.geom, {reach}) join l on l.sc = s.code and l.tc = t.code
    where not (s.layer = t.layer and s.id = t.id) and (s.firm <> t.firm or s.firm = '')
        and st_distance(s.geom, t.geom) <= s.reach
), measured as (
    select *, round(cast({length} as numeric), 3)::double precision as c from pairs
), judged as (
    select *, c + u < low and not (st_covers(a, b) and st_dimension(a) = 2)
        and not (target_layer = 'buildings' and st_covers(b, a)) as conflict
    from measured where c <= high + greatest({near}, 2 * u)
)
select source_id, target_layer, target_id, c as clearance_m,
    case when conflict then low_rule else high_rule end as rule_id,
    case when conflict then 'conflict' when c - u >= high and not unsure then 'clear' else 'undecided' end as verdict
from judged
"""


class Clock:
    """Seconds of the clock and of a process, this one if none is given."""

    def __init__(self, pid: int | None = None) -> None:
        self.process = psutil.Process(pid)
        self.began = self.now()

    def now(self) -> tuple[float, float]:
        times = self.process.cpu_times()
        return time.perf_counter(), times.user + times.system

    def passed(self) -> tuple[float, float]:
        wall, cpu = (b - a for a, b in zip(self.began, self.now(), strict=True))
        return wall, cpu


Asked = tuple[tuple[float, float], pd.DataFrame]


def postgis(url: str, known: Classified) -> Asked:
    """Seconds of the query, and its answer. Temporary tables are read by one process, whose time it is."""
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for name, table in zip("stl", tables(known), strict=True):
            kinds = {"geom": "geometry(Geometry, 4549)", "unsure": "boolean"}
            text = dict.fromkeys(("layer", "id", "firm", "low_rule", "high_rule"), "text") | kinds
            columns = ", ".join(f"{c} {text.get(c, 'double precision')}" for c in table)
            cursor.execute(f"create temp table {name} ({columns})")
            if "geom" in table:
                table = table.assign(geom=shapely.to_wkt(shapely.from_wkb(table["geom"]), rounding_precision=-1))
                table["geom"] = "SRID=4549;" + table["geom"]
            with cursor.copy(f"copy {name} from stdin") as copy:
                for row in table.itertuples(index=False):
                    copy.write_row(row)
            if "geom" in table:
                cursor.execute(f"create index on {name} using gist (geom)")
            cursor.execute(f"analyze {name}")
        ends = (f"st_transform(st_{end}point(seg), 4326)::geography" for end in ("start", "end"))
        query = _QUERY.format(length=f"st_distance({', '.join(ends)})", near=NEAR_MISS_M, reach="s.reach")
        clock = Clock(connection.info.backend_pid)
        cursor.execute(query)
        passed = clock.passed()
        cursor.execute("select * from answer")
        return passed, pd.DataFrame(cursor.fetchall(), columns=[d.name for d in cursor.description])


def duckdb_spatial(known: Classified) -> Asked:
    """The same in DuckDB, which joins by an index it makes on the fly, for one distance: the longest."""
    import duckdb
    from duckdb_extensions import import_extension

    import_extension("spatial")
    connection = duckdb.connect()
    connection.execute("load spatial")
    for name, table in zip("stl", tables(known), strict=True):
        connection.register("frame", table)
        what = "* replace (st_geomfromwkb(geom) as geom)" if "geom" in table else "*"
        connection.execute(f"create table {name} as select {what} from frame")
    longest = connection.execute("select max(reach) from s").fetchall()[0][0]
    ends = (
        f"st_flipcoordinates(st_transform(st_{end}point(seg), 'EPSG:4549', 'EPSG:4326', always_xy := true))::point_2d"
        for end in ("start", "end")
    )
    length = f"st_distance_spheroid({', '.join(ends)})"
    query = _QUERY.format(length=length, near=NEAR_MISS_M, reach=f"{longest:.3f}").replace("numeric", "decimal(18, 9)")
    clock = Clock()
    connection.execute(query)
    return clock.passed(), connection.execute("select * from answer").df()


def ours(known: Classified) -> Asked:
    """The same here; names and words after the clock is stopped."""
    sources, targets, _, rules = known
    clock = Clock()
    found = judge(*known, CRS)
    passed = clock.passed()
    side = {"source_id": sources.rows["id"][found["s"]], "target_layer": targets.rows["layer"][found["t"]]}
    side |= {"target_id": targets.rows["id"][found["t"]], "rule_id": rules.frame["rule_id"].to_numpy()[found["rule"]]}
    return passed, pd.DataFrame({
        **side, "clearance_m": found["clearance"].to_numpy(), "verdict": np.array(VERDICTS)[found["verdict"]],
    })  # fmt: skip


def compared(findings: pd.DataFrame, others: pd.DataFrame) -> str:
    """How far another's pairs, rules, verdicts and clearances are from ours."""
    keys = ["source_id", "target_layer", "target_id"]
    both = findings.merge(others, on=keys, suffixes=("", "_other"), how="outer", indicator=True)
    missing = (both["_merge"] != "both").sum()
    both = both[both["_merge"] == "both"]
    measured = both["clearance_m"] > 0  # of overlaps SQL has no depth
    rule = ((both["rule_id"] != both["rule_id_other"]) & measured).sum()
    verdict = (both["verdict"] != both["verdict_other"]) & measured
    off = (both["clearance_m"] - both["clearance_m_other"]).abs().max()
    return (
        f"{missing} pairs not in both, {rule} other rules, {verdict.sum()} other verdicts, "
        f"clearances within {off * 1e3:.2g} mm"
    )


def least(repeat: int, ask: Callable[[], Asked]) -> Asked:
    """The answer, with the least seconds of the clock and the least of the processor."""
    return in_turns(repeat, {"": ask})[""]


def in_turns(repeat: int, peers: dict[str, Callable[[], Asked]]) -> dict[str, Asked]:
    """`least` of each, asked one after the other, so that a slow spell of the machine meets all."""
    every = [{name: ask() for name, ask in peers.items()} for _ in range(repeat)]
    return {
        name: (tuple(min(seconds) for seconds in zip(*(turn[name][0] for turn in every), strict=True)), answer)
        for name, (_, answer) in every[0].items()
    }


def whole(layers: dict[str, gpd.GeoDataFrame], *, needs: bool) -> Asked:
    """A check from layers to findings."""
    clock = Clock()
    findings = check_setbacks(layers, needs=needs)
    return clock.passed(), findings


def run(options: argparse.Namespace, polygons: bool) -> None:
    layers = city(options.hazards, options.places, options.km, polygons)
    shape = "polygons" if polygons else "points"
    print(f"{options.hazards:,} hazards, {options.places:,} places, {options.km:g} x {options.km:g} km, {shape}")
    check_setbacks(city(50, 50, 1, polygons))  # loads the tables
    (wall, cpu), findings = least(options.repeat, lambda: whole(layers, needs=False))
    counts = findings["verdict"].value_counts()
    print(f"  {len(findings):,} findings ({', '.join(f'{n:,} {v}' for v, n in counts.items())})")
    print(f"  whole: {wall:.2f} s, processor {cpu:.2f} s")
    known = classified(layers)
    peers: dict[str, Callable[[], Asked]] = {"ours": lambda: ours(known)}
    peers |= {"PostGIS": lambda: postgis(options.postgis, known)} if options.postgis else {}
    peers |= {"DuckDB": lambda: duckdb_spatial(known)} if options.duckdb else {}
    first = 0.0, 0.0
    for name, ((wall, cpu), others) in in_turns(options.repeat, peers).items():
        first = (wall, cpu) if name == "ours" else first
        times = f"{wall / first[0]:.1f} and {cpu / first[1]:.1f} times ours"
        print(f"  judged, {name}: {wall:.2f} s, processor {cpu:.2f} s, {times}: {compared(findings, others)}")
    (wall, cpu), _ = least(1, lambda: whole(layers, needs=True))
    print(f"  whole with what every undecided one needs: {wall:.2f} s, processor {cpu:.2f} s")
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(check_setbacks, layers, needs=False)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(40)
    child = multiprocessing.get_context("spawn").Process(target=peak_mb, args=(options, polygons))
    child.start()
    child.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hazards", type=int, default=50_000)
    parser.add_argument("--places", type=int, default=200_000)
    parser.add_argument("--km", type=float, default=100.0)
    parser.add_argument("--shapes", nargs="+", choices=("points", "polygons"), default=("points", "polygons"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--postgis", metavar="URL")
    parser.add_argument("--duckdb", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    for shape in options.shapes:
        run(options, shape == "polygons")


if __name__ == "__main__":
    main()
