"""Setback findings against the layers of a region, by separate code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import store
from ..errors import InputError
from .analysis import SETBACK_LAYERS
from .rules import setback_rules

if TYPE_CHECKING:
    import pandas as pd

    from ..region import Region


def verify_findings(region: Region, path: str | Path | None) -> pd.DataFrame:
    """
    Where the findings in a Parquet file (the region's own if None) do not follow from its layers and rules.

    Raises
    ------
    InputError
        If the file is no table of findings with places, or its CRS is not the region's.
    RegionError
        If the region has not been run.
    """
    from ..analysis.verify import verify

    layers = region.layers(*SETBACK_LAYERS)
    findings = region.table("findings") if path is None else store.read_places(Path(path))
    crs = next((frame.crs for frame in layers.values()), None)
    if crs is not None and getattr(findings, "crs", None) != crs:
        raise InputError(
            f"{path}: its places are not in the region's CRS ({crs.to_string()}). "
            "Give the file that geo-risk export REGION findings --to findings.parquet writes."
        )
    return verify(findings, layers, rules=setback_rules(region))


def failing_risk(region: Region) -> pd.DataFrame | None:
    """Targets whose individual risk fails GB 36894-2018 as last run, worst first; None where risk is not quantified."""
    if not region.settings.risk.quantified or not (region.build / "tables" / "target_risk.parquet").is_file():
        return None
    table = region.table("target_risk")
    return table[table["verdict"] == "fail"].sort_values(["margin", "layer", "id"], kind="stable")
