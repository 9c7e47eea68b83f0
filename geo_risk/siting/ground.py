"""A region as siting sees it, and the project read onto it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import answers, pipeline, store
from ..errors import InputError
from ..pipeline import SETBACK_LAYERS

if TYPE_CHECKING:
    import geopandas as gpd

    from ..analysis.conditions import Rules
    from ..analysis.pipelines.pipes import Pipe
    from ..analysis.qra.model import Model
    from ..analysis.qra.societal import FN
    from ..region import Region

# What is read of a region: the layers of the setbacks and those the ground itself is judged by.
LAYERS = tuple(dict.fromkeys((*SETBACK_LAYERS, "population", "water", "landuse")))


class Ground:
    """A region as siting sees it, each part read once: keep one for many questions."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self._tables: dict[str, Any] = {}

    @cached_property
    def layers(self) -> dict[str, gpd.GeoDataFrame]:
        """The layers that have a say."""
        return self.region.layers(*LAYERS)

    @cached_property
    def boundary(self) -> Any:
        """Outline of the region."""
        return store.read_table(self.region.build / "boundary.parquet").geometry.iloc[0]

    @cached_property
    def rules(self) -> Rules:
        """The rules the region has switched on, with what has been worked out of them."""
        from ..analysis.conditions import prepare

        return prepare(pipeline.setback_rules(self.region))

    @cached_property
    def quantified(self) -> bool:
        """Whether the region's own risk is known."""
        return bool(self.region.settings.risk.quantified) and self._has("risk_outcomes")

    @cached_property
    def model(self) -> Model:
        """The risk model of the last run."""
        return answers.risk_model(self.region)

    @cached_property
    def people(self) -> Any:
        """Who is where, by day and night."""
        from ..analysis.qra.people import SIDE_M
        from ..analysis.qra.societal import People

        crowd = self.region.table("risk_people")
        persons = {period: crowd[period].to_numpy(float) for period in ("day", "night")}
        return People(crowd["x"].to_numpy(float), crowd["y"].to_numpy(float), SIDE_M, persons)

    @cached_property
    def ruled(self) -> Any:
        """(S,) sources of the model that the risk sum decides for, see `analysis.siting.risk.governed`."""
        import numpy as np

        from ..analysis.siting.risk import governed

        hazards = self.layers.get("hazard_sources")
        if hazards is None:
            return np.zeros(len(self.model.sources), bool)
        return governed(self.model.sources, hazards, self.table("major_hazards"))

    @cached_property
    def fn(self) -> FN:
        """F-N of the sources that the risk sum decides for, with the people as they are; zero for the others."""
        from ..analysis.qra.model import fn_of

        return fn_of(self.model, self.people, only=self.ruled, workers=os.cpu_count() or 1)

    @cached_property
    def lsir(self) -> Any:
        """Individual risk on the region's grid."""
        return self.region.surface("lsir").array

    @cached_property
    def network(self) -> Any:
        """The road network."""
        return pipeline.network(self.region)

    @cached_property
    def facilities(self) -> gpd.GeoDataFrame:
        """The rescue forces."""
        return pipeline.facilities_of(self.region)

    @cached_property
    def pipes(self) -> list[Pipe]:
        """The pipelines in use."""
        from ..analysis.pipelines.pipes import pipes_of

        layer = self.layers.get("gas_pipelines")
        return [] if layer is None else pipes_of(layer, Counter())

    def table(self, name: str) -> Any:
        """A result table, None where the region has none."""
        if name not in self._tables:
            self._tables[name] = self.region.table(name) if self._has(name) else None
        return self._tables[name]

    def _has(self, name: str) -> bool:
        return (self.region.build / "tables" / f"{name}.parquet").is_file()


def read(
    ground: Ground,
    path: str | Path,
    *,
    kind: str | None = None,
    values: Mapping[str, Any] | None = None,
    crs: str | None = None,
) -> dict[str, gpd.GeoDataFrame]:
    """The rows of a project; see `layers.project.read_project`. InputError if it lies outside the region."""
    from ..layers.project import read_project

    region = ground.region
    found = read_project(
        path, crs=region.crs, anchor=tuple(region.frame["anchor"]), kind=kind, values=values, system=crs
    )
    for frame in found.values():
        _inside(ground, frame)
    return found


def read_shapes(ground: Ground, path: str | Path, crs: str | None = None) -> tuple[gpd.GeoDataFrame, str]:
    """The shapes of a file and their coordinate system; see `layers.project.read_outline` and `read`."""
    from ..layers.project import read_outline

    region = ground.region
    frame, system = read_outline(path, crs=region.crs, anchor=tuple(region.frame["anchor"]), system=crs)
    _inside(ground, frame)
    return frame, system


def _inside(ground: Ground, frame: gpd.GeoDataFrame) -> None:
    outside = ~frame.geometry.intersects(ground.boundary)
    if outside.any():
        row = frame[outside].iloc[0]
        raise InputError(
            f"{row['source_file']}, row {row['source_row']}: lies outside {ground.region.settings.region.name}. Check "
            "the outline, or its coordinate system (--crs gcj02 for outlines drawn on 高德 or 腾讯 maps)."
        )


def district(ground: Ground, name: str, option: str = "--within") -> Any:
    """Outline of the district of that name or id; InputError with the nearest names if there is none."""
    import difflib

    frame = ground.region.layers("districts").get("districts")
    if frame is None:
        raise InputError(f"{option} {name}: the region has no layer districts.")
    hit = frame[(frame["name"] == name) | (frame["id"] == name)]
    if len(hit) != 1:
        names = frame["name"].dropna().astype(str).tolist()
        near = difflib.get_close_matches(name, names, 3, 0.3) or names[:5]
        raise InputError(f"{option} {name}: {len(hit)} districts are called so. Nearest: {', '.join(near)}; or an id.")
    return hit.geometry.iloc[0]


def read_parcels(ground: Ground, path: str | Path) -> gpd.GeoDataFrame:
    """Polygons to choose a site from (id, name), cleaned as the layer landuse is; InputError if none can be used."""
    from ..layers.load import load_layer

    region = ground.region
    spec = {"source": str(Path(path).resolve())}
    frame, reports = load_layer(
        "landuse", spec, folder=Path.cwd(), crs=region.crs, anchor=tuple(region.frame["anchor"])
    )
    lost = sum(report.rows_rejected for report in reports)
    if lost:
        first = next(i for report in reports for i in report.issues if i.action == "rejected")
        raise InputError(
            f"{path}: {lost} parcels cannot be used, such as row {first.row}: {first.problem}. {first.suggestion[0]}"
        )
    return frame
