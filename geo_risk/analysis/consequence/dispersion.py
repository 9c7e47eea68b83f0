"""Passive clouds: how wind and turbulence dilute a gas that is neither heavy nor light.

Gaussian plume and puff with a reflecting ground (AQ/T 3046-2013 E.33; ALOHA, NOAA TM NOS OR&R 43, 4.3),
the spreads of several published sets (``standards/dispersion_sigmas.csv``), and the wind profile.
All functions broadcast over arrays; NaN in gives NaN out. SI units.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from ...errors import StandardsError
from ..rows import table_rows
from .checks import Valid, valid

STABILITIES = "ABCDEF"
SURFACES = {"rural": "briggs_rural", "urban": "briggs_urban"}  # the usual spreads of a plume over each
# Briggs' curves are fitted from 100 m to 10 km; practice extrapolates to 50 m - 20 km.
BRIGGS_VALID_M = (50.0, 20_000.0)
LEAST_WIND_MPS = 1.0  # below it a cloud has no direction
SIGMA_AVERAGING_S = 600.0  # averaging time of the spreads (Yellow Book 4.5)
_AVERAGING_POWER, _LEAST_AVERAGING_S = 0.2, 18.75  # Yellow Book 4.5; shorter is the instantaneous cloud
_PROFILE_M = 10.0


def sigmas(
    x_m: ArrayLike, stability: ArrayLike, by: str = "briggs_rural"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Crosswind and vertical spread [m] at distances ``x_m`` [m]; 0 at and before the source.

    ``stability``: letters A to F, broadcast with ``x_m``; ``by``: a set of ``dispersion_sigmas.csv``.
    Outside `BRIGGS_VALID_M` the values are extrapolated.

    Raises
    ------
    StandardsError
        If the set or a stability class is unknown.
    """
    x = np.asarray(x_m, float)
    rows = _coefficients(by)[stability_index(stability)]
    return _power(x, rows[..., 0, :]), _power(x, rows[..., 1, :])


def _power(x: NDArray[np.float64], row: NDArray[np.float64]) -> NDArray[np.float64]:
    """a x^b (1 + c x)^d, the one form that all sets share."""
    a, b, c, d = (row[..., k] for k in range(4))
    x = np.maximum(x, 0.0)
    straight = x if (b == 1).all() else x**b
    return np.asarray(a * straight * np.exp(d * np.log1p(c * x)))


@cache
def _coefficients(by: str) -> NDArray[np.float64]:
    """(6, 2, 4) of a set: stability, y or z, coefficients."""
    rows = [r for r in table_rows("dispersion_sigmas") if r["set"] == by]
    if not rows:
        known = sorted({r["set"] for r in table_rows("dispersion_sigmas")})
        raise StandardsError(f"no dispersion set '{by}'. There are: {', '.join(known)}.")
    out = np.empty((6, 2, 4))
    for r in rows:
        out[STABILITIES.index(r["stability"]), "yz".index(r["axis"])] = r["a"], r["b"], r["c"], r["d"]
    return out


def stability_index(stability: ArrayLike) -> NDArray[np.int64]:
    """0 to 5 for the letters A to F, any shape."""
    letters = np.asarray(stability, "U1")
    index = np.searchsorted(list(STABILITIES), letters)
    known = np.isin(letters, list(STABILITIES))
    if not known.all():
        raise StandardsError(f"stability class '{letters[~known].flat[0]}' is none of A, B, C, D, E, F.")
    return index.astype(np.int64)


def plume_valid(x_m: ArrayLike, wind_mps: ArrayLike) -> Valid:
    """Where Briggs' spreads and a Gaussian cloud hold."""
    return valid(("distance", x_m, *BRIGGS_VALID_M, "m"), ("wind", wind_mps, LEAST_WIND_MPS, np.inf, "m/s"))


def wind_at(height_m: ArrayLike, wind_10m: ArrayLike, stability: ArrayLike, surface: str) -> NDArray[np.float64]:
    """
    Wind speed [m/s] at a height [m] from that at 10 m (power law, Irwin 1979).

    ``surface``: "rural" or "urban". The law means nothing below about 1 m; lower heights count as 1 m.
    """
    rows = {r["stability"]: r["exponent"] for r in table_rows("wind_profile") if r["surface"] == surface}
    if not rows:
        raise StandardsError(f"no wind profile for the surface '{surface}': rural or urban.")
    p = np.array([rows[s] for s in STABILITIES])[stability_index(stability)]
    return np.asarray(np.asarray(wind_10m, float) * (np.maximum(height_m, 1.0) / _PROFILE_M) ** p)


def transport_wind(height_m: ArrayLike, wind_10m: ArrayLike, stability: ArrayLike, surface: str) -> NDArray[np.float64]:
    """Wind that carries a plume released at a height: that at 10 m, as the spreads are fitted with, or above."""
    return wind_at(np.maximum(height_m, _PROFILE_M), wind_10m, stability, surface)


def averaged(sigma_y_m: ArrayLike, seconds: ArrayLike) -> NDArray[np.float64]:
    """Crosswind spread [m] seen over an averaging time other than 600 s; shorter than 18.75 s counts as that."""
    t = np.maximum(seconds, _LEAST_AVERAGING_S)
    return np.asarray(np.asarray(sigma_y_m, float) * (t / SIGMA_AVERAGING_S) ** _AVERAGING_POWER)


def plume(
    rate_kg_s: ArrayLike,
    wind_mps: ArrayLike,
    sigma_y_m: ArrayLike,
    sigma_z_m: ArrayLike,
    *,
    y_m: ArrayLike = 0.0,
    z_m: ArrayLike = 0.0,
    height_m: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Concentration [kg/m3] of a continuous release over reflecting ground, where the spreads are those given."""
    sy, sz, z, h = (np.asarray(v, float) for v in (sigma_y_m, sigma_z_m, z_m, height_m))
    rate, wind = np.asarray(rate_kg_s, float), np.asarray(wind_mps, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        axis = rate / (2 * np.pi * wind * sy * sz)
        across = np.exp(-np.square(y_m) / (2 * np.square(sy)))
        up = np.exp(-np.square(z - h) / (2 * np.square(sz))) + np.exp(-np.square(z + h) / (2 * np.square(sz)))
    return np.asarray(axis * across * up)


def puff(
    mass_kg: ArrayLike,
    along_m: ArrayLike,
    sigma_x_m: ArrayLike,
    sigma_y_m: ArrayLike,
    sigma_z_m: ArrayLike,
    *,
    y_m: ArrayLike = 0.0,
    z_m: ArrayLike = 0.0,
    height_m: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Concentration [kg/m3] of an instantaneous release, ``along_m`` before or behind the puff's centre."""
    sx = np.asarray(sigma_x_m, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        line = np.exp(-np.square(along_m) / (2 * np.square(sx))) / (np.sqrt(2 * np.pi) * sx)
    return line * plume(mass_kg, 1.0, sigma_y_m, sigma_z_m, y_m=y_m, z_m=z_m, height_m=height_m)


def passage(
    duration_s: ArrayLike, wind_mps: ArrayLike, sigma_x_m: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    What a finite duration does to a plume that passes: (share of its concentration, seconds).

    The cloud is a plume of length u t whose ends are spread by ``sigma_x_m`` (Palazzi's error
    functions at the middle of the cloud); the time is such that concentration x time is that of
    the whole release. Both limits are exact: a long release is the plume (1, t), a short one the
    puff, whose peak lasts sqrt(2 pi) sx / u.
    """
    t, u, sx = (np.asarray(v, float) for v in (duration_s, wind_mps, sigma_x_m))
    with np.errstate(divide="ignore"):
        share = erf(u * t / (2 * np.sqrt(2.0) * np.maximum(sx, 1e-9)))
    return share, t / np.maximum(share, 1e-300)
