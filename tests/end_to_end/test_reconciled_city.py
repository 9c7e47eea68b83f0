"""The finished demo city against its own rasters and tables, and proof that a wrong figure would be found."""

import numpy as np
import pytest
import reconciled

from geo_risk import store


def test_every_grade_share_and_total_is_that_of_its_cells_and_members(city):
    assert reconciled.faults(city) == []


def _table(name, kind="tables"):
    def edit(folder, change):
        path = folder / "build" / kind / f"{name}.parquet"
        table = store.read_table(path)
        change(table)
        store.write_table(path, table)

    return edit


def _set(row, column, value):
    def change(table):
        at = table.index[row(table)][0]
        table.loc[at, column] = value(table.loc[at, column])

    return change


def _other(grade):
    return grade % 4 + 1


def _scope(name):
    return lambda table: table["scope"] == name


def _cells(name, value):
    def edit(folder, change):
        path = folder / "build" / "surfaces" / f"{name}.tif"
        surface = store.read_surface(path)
        row, col = (axis[0] for axis in np.nonzero(surface.array > 0))
        surface.array[row, col] = value(surface.array[row, col])
        store.write_surface(path, surface)

    return edit


def _text(name, before, after):
    def edit(folder, change):
        path = folder / "site" / "internal" / "downloads" / f"{name}.csv"
        told = path.read_text(encoding="utf-8")
        assert before in told
        store.write_text(path, told.replace(before, after, 1))

    return edit


def _first(table):
    return np.arange(len(table)) == 0


def _nothing(table):
    return None


ALTERED = {
    "grade of a township": (_table("districts"), _set(_first, "grade", _other), "districts"),
    "current grade of a township": (_table("districts"), _set(_first, "grade_now", _other), "districts"),
    "share of a township": (_table("districts"), _set(_first, "share_red", lambda x: x + 1e-6), "districts"),
    "residents in red": (_table("districts"), _set(_first, "persons_red", lambda x: x + 1), "districts"),
    "grade of a firm": (_table("enterprises"), _set(_first, "grade", _other), "firms"),
    "grade of a trade": (_table("groups"), _set(_scope("trade"), "grade", _other), "firm_groups"),
    "firms of a park": (_table("groups"), _set(_scope("park"), "n_red", lambda n: n + 1), "firm_groups"),
    "share of a pipeline": (_table("groups"), _set(_scope("pipeline"), "share_blue", lambda x: x + 1e-6), "lines"),
    "grade of a road": (_table("groups"), _set(_scope("road"), "grade", _other), "lines"),
    "share of the region": (_table("groups"), _set(_scope("region"), "share_red", lambda x: x + 1e-6), "totals"),
    "persons of the region": (_table("groups"), _set(_scope("region"), "persons", lambda x: x + 2), "totals"),
    "grade of a segment": (_table("segments"), _set(_first, "grade", _other), "lines"),
    "a cell of the grades": (_cells("grade", lambda g: g % 4 + 1), _nothing, "rasters"),
    "a cell of the index": (_cells("index", lambda x: x + 50), _nothing, "rasters"),
    "persons of the layer": (_table("population", "layers"), _set(_first, "persons", lambda n: n + 1), "totals"),
    "an offered share": (_text("districts_city", "临澜市,city,,4", "临澜市,city,,3"), _nothing, "offered"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_altered_figure_is_found(what, city, tmp_path):
    edit, change, check = ALTERED[what]
    copy = tmp_path / "linlan"
    store.link_tree(city, copy)  # files are replaced, never changed in place
    edit(copy, change)
    assert reconciled.faults(copy, check)
