"""The small town, finished, and copies of it to be changed."""

import shutil
from pathlib import Path

import pytest
from dynamics_town import STEPS, TOML, rows, write_districts, write_table

import geo_risk


@pytest.fixture(scope="session")
def town(tmp_path_factory) -> Path:
    """The finished town; not to be changed."""
    folder = tmp_path_factory.mktemp("town") / "town"
    (folder / "inputs").mkdir(parents=True)
    (folder / "region.toml").write_text(TOML, encoding="utf-8")
    write_districts(folder)
    for name, table in rows().items():
        write_table(folder, name, table)
    geo_risk.Region(folder).run(STEPS, workers=1)
    return folder


@pytest.fixture
def own_town(town, tmp_path) -> Path:
    """A copy of the finished town, to be changed at will."""
    return Path(shutil.copytree(town, tmp_path / "town"))


@pytest.fixture
def changed_town(own_town):
    """Function that changes one table of a copy of the town and runs it."""

    def change(name: str, edit) -> Path:
        table = rows()[name]
        edit(table)
        write_table(own_town, name, table)
        geo_risk.Region(own_town).run(STEPS, workers=1)
        return own_town

    return change
