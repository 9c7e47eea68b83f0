"""The step that checks pipelines: high-consequence areas, location classes, encroachment, activity, crossings."""

from __future__ import annotations

from ..manifest import Step
from ..region import Region
from .files import SHARED_CODE, layer_files, tables, write_tables

LAYERS = (
    "gas_pipelines",
    "buildings",
    "population",
    "crowded_places",
    "roads",
    "water",
    "hazard_sources",
    "landuse",
    "emergency_facilities",
    "enterprises",
    "risk_points",
    "hidden_dangers",
    "parking_lots",
)
TABLES = ("hca", "location_classes", "encroachments", "crossings", "pipelines_unchecked")


def pipeline_steps(region: Region) -> list[Step]:
    """The step, where the region has pipelines."""
    if "gas_pipelines" not in region.settings.layers:
        return []
    code = ("analysis", "standards", "pipeline/pipelines.py", *SHARED_CODE)
    reads = layer_files(region, *LAYERS)
    return [Step("pipelines", lambda: _pipelines(region), reads, tables(region, *TABLES), None, code)]


def _pipelines(region: Region) -> None:
    from ..analysis.pipelines.contacts import check_pipelines

    vectors = [name for name in LAYERS if name in region.vector_layers]
    write_tables(region, **check_pipelines(region.layers(*vectors))._asdict())
