"""Solid explosives: what a name means in TNT, and the footprint of a store that goes off."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..consequence.checks import distance_where
from ..consequence.explosion import TNT_J_KG, explosives_ground
from ..consequence.properties import Substance, substance
from ..consequence.vulnerability import BLAST_CERTAIN_PA, BLAST_INDOOR_PA
from ..rows import table_rows
from ..substances import canonical
from .drift import blast
from .footprint import Footprint
from .losses import Release

PART = "explosives_store"


def explosive(name: str) -> Substance | None:
    """The explosive a name means, its ``combustion_heat`` that of its TNT equivalent [J/kg]; None if it is none."""
    names = {name.strip(), *canonical(name)}
    for row in table_rows("explosives"):
        if names & {row["name_zh"], *row["names"].split("|")}:
            return _substance(row["name_zh"], float(row["tnt_equivalent"]), row["confidence"])
    return None


def material(name: str) -> Substance:
    """An explosive, or a substance with properties; StandardsError for anything else."""
    return explosive(name) or substance(name)


@lru_cache
def _substance(name: str, equivalent: float, confidence: str) -> Substance:
    none = np.nan
    return Substance(
        name, name, "", none, none, none, none, none, none, none, none, equivalent * TNT_J_KG, none, none, none, none,
        none, (none, none, none), none, "", "", none, none, none, f"{equivalent:g} of its mass in TNT", confidence,
    )  # fmt: skip


def detonation(release: Release) -> Footprint | None:
    """The whole store at once: 30 and 10 kPa on flat ground (GB 6722-2014 13.3.2, as GB/T 37243-2019 takes it)."""
    tnt = release.mass_kg * release.what.combustion_heat / TNT_J_KG
    edges = distance_where(lambda r: explosives_ground(r, tnt), [BLAST_CERTAIN_PA, BLAST_INDOOR_PA], 0.1, 1e4)
    return blast(float(edges[0]), float(edges[1]), 0.0)
