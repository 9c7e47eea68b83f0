"""What if: the difference that other frequencies, or the end of a source, make to the surface."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...grid import Grid
from .model import Model, restamp


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


def what_if(
    surface: NDArray[np.float32], model: Model, source: int, factor: float, grid: Grid, *, workers: int = 1
) -> Difference:
    """
    The LSIR surface after a source's frequencies change, touching only the cells it reaches.

    ``surface`` is that of ``model`` and stays as it is; the result equals a full run bit for bit.
    """
    after = surface.copy()
    window = restamp(after, model, scaled(model, source, factor), [source], grid, workers=workers)
    return Difference(after, window)
