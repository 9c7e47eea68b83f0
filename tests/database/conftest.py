"""A schema of its own for every test."""

import itertools
import os

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import pytest
from shapely.geometry import LineString, Point, box

_count = itertools.count()


class Server:
    """The database, with a plain connection beside the code under test, and one schema."""

    def __init__(self, url: str, schema: str):
        self.url, self.schema = url, schema
        self.connection = psycopg.connect(url, autocommit=True)

    def __call__(self, statement: str, *values):
        """Rows of a statement; @ stands for the schema."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement.replace("@", self.schema), values or None)
            return cursor.fetchall() if cursor.description else []

    def at(self, table: str) -> str:
        return f"{self.url}#{self.schema}.{table}"


@pytest.fixture
def server(postgis_url):
    own = Server(postgis_url, f"geo_risk_test_{os.getpid()}_{next(_count)}")
    own("CREATE SCHEMA @")
    yield own
    own("DROP SCHEMA @ CASCADE")
    own.connection.close()


@pytest.fixture
def points():
    """Ten points with every kind of column."""
    n = 10
    return gpd.GeoDataFrame(
        {
            "id": [f"{i:02d}" for i in range(n)],
            "name": ["甲", None, "a\tb\\N\n\\.\n", "引\"号'", "", "NULL", "\\.", "𠮷", "x;y", "%s"],
            "persons": [1 / 3, np.nan, 1e-300, 1e300, -0.0, np.inf, 5e-324, 7.0, 8.0, 9.0],
            "level": pd.array([1, None, 2**62, -4, 5, 6, 7, 8, 9, 0], dtype="Int64"),
            "bridge": pd.array([True, False, None] * 3 + [True], dtype="boolean"),
        },
        geometry=[Point(500_000 + i / 3, 3_500_000 + i / 7) if i != 4 else None for i in range(n)],
        crs="EPSG:4549",
    )


@pytest.fixture
def shapes():
    """Areas and lines in one column, none of the same kind."""
    return gpd.GeoDataFrame({"kind": ["a", "b"]}, geometry=[box(0, 0, 1, 1), LineString([(0, 0), (1, 1)])], crs=4549)
