"""
A large table of points, imported, against the plain way of doing it.

    python benchmarks/bench_import.py [--rows 1000000] [--encoding utf-8 gb18030] [--workbook 100000]

Writes a seeded CSV in the manner of a register of enterprises (12 columns), then, each in a process
of its own: the peer (pandas.read_csv, geopandas.points_from_xy, a GeoPackage by pyogrio) and ours
(load_layer with its report, write_table). Prints JSON: seconds, processor seconds (which other work on the
machine disturbs less), peak resident memory, and ratios.
``--workbook`` times reading an XLSX of that many rows as well.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

CRS = "EPSG:4549"
BOX = (119.9, 31.6, 120.7, 32.1)  # degrees, about a county-level city
TOWNS = [f"{c}{k}" for c in "澄临南北东西华徐长周新祝月青霞璜" for k in ("江镇", "港街道")][:17]
SECTORS = ["纺织服装", "金属制品", "通用专用设备", "塑料橡胶", "电气电子", "仓储物流", "化工", "造纸印刷", "建材"]
ENDS = ["化工有限公司", "机械制造有限公司", "物流有限公司", "新材料科技股份有限公司", "纺织厂"]


def register(rows: int, seed: int = 1) -> pd.DataFrame:
    """``rows`` enterprises as text and numbers, as an office exports them."""
    rng = np.random.default_rng(seed)
    town, number = rng.integers(0, len(TOWNS), rows), np.arange(rows)
    pick = rng.integers(0, 26, (rows, 2))
    words = np.array(list("鑫宏达盛华瑞丰泰恒源金鼎安康顺祥兴隆永诚信德利嘉博远"))
    return pd.DataFrame(
        {
            "编号": [f"E{i:07d}" for i in number],
            "企业名称": [
                f"临澜市{words[a]}{words[b]}{i % 9973}{ENDS[i % 5]}" for i, (a, b) in enumerate(pick.tolist())
            ],
            "统一社会信用代码": [f"9132{i:011d}{i % 10}XK" for i in (number * 7919).tolist()],
            "所属镇街": np.array(TOWNS)[town],
            "地址": [f"{TOWNS[t]}工业大道{i % 999}号" for i, t in enumerate(town.tolist())],
            "行业": np.array(SECTORS)[rng.integers(0, len(SECTORS), rows)],
            "从业人数": rng.integers(1, 2000, rows),
            "占地面积(㎡)": rng.integers(500, 90000, rows),
            "风险等级": np.array(["低", "一般", "较大", "重大"])[rng.choice(4, rows, p=[0.6, 0.3, 0.08, 0.02])],
            "成立日期": pd.to_datetime(rng.integers(9000, 19000, rows), unit="D").strftime("%Y-%m-%d"),
            "经度": rng.uniform(BOX[0], BOX[2], rows).round(6),
            "纬度": rng.uniform(BOX[1], BOX[3], rows).round(6),
        }
    )


def peer(path: Path, encoding: str, out: Path) -> int:
    """Read, place and write without any care."""
    import geopandas as gpd

    frame = pd.read_csv(path, encoding=encoding)
    places = gpd.points_from_xy(frame["经度"], frame["纬度"], crs="EPSG:4326")
    layer = gpd.GeoDataFrame(frame, geometry=places).to_crs(CRS)
    layer.to_file(out / "peer.gpkg", driver="GPKG", engine="pyogrio")
    return len(layer)


def ours(path: Path, encoding: str, out: Path) -> int:
    """The clean layer, its report and the file a run writes."""
    from geo_risk.layers.load import load_layer
    from geo_risk.store import write_table

    layer, (report,) = load_layer(
        "enterprises", {"source": path.name, "crs": "wgs84"}, folder=path.parent, crs=CRS, anchor=BOX
    )
    write_table(out / "ours.parquet", layer)
    assert report.rows_read == report.rows_kept + report.rows_rejected
    return report.rows_kept


def workbook(path: Path, encoding: str, out: Path) -> int:
    """Only reading, of a workbook."""
    from geo_risk.layers.read import read

    return len(read(path, layer="enterprises").frame)


def measured(what: str, path: Path, encoding: str) -> dict[str, float]:
    """Seconds and peak memory [MB] of one way in a process of its own."""
    command = [sys.executable, __file__, "--one", what, str(path), encoding]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def one(what: str, path: Path, encoding: str) -> None:
    """Run one way here and print what it took; imports of the libraries are not timed."""
    import geopandas  # noqa: F401
    import pyogrio  # noqa: F401

    import geo_risk.layers.load  # noqa: F401

    with tempfile.TemporaryDirectory() as out:
        start, start_cpu = time.perf_counter(), time.process_time()
        rows = {"peer": peer, "ours": ours, "workbook": workbook}[what](path, encoding, Path(out))
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - start_cpu
    found = {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "peak_mb": round(used.ru_maxrss / 1024)}
    print(json.dumps({"rows": rows, **found}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--encoding", nargs="*", default=["utf-8", "gb18030"])
    parser.add_argument("--workbook", type=int, default=0)
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "PATH", "ENCODING"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return one(args.one[0], Path(args.one[1]), args.one[2])
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        frame = register(max(args.rows, args.workbook))
        for encoding in args.encoding:
            path = Path(folder) / f"{encoding}.csv"
            frame[: args.rows].to_csv(path, index=False, encoding=encoding)
            found = {what: measured(what, path, encoding) for what in ("peer", "ours")}
            ratios = {
                f"{k}_ratio": round(found["ours"][k] / found["peer"][k], 2)
                for k in ("seconds", "cpu_seconds", "peak_mb")
            }
            results[encoding] = {"file_mb": round(path.stat().st_size / 1e6), **found, **ratios}
        if args.workbook:
            path = Path(folder) / "register.xlsx"
            frame[: args.workbook].to_excel(path, index=False)
            results["workbook"] = measured("workbook", path, "")
    print(json.dumps(results, indent=1))
    return None


if __name__ == "__main__":
    main()
