"""Heavy clouds: the correlations of Britter & McQuaid (HSE CRR 17/1988, as given in CCPS 1999).

Their knots are rows of ``standards/britter_mcquaid.csv``. Valid for flat open ground, a release at
ground level, a wind of 1.5 m/s or more at 10 m, and alpha up to 1 (beyond it counts as 1). All
functions broadcast; NaN in gives NaN out. SI units; concentrations are shares C/C0 of that at the
source, by volume.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..rows import table_rows
from .checks import ATMOSPHERE_PA, GAS_CONSTANT, GRAVITY, Array, Valid, valid

AIR_MOLAR_MASS, AIR_HEAT = 0.02896, 1005.0  # [kg/mol], [J/kg/K]
LEAST_WIND_MPS, GREATEST_ALPHA = 1.5, 1.0  # bounds of validity
_DENSE_PLUME, _DENSE_PUFF = 0.15, 0.20  # workbook: below, the density of the source no longer matters
_NEAR_LIMIT = 30.0  # x/D where the near field of a plume ends
_TAIL_POWER = -2.0  # beyond the last knot
PUFF_SPEED, _PUFF_SPREAD = 0.4, 1.2  # share of the 10 m wind; dR2/dt over the root of buoyancy
_SLUMPING = 2.5 / 2  # half of the workbook's 2.5
_COMPACT = 10.0  # largest width of a source in D, see `plume_virtual`
_NEAR_KNOT = 1.5  # the near field ends this factor before the first knot, if that comes sooner
_LEAST_WARMING_K = 10.0  # air cannot dry a spray faster than this difference in temperature lets it (own choice)

Kind = Literal["plume", "puff"]


class Mixture(NamedTuple):
    """A cloud at its source: density [kg/m3], and the substance's share of it by mass and by volume."""

    density: Array
    mass_fraction: Array
    mole_fraction: Array


def air_density(temperature_k: ArrayLike) -> Array:
    """Density of air at 101.325 kPa [kg/m3]."""
    return np.asarray(ATMOSPHERE_PA * AIR_MOLAR_MASS / (GAS_CONSTANT * np.asarray(temperature_k, float)))


def evaporated_cloud(
    molar_mass: ArrayLike,
    temperature_k: ArrayLike,
    vapour_fraction: ArrayLike = 1.0,
    latent_heat: ArrayLike = 0.0,
    *,
    air_k: ArrayLike = 293.15,
) -> Mixture:
    """
    The cloud that a two-phase jet becomes once the air it draws in has evaporated its drops.

    ``temperature_k`` is the boiling point (or, without drops, that of the vapour); the drops,
    1 - ``vapour_fraction`` by mass, take their ``latent_heat`` [J/kg] from air cooled to it. Pure
    vapour is not diluted. Recipe of the workbook's two-phase examples; humidity is left out.
    """
    m, t, f, heat, ta = (np.asarray(v, float) for v in (molar_mass, temperature_k, vapour_fraction, latent_heat, air_k))
    air = (1 - f) * heat / (AIR_HEAT * np.maximum(ta - t, _LEAST_WARMING_K))  # kg per kg of substance
    moles, air_moles = 1 / m, air / AIR_MOLAR_MASS
    volume = (moles + air_moles) * GAS_CONSTANT * t / ATMOSPHERE_PA
    return Mixture(np.asarray((1 + air) / volume), np.asarray(1 / (1 + air)), np.asarray(moles / (moles + air_moles)))


def plume_valid(flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Valid:
    """Where the correlation of plumes was made for."""
    alpha = plume_alpha(flow_m3_s, g0, wind_mps)
    return valid(("wind", wind_mps, LEAST_WIND_MPS, np.inf, "m/s"), ("alpha", alpha, -np.inf, GREATEST_ALPHA, "-"))


def puff_valid(volume_m3: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Valid:
    """Where the correlation of puffs was made for."""
    alpha = puff_alpha(volume_m3, g0, wind_mps)
    return valid(("wind", wind_mps, LEAST_WIND_MPS, np.inf, "m/s"), ("alpha", alpha, -np.inf, GREATEST_ALPHA, "-"))


def reduced_gravity(density: ArrayLike, air: ArrayLike) -> Array:
    """Gravity that a cloud feels in air [m/s2], 0 for a light one; densities [kg/m3]."""
    rho, rho_air = np.asarray(density, float), np.asarray(air, float)
    return np.asarray(GRAVITY * np.maximum(rho - rho_air, 0.0) / rho_air)


def plume_is_dense(flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> NDArray[np.bool_]:
    """Whether a continuous release behaves as heavy gas."""
    q, g, u = (np.asarray(v, float) for v in (flow_m3_s, g0, wind_mps))
    return np.asarray(np.cbrt(g * q / (u**3 * np.sqrt(q / u))) >= _DENSE_PLUME)


def puff_is_dense(volume_m3: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> NDArray[np.bool_]:
    """Whether an instantaneous release behaves as heavy gas."""
    return np.asarray(np.sqrt(np.asarray(g0, float) * np.cbrt(volume_m3)) / wind_mps >= _DENSE_PUFF)


def release_kind(duration_s: ArrayLike, wind_mps: ArrayLike, x_m: ArrayLike) -> NDArray[np.str_]:
    """At a distance, a release is a "plume" (u t / x >= 2.5), a "puff" (<= 0.6) or between ("both")."""
    ratio = np.asarray(wind_mps, float) * np.asarray(duration_s, float) / np.asarray(x_m, float)
    return np.where(ratio >= 2.5, "plume", np.where(ratio <= 0.6, "puff", "both"))


def plume_alpha(flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """The stability number of a heavy plume; the correlation holds up to 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(
            0.2 * np.log10(np.square(np.asarray(g0, float)) * flow_m3_s / np.asarray(wind_mps, float) ** 5)
        )


def puff_alpha(volume_m3: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """The stability number of a heavy puff; the correlation holds up to 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 * np.log10(np.asarray(g0, float) * np.cbrt(volume_m3) / np.square(wind_mps)))


def plume_ratio(x_m: ArrayLike, flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """C/C0 on the axis of a heavy plume at ``x_m`` [m]; 1 at and before the source."""
    scaled = np.asarray(x_m, float) / np.sqrt(np.asarray(flow_m3_s, float) / wind_mps)
    return _ratio("plume", plume_alpha(flow_m3_s, g0, wind_mps), scaled)


def plume_end(flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> tuple[float, Array]:
    """Last C/C0 of the correlation of a plume, and where it is reached [m]."""
    ratios, beta = _knots("plume", plume_alpha(flow_m3_s, g0, wind_mps))
    return float(ratios[-1]), np.asarray(np.sqrt(np.asarray(flow_m3_s, float) / wind_mps) * 10 ** beta[..., -1])


def plume_tenth(flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """Where a heavy plume is diluted to C/C0 = 0.1 [m]."""
    _, beta = _knots("plume", plume_alpha(flow_m3_s, g0, wind_mps))
    return np.asarray(np.sqrt(np.asarray(flow_m3_s, float) / wind_mps) * 10 ** beta[..., 0])


def plume_half_width(x_m: ArrayLike, flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """
    Half width [m] of the uniform heavy plume as deep as `plume_depth`: D/2 + 1.25 (lb x2)^(1/3); NaN before -D/2.

    The workbook's lateral extent D + 8 lb + 2.5 (lb x2)^(1/3) is read as the whole width, as its balance of
    mass (depth = flow / (wind x extent)) and its source of side D have it: gravity fronts of speed 1.15
    sqrt(g' h) (van Ulden 1974) make 1.14 for the 1.25. Its blanket of 8 lb about the source is left out: in a
    wind of 1.5 m/s it would be a film of two centimetres, hundreds of metres wide, which a spray does not make.
    """
    x, q, g, u = (np.asarray(v, float) for v in (x_m, flow_m3_s, g0, wind_mps))
    width, buoyancy = np.sqrt(q / u), q * g / u**3
    half = width / 2 + _SLUMPING * np.cbrt(buoyancy * np.square(np.maximum(x, 0.0)))
    return np.where(x < -width / 2, np.nan, half)


def plume_virtual(width_m: ArrayLike, flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """
    How far upwind [m] a compact source would be whose heavy plume is as wide here as a pool of ``width_m`` [m].

    Up to ten D counts as compact: so wide were the pools of the trials in the correlation (Burro: 26 m, D 2.5 to 5 m).
    """
    q, g, u = (np.asarray(v, float) for v in (flow_m3_s, g0, wind_mps))
    beyond = np.maximum(np.asarray(width_m, float) - _COMPACT * np.sqrt(q / u), 0.0) / 2
    return np.asarray(np.sqrt((beyond / _SLUMPING) ** 3 / (q * g / u**3)))


def plume_depth(x_m: ArrayLike, flow_m3_s: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """Depth [m] of a heavy plume that carries all that is released with the 10 m wind."""
    carried = plume_half_width(x_m, flow_m3_s, g0, wind_mps) * plume_ratio(x_m, flow_m3_s, g0, wind_mps)
    return np.asarray(np.asarray(flow_m3_s, float) / (2 * carried * np.asarray(wind_mps, float)))


def puff_ratio(x_m: ArrayLike, volume_m3: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """Highest C/C0 that a heavy puff brings to ``x_m`` [m]; 1 at and before the source."""
    scaled = np.asarray(x_m, float) / np.cbrt(np.asarray(volume_m3, float))
    return _ratio("puff", puff_alpha(volume_m3, g0, wind_mps), scaled)


def puff_end(volume_m3: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> tuple[float, Array]:
    """Last C/C0 of the correlation of a puff, and where it is reached [m]."""
    ratios, beta = _knots("puff", puff_alpha(volume_m3, g0, wind_mps))
    return float(ratios[-1]), np.asarray(np.cbrt(np.asarray(volume_m3, float)) * 10 ** beta[..., -1])


def puff_radius(time_s: ArrayLike, volume_m3: ArrayLike, g0: ArrayLike) -> Array:
    """Radius [m] of a heavy puff that began as a cylinder as high as its radius."""
    v = np.asarray(volume_m3, float)
    return np.sqrt(
        np.cbrt(v / np.pi) ** 2 + _PUFF_SPREAD * np.asarray(time_s, float) * np.sqrt(np.asarray(g0, float) * v)
    )


def puff_arrival(x_m: ArrayLike, volume_m3: ArrayLike, g0: ArrayLike, wind_mps: ArrayLike) -> Array:
    """When the front of a heavy puff comes to ``x_m`` [s]: x = 0.4 u t + R(t); 0 inside the cloud at its start."""
    x, v, g, u = (np.asarray(a, float) for a in (x_m, volume_m3, g0, wind_mps))
    speed, spread = PUFF_SPEED * u, _PUFF_SPREAD * np.sqrt(g * v)
    half = speed * x + spread / 2  # (x - speed t)^2 = R0^2 + spread t, the earlier root
    free = np.square(x) - np.cbrt(v / np.pi) ** 2
    return np.where(free <= 0, 0.0, free / (half + np.sqrt(np.maximum(half**2 - speed**2 * free, 0.0))))


def warmed(ratio: ArrayLike, source_k: ArrayLike, air_k: ArrayLike) -> Array:
    """
    C/C0 of a cold cloud corrected for its temperature (CCPS 1999).

    For screening: it keeps to the safe side, but on field trials with liquefied natural gas it
    is more than twice too high, while the bare correlation is right in the mean.
    """
    c = np.asarray(ratio, float)
    return np.asarray(c / (c + (1 - c) * np.asarray(source_k, float) / air_k))


@cache
def _segments(kind: Kind) -> tuple[Array, list[list[tuple[float, float, float]]]]:
    """C/C0 of the knots, falling, and for each the pieces (alpha up to, slope, intercept) of log10 of its distance."""
    rows = [r for r in table_rows("britter_mcquaid") if r["release"] == kind]
    ratios = sorted({r["ratio"] for r in rows}, reverse=True)
    pieces = [[(r["alpha_to"], r["slope"], r["intercept"]) for r in rows if r["ratio"] == c] for c in ratios]
    return np.array(ratios), pieces


def _knots(kind: Kind, alpha: Array) -> tuple[Array, Array]:
    """(K,) C/C0 and (..., K) log10 of the scaled distance where it is reached."""
    ratios, pieces = _segments(kind)
    a = np.minimum(alpha, GREATEST_ALPHA)
    finite = np.where(np.isneginf(a), -10.0, a)  # a flat piece times -inf is no number
    beta = np.empty((*a.shape, len(ratios)))
    for k, parts in enumerate(pieces):
        cases = [finite <= top for top, _, _ in parts]
        beta[..., k] = np.select(cases, [s * finite + i for _, s, i in parts], np.nan)
    return ratios, beta


# The near field (workbook): C/C0 against the scaled distance, and where it ends for a plume.
_NEAR: dict[str, Callable[[Array], Array]] = {
    "plume": lambda s: 306 / (306 + np.square(s)),
    "puff": lambda s: 3.24 / (3.24 + np.square(s)),
}


def _ratio(kind: Kind, alpha: Array, scaled: Array) -> Array:
    """Near field, then straight between the knots in log10 of the distance, then a tail; continuous throughout."""
    ratios, beta = _knots(kind, alpha)
    end = 10 ** beta[..., 0] / _NEAR_KNOT
    end = np.minimum(end, _NEAR_LIMIT) if kind == "plume" else end
    s = np.maximum(scaled, 1e-12)
    out = np.maximum(_NEAR[kind](np.minimum(s, end)), ratios[0])
    with np.errstate(invalid="ignore"):
        left, high, at = np.log10(end), np.maximum(_NEAR[kind](end), ratios[0]), np.log10(s)
        for k, ratio in enumerate(ratios):
            right = beta[..., k]
            part = np.clip((at - left) / np.maximum(right - left, 1e-12), 0.0, 1.0)
            out = np.where(at > left, high + part * (ratio - high), out)
            left, high = right, np.broadcast_to(ratio, right.shape)
        tail = ratios[-1] * (s / 10 ** beta[..., -1]) ** _TAIL_POWER
    return np.where(np.isnan(scaled + alpha), np.nan, np.where(at > left, tail, out))
