"""Wind roses and hourly weather."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk import schema
from geo_risk.errors import InputError
from geo_risk.layers import weather
from geo_risk.layers.recognise import recognise, region_toml
from geo_risk.layers.weather import is_wind, load_wind, stability_class


def written(folder, text, name="wind.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_rose_of_rows(tmp_path):
    text = "风向,风向角(度),稳定度,风速(m/s),频率\nN,0,D,3,0.5\n东,90,E,2,0.3\nC,,F,0.5,0.2\n"
    path = written(tmp_path, text, encoding="gb18030")
    table, report = load_wind(path)
    assert table.columns.tolist() == list(schema.RESULTS["wind_rose"].names)
    assert table.fillna(-1).to_numpy().tolist() == [
        ["all", 0, 3, "D", 0.5], ["all", 90, 2, "E", 0.3], ["all", -1, 0.5, "F", 0.2],
    ]  # fmt: skip
    assert (report.rows_read, report.rows_kept, report.issues) == (3, 3, ())


def test_percentages_and_wrong_rows_are_told_with_their_lines(tmp_path):
    text = "direction,speed,share\nN,3,50\nX,3,1\n400,2,1\nS,-2,1\nE,3,-1\nW,2,47\n"
    table, report = load_wind(written(tmp_path, text))
    assert table["share"].sum() == pytest.approx(1)
    assert table["direction_deg"].tolist() == [0, 270]
    told = [(i.code, i.row, i.value) for i in report.issues if i.action == "rejected"]
    assert sorted(told) == [
        ("wind_direction", 3, "X"), ("wind_direction", 4, "400"), ("wind_share", 6, "-1"), ("wind_speed", 5, "-2"),
    ]  # fmt: skip
    assert {"wind_percent", "wind_sum"} <= {i.code for i in report.issues}
    assert (report.rows_read, report.rows_rejected) == (6, 4)


def test_word_and_degrees_that_disagree(tmp_path):
    _, report = load_wind(written(tmp_path, "风向,风向角,风速,频率\nN,0,3,0.97\nE,180,3,0.03\n"))
    assert [(i.code, i.row) for i in report.issues if i.action == "rejected"] == [("wind_direction", 3)]


@pytest.mark.parametrize("share", ["0.4", "40", "90"])
def test_shares_that_do_not_sum_are_refused(tmp_path, share):
    with pytest.raises(InputError, match="neither 1 nor 100 %"):
        load_wind(written(tmp_path, f"direction,speed,share\nN,3,{share}\n"))


def test_a_matrix_of_sectors_and_speeds(tmp_path):
    text = "2020年风频表\n风向\\风速,0.5-2 m/s,2~4,>11\nN,10,20,5\nENE,30,25,\n静风,10,0,0\n"
    table, report = load_wind(written(tmp_path, text))
    assert table.fillna(-1)[["direction_deg", "speed_mps", "share"]].to_numpy().tolist() == [
        [0, 1.25, 0.1], [0, 3, 0.2], [0, 13, 0.05], [67.5, 1.25, 0.3], [67.5, 3, 0.25], [-1, 1.25, 0.1],
    ]  # fmt: skip
    assert report.rows_read == 3


def test_hours_counted_by_hand(tmp_path):
    rows = [
        "2020-01-01 00:00,350,1.0,0,2",  # night, clear, 1 m/s: F, north
        "2020-01-01 01:00,11,1.0,0,8",  # night, cloudy: E, north
        "2020-01-01 02:00,12,4.0,0,10",  # overcast: D, north-north-east
        "2020-01-01 12:00,180,1.0,800,0",  # strong sun: A, south
        "2020-01-01 13:00,,0.2,800,0",  # calm
        "2020-01-01 14:00,999,3.0,800,0",  # no direction
        "2020-01-01 15:00,90,,800,0",  # no speed
    ]
    text = "时间,风向(度),风速(m/s),总辐射(W/m2),总云量(成)\n" + "\n".join(rows)
    table, report = load_wind(written(tmp_path, text))
    assert table.fillna(-1).to_numpy().tolist() == [
        ["day", 180, 1.5, "A", 0.2], ["day", -1, 0.5, "A", 0.2],
        ["night", 0, 1.5, "E", 0.2], ["night", 0, 1.5, "F", 0.2], ["night", 22.5, 4, "D", 0.2],
    ]  # fmt: skip
    rejected = [(i.code, i.row, i.value) for i in report.issues if i.action == "rejected"]
    assert rejected == [("wind_speed", 8, ""), ("wind_direction", 7, "999")]
    assert "wind_hours" in {i.code for i in report.issues}


def test_cloud_without_a_unit_is_not_guessed(tmp_path):
    text = "time,direction,speed,cloud,ghi\n2020,100,3,5,0\n2021,101,3,5,0\n"
    table, report = load_wind(written(tmp_path, text))
    assert table["stability"].isna().all()
    assert {"wind_cloud_unit", "wind_no_stability"} <= {i.code for i in report.issues}


def test_tens_of_degrees_are_parted(tmp_path):
    # 10 degrees stands for 5 to 15: 6.25 of these 10 degrees lie in the sector of north (to 11.25)
    text = "time,direction,speed\n" + "".join(f"{h},{d},3\n" for h, d in enumerate([10, 20, 350, 360]))
    table, report = load_wind(written(tmp_path, text))
    share = dict(zip(table["direction_deg"], table["share"], strict=True))
    assert share == pytest.approx({0: (0.625 + 0.625 + 1) / 4, 22.5: 1.375 / 4, 337.5: 0.375 / 4})
    assert "wind_tens" in {i.code for i in report.issues}


def test_all_tens_alike_make_an_even_rose(tmp_path):
    text = "time,direction,speed\n" + "".join(f"{d},{d},3\n" for d in range(10, 370, 10))
    assert np.allclose(load_wind(written(tmp_path, text))[0]["share"], 1 / 16)


def test_stability_by_the_table():
    speed = np.array([1.0, 2.5, 4.0, 5.5, 7.0])
    day = [stability_class(speed, np.full(5, r), np.full(5, np.nan)).tolist() for r in (100, 300, 800, 1000)]
    assert ["".join(d) for d in day] == ["DDDDD", "BCCDD", "ABBCD", "AABCC"]
    night = [stability_class(speed, np.full(5, np.nan), np.full(5, c)).tolist() for c in (0.2, 0.6, 1.0)]
    assert ["".join(n) for n in night] == ["FFEDD", "EEDDD", "DDDDD"]


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_wind(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no wind rose and no hourly weather"):
        load_wind(written(tmp_path, "名称,地址\n甲,乙\n"))
    with pytest.raises(InputError, match="Give it in m/s"):
        load_wind(written(tmp_path, "direction,风速(km/h),share\nN,3,1\n"))
    (tmp_path / "a.csv.gz").write_bytes(b"\x1f\x8bbroken")
    with pytest.raises(InputError, match="cannot be unpacked"):
        load_wind(tmp_path / "a.csv.gz")
    assert not is_wind(written(tmp_path, "企业名称,地址\n甲,乙\n"))


def test_a_wind_file_given_to_init(tmp_path):
    path = written(tmp_path, "direction,speed,share\nN,3,100\n")
    found = recognise([path])
    assert [r.layer for r in found] == ["weather"]
    assert '[weather]\n# wind.csv: 1 rows; wind: 1 classes\nwind = "wind.csv"' in region_toml("x", found, tmp_path)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-10, 400), st.floats(-1, 90).map(lambda v: round(v, 2)), st.integers(0, 1000)),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_shares_close_and_rows_add_up(tmp_path_factory, hours):
    path = tmp_path_factory.mktemp("w") / "w.csv"
    path.write_text("time,direction,speed,ghi\n" + "".join(f"{i},{d},{v},{r}\n" for i, (d, v, r) in enumerate(hours)))
    good = [(d, v) for d, v, _ in hours if 0 <= v <= weather.FASTEST_MPS and (0 <= d <= 360 or v < 0.5)]
    if not good:
        with pytest.raises(InputError):
            load_wind(path)
        return
    table, report = load_wind(path)
    assert table["share"].sum() == pytest.approx(1)
    assert (report.rows_kept, report.rows_read) == (len(good), len(hours))
    assert table["direction_deg"].dropna().isin(np.arange(16) * 22.5).all()


@pytest.mark.real
def test_real_years(real_data):
    for name, calm, prevailing in (
        ("NLD_Amsterdam062400_IWEC.epw.gz", 0.007, 247.5),
        ("723170TYA_Greensboro_TMY3.csv.gz", 0.120, 225.0),
    ):
        path = real_data / "weather" / name
        table, report = load_wind(path)
        assert (report.rows_read, report.rows_rejected) == (8760, 0)
        assert table["share"].sum() == pytest.approx(1)
        assert table.loc[table["direction_deg"].isna(), "share"].sum() == pytest.approx(calm, abs=0.0006)
        assert table.groupby("direction_deg")["share"].sum().idxmax() == prevailing
        assert set(table["stability"]) == set("ABCDEF")
        assert set(table.loc[table["period"] == "night", "stability"]) == set("DEF")
    lines = gzip.decompress((real_data / "weather" / "NLD_Amsterdam062400_IWEC.epw.gz").read_bytes()).decode("latin-1")
    assert sum(float(r.split(",")[21]) < 0.5 for r in lines.splitlines()[8:]) / 8760 == pytest.approx(0.007, abs=5e-4)
