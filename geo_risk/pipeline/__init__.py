"""The steps of a region, one short function each; the only place where the sub-packages meet.

``inputs -> layers -> surfaces and tables -> site``: every step reads and writes the files it names,
and `manifest.run_steps` runs those whose inputs, settings or code changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import SettingsError
from ..manifest import Step
from ..region import Region
from .analysis import HAZARD_LAYERS, SETBACK_LAYERS, analysis_steps
from .dangers import danger_steps
from .dates import date_step
from .imports import import_steps
from .publish import copy_site, not_stated, publish, publish_steps, require_stated, site_parts
from .rescue import facilities_of
from .risk import model_of
from .roads import network
from .rules import setback_rules
from .store import store_steps

__all__ = [
    "SETBACK_LAYERS",
    "copy_site",
    "facilities_of",
    "model_of",
    "network",
    "not_stated",
    "publish",
    "require_stated",
    "setback_rules",
    "site_parts",
    "steps",
]


Plans = Callable[[Region, Sequence[Step]], list[Step]]


def steps(
    folder: Path, build: Path, *, workers: int | None = None, samples: int | None = None, plans: Plans | None = None
) -> list[Step]:
    """
    All steps of the region in ``folder`` whose results lie in ``build``, in order.

    ``samples`` of the robustness of colours in place of the setting's; ``plans`` gives the steps of what is to be
    built, which read what all steps before them write.
    """
    region = Region(folder, build=build)
    names = list(region.settings.layers)
    if not set(names) & set(HAZARD_LAYERS):
        raise SettingsError(
            f"{folder / 'region.toml'}: no layer with hazards. "
            f"Add one of: {', '.join(f'[layers.{n}]' for n in HAZARD_LAYERS)}."
        )
    count = workers or region.settings.compute.workers or os.cpu_count() or 1
    before = [
        *import_steps(region),
        date_step(region),
        *analysis_steps(region, count, samples),
        *danger_steps(region),
    ]
    return [
        *before,
        *(plans(region, before) if plans else []),
        *publish_steps(region, count),
        *store_steps(region),
    ]
