"""Tables of toxic clouds for the risk sum: the probit along the axis and the spread across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import Array
from .clouds import RECEPTOR_M, Cloud, Release, cloud
from .vulnerability import LEAST_PROBIT, ProbitConstants, toxic_probit

_MG_PER_KG = 1e6


@dataclass(frozen=True)
class ToxicTables:
    """
    Clouds (R,) as tables (R, K) of distance [m], probit on the axis and crosswind spread [m].

    Only the first ``count`` (R,) nodes of a row belong to it: to the distance where 1 % die; 0 where
    fewer die everywhere. ``slope`` says how the probit falls crosswind, see ``qra.footprint``.
    ``cloud`` holds the concentrations, and whether the models are valid for them.
    """

    x_m: Array
    probit: Array
    sigma_m: Array
    count: NDArray[np.int64]
    slope: float
    cloud: Cloud

    def row(self, i: int) -> tuple[Array, Array, Array]:
        """Distance, probit and spread of one cloud: the arguments of ``qra.footprint.plume``, with ``slope``."""
        k = slice(0, self.count[i])
        return self.x_m[i, k], self.probit[i, k], self.sigma_m[i, k]

    @property
    def reach_m(self) -> Array:
        """(R,) distance to 1 % death on the axis [m]; 0 where it is nowhere reached."""
        last = self.x_m[np.arange(len(self.count)), np.maximum(self.count - 1, 0)]
        return np.where(self.count > 0, last, 0.0)


def toxic_tables(
    release: Release, constants: ProbitConstants, surface: str, *, receptor_m: float = RECEPTOR_M
) -> ToxicTables:
    """
    Toxic clouds of one substance; concentrations are 10 min means, exposure ends after 30 min.

    Each row ends where the probability on the axis falls to 1 % for the last time. NaN in a
    release gives a row without nodes.
    """
    c = cloud(release, surface, receptor_m=receptor_m)
    probit = np.maximum(toxic_probit(c.kg_m3 * _MG_PER_KG, c.seconds / 60, constants), -1e3)
    lethal = probit >= LEAST_PROBIT
    last = np.where(lethal.any(axis=1), len(c.x_m) - 1 - lethal[:, ::-1].argmax(axis=1), -1)
    count = np.where(last >= 0, np.minimum(last + 2, len(c.x_m)), 0)
    x = np.broadcast_to(c.x_m, probit.shape).copy()
    _end_at(LEAST_PROBIT, last, x, probit, c.sigma_m)
    return ToxicTables(x, probit, c.sigma_m, count.astype(np.int64), constants.slope, c)


def _end_at(level: float, last: NDArray[np.int64], x: Array, value: Array, width: Array) -> None:
    """Move the node after ``last`` to where the value falls to ``level``, straight in the log of the distance."""
    rows = np.flatnonzero((last > 0) & (last < x.shape[1] - 1))
    a, b = last[rows], last[rows] + 1
    above, below = value[rows, a], value[rows, b]
    part = (above - level) / (above - below)
    x[rows, b] = x[rows, a] * (x[rows, b] / x[rows, a]) ** part
    width[rows, b] = width[rows, a] + part * (width[rows, b] - width[rows, a])
    value[rows, b] = level
