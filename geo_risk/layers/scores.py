"""Scores of risk points that no scale of their method has."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..standards import table
from .quality import Log


def tell(frame: pd.DataFrame, rows: NDArray, log: Log) -> None:
    """
    Tell the scores of a list of risk points that are not on the scale of the method the row names.

    Such a row stays; its scores give no grade (see `analysis.points`).
    """
    scales = table("point_scales")
    for (method, term), scale in scales.groupby(["method", "term"], sort=True):
        value = frame[str(term)].to_numpy(float)
        bad = (frame["method"] == method).to_numpy() & ~np.isnan(value) & ~np.isin(value, scale["score"])
        known = ", ".join(f"{s:g}" for s in sorted(scale["score"].unique(), reverse=True))
        for wrong in np.unique(value[bad]):
            here = list(rows[bad & (value == wrong)])
            values = [f"{wrong:g}"] * len(here)
            log.group(
                "noted", "off_scale", here, column=str(term), values=values, detail=f"{str(method).upper()}: {known}"
            )
