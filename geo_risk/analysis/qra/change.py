"""What if: the difference that other frequencies, another stock, or the end of a source make to the surface."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import Grid
from ...sections import RiskSettings
from .model import Model, restamp, source_ids
from .outcomes import Outcome
from .overrides import Overrides
from .scenarios import scenario_branches


class Difference(NamedTuple):
    """``after`` (rows, cols): the new surface; ``window`` (row0, row1, col0, col1): outside it nothing changed."""

    after: NDArray[np.float32]
    window: tuple[int, int, int, int]


def scaled(model: Model, source: int, factor: float) -> Model:
    """
    The model with all frequencies of one source times ``factor``; 0 removes it.

    Raises
    ------
    InputError
        If the factor is negative or not a number.
    """
    if not (np.isfinite(factor) and factor >= 0):
        raise InputError(f"factor {factor:g}: must be a number of 0 or more; 0 removes the source.")
    kept = [replace(o, frequency=o.frequency * factor) if o.source == source else o for o in model.outcomes]
    return replace(model, outcomes=[o for o in kept if o.source != source or factor > 0])


def restocked(
    model: Model, source: int, stock_kg: float, settings: RiskSettings, rules: Overrides | None = None
) -> Model:
    """
    The model with another stock in one source [kg], whose scenarios are worked out anew; the others stay as they are.

    ``rules`` are the own numbers that the model was made with. Stock that can do no harm leaves no outcome.

    Raises
    ------
    InputError
        If the stock is not above 0, or the source is a line, whose content follows from its size.
    """
    name = str(source_ids(model.sources)[source])
    if not (np.isfinite(stock_kg) and stock_kg > 0):
        raise InputError(f"quantity {stock_kg / 1000:g} t: must be above 0; to remove {name} use --factor 0.")
    if model.sources.geometry.iloc[source].geom_type != "Point":
        raise InputError(f"{name}: what a pipeline or road holds follows from its size. Use --factor instead.")
    sources = model.sources.copy()
    sources.loc[source, "inventory_kg"] = stock_kg
    alone = sources.iloc[[source]].reset_index(drop=True)
    branches, _ = scenario_branches(alone, model.weather, settings, _of(rules, name))
    new = [
        Outcome(source, b.loss.scenario, b.end.outcome, b.weather, b.frequency, b.footprint)
        for b in branches
        if b.footprint is not None and b.frequency > 0
    ]
    return replace(model, sources=sources, outcomes=[*(o for o in model.outcomes if o.source != source), *new])


def _of(rules: Overrides | None, source_id: str) -> Overrides | None:
    """The rules of one source alone; its replaced values stand in the sources already."""
    return rules and Overrides({key: rule for key, rule in rules.rules.items() if key[0] == source_id})


def what_if(
    surface: NDArray[np.float32], before: Model, after: Model, source: int, grid: Grid, *, workers: int = 1
) -> Difference:
    """
    The LSIR surface after one source changed, touching only the cells it reaches.

    ``surface`` is that of ``before`` and stays as it is; the result equals a full run bit for bit.
    """
    changed = surface.copy()
    window = restamp(changed, before, after, [source], grid, workers=workers)
    return Difference(changed, window)
