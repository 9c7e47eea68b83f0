"""Real rows, damaged on purpose: what is set aside is mended in its rejects file and comes back, all of it."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from geo_risk.layers.load import load_layer
from geo_risk.layers.quality import quality_json
from geo_risk.layers.quality_page import quality_html

pytestmark = pytest.mark.real
CITY = (120.1257, 22.4232, 121.0980, 23.5170)


def test_damaged_enterprises_all_come_back_through_the_rejects_file(real_data, tmp_path):
    dirty = real_data / "dirty"
    data = (dirty / "enterprises_damaged.csv").read_bytes()
    (tmp_path / "名录.csv").write_bytes(data)
    rejects = tmp_path / "rejects"
    spec = {"source": ["名录.csv"], "crs": "wgs84"}
    _, (report,) = load_layer("enterprises", spec, folder=tmp_path, crs="EPSG:32651", anchor=CITY, rejects=rejects)
    rows = list(csv.DictReader(io.StringIO((rejects / report.rejects).read_text("utf-8-sig"))))
    assert len(rows) == report.rows_rejected > 0
    original = data.decode("utf-8-sig").splitlines()
    for row in rows:  # the cells as written, in the row named
        assert ",".join(list(row.values())[:4]) == original[int(row["行号"]) - 1].replace('"', "")
    truth = pd.read_csv(dirty / "truth_enterprises.csv", dtype={"编号": str}).set_index("编号")
    for row in rows:
        row["X"], row["Y"] = truth.loc[row["编号"], ["lon", "lat"]].map(str)
    with open(tmp_path / "改正.csv", "w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    spec["source"].append("改正.csv")
    layer, (old, new) = load_layer("enterprises", spec, folder=tmp_path, crs="EPSG:32651", anchor=CITY, rejects=rejects)
    assert (new.rows_read, new.rows_rejected) == (len(rows), 0)
    assert old.rows_read == old.rows_kept + old.rows_rejected
    assert len(layer) == len(truth)
    back = layer.to_crs("EPSG:4326").set_index("id").geometry
    known = truth.loc[back.index]
    off = np.array(Geod(ellps="WGS84").inv(back.x, back.y, known["lon"], known["lat"])[2])
    error = layer.set_index("id")["position_error_m"].to_numpy()
    assert (off < np.maximum(2, error)).all()


def test_kaohsiung_enterprises_counts_map_and_size(real_data, tmp_path):
    _, (report,) = load_layer(
        "enterprises", {"source": "enterprises.csv"}, folder=real_data / "kaohsiung", crs="EPSG:32651", anchor=CITY,
        rejects=tmp_path,
    )  # fmt: skip
    assert (report.rows_read, report.rows_kept, report.rows_rejected) == (7946, 6854, 1092)
    with open(tmp_path / "enterprises.csv", encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 1092
    quality = quality_json([report])
    assert quality["first"][0]["code"] == "no_coordinates"
    assert quality["first"][0]["rows"] == 1092
    assert 400 < len(report.places["points"]) <= 600
    assert sum(n for _, n in report.places["errors"]) == 6854
    assert len(quality_html(quality)) < 200_000
