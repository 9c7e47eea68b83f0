"""The grade of a cell from the grades of the index and of individual risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..sections import GradingSettings

Grades = NDArray[np.uint8]


def composite(index: Grades, lsir: Grades | None = None, settings: GradingSettings | None = None) -> Grades:
    """
    Composite grade (any shape, uint8 0 to 4) of index grade and individual-risk grade.

    "higher": the worse of both. "weighted": their mean by ``lsir_weight``, half up, where individual
    risk has a grade; elsewhere that of the index. Without individual risk the index alone.

    Raises
    ------
    InputError
        If the two differ in shape.
    """
    settings = settings or GradingSettings()
    if lsir is None:
        return index.astype(np.uint8)
    if lsir.shape != index.shape:
        raise InputError(f"index grade has shape {index.shape}, individual risk {lsir.shape}; they must be the same.")
    if settings.combine == "higher":
        return np.maximum(index, lsir).astype(np.uint8)
    weight = settings.lsir_weight
    # 1e-9: 0.3 x 3 + 0.7 x 2 may miss a half by one bit.
    mean = np.floor((1 - weight) * index + weight * lsir + 0.5 + 1e-9)
    return np.where(lsir > 0, mean, index).astype(np.uint8)
