"""What a release puts into the air along the wind, heavy or not, for many releases at once.

A heavy cloud follows Britter & McQuaid to the end of their correlation and is then handed over to
a passive cloud from a virtual source, of the same concentration, width and mass there; where the
tail of the correlation (x^-2) lies above that cloud, the tail counts. So nothing jumps.
A release of finite duration is a piece of a plume whose ends are spread along the wind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import dense_gas as dense
from .checks import ATMOSPHERE_PA, GAS_CONSTANT, Array
from .dispersion import LEAST_WIND_MPS, SURFACES, averaged, passage, plume, sigmas, stability_index, transport_wind

REACH_M = 20_000.0  # no further: the spreads mean nothing beyond
RECEPTOR_M = 1.0  # height at which people breathe (Purple Book 4.8)
GROUND_RELEASE_M = 10.0  # a heavy gas released below this height sinks to the ground (own choice)
_NODES = 72
UNIFORM_SIGMA = 2 / np.sqrt(2 * np.pi)  # a Gaussian as high and as much as a uniform cloud of half width 1
_ALONG = 0.13  # spread of a cloud along the wind, of its distance (Yellow Book 4.5)
_SOURCE_SIGMA = 0.25  # spread of a source, of its width (Yellow Book 4.5)


@dataclass(frozen=True)
class Release:
    """
    Releases (R,), all arrays of one length.

    Parameters
    ----------
    mass_kg : all that is released of the substance.
    duration_s : 0 where it is released at once.
    stability : letters A to F.   wind_mps : at 10 m.
    molar_mass : of the substance [kg/mol].
    density, mass_fraction, mole_fraction : of the cloud at its source, see `dense_gas.Mixture`.
    height_m : of the release.   width_m : of the source, such as a pool.
    air_k : temperature of the air.
    """

    mass_kg: Array
    duration_s: Array
    stability: NDArray[np.str_]
    wind_mps: Array
    molar_mass: Array
    density: Array
    mass_fraction: Array
    mole_fraction: Array
    height_m: Array
    width_m: Array
    air_k: float = 293.15

    @property
    def pure_kg_m3(self) -> Array:
        """Concentration of the pure substance in warm air [kg/m3]: by this a share by volume is kg/m3."""
        return np.asarray(ATMOSPHERE_PA * self.molar_mass / (GAS_CONSTANT * self.air_k))

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Release:
        """Some of the releases."""
        parts = {k: v[rows] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return Release(**parts, air_k=self.air_k)


def releases(
    mass_kg: Array,
    duration_s: Array,
    stability: NDArray[np.str_],
    wind_mps: Array,
    molar_mass: Array,
    cloud: dense.Mixture,
    *,
    height_m: Array | float = 0.0,
    width_m: Array | float = 0.0,
    air_k: float = 293.15,
) -> Release:
    """A `Release` from arrays and numbers that broadcast to one length."""
    given = (mass_kg, duration_s, wind_mps, molar_mass, *cloud, height_m, width_m)
    letters = np.atleast_1d(np.asarray(stability, "U1"))
    mass, time, wind, molar, rho, w, y, height, width, _ = np.broadcast_arrays(
        *(np.asarray(v, float) for v in given), np.empty(len(letters))
    )
    return Release(mass, time, np.broadcast_to(letters, mass.shape), wind, molar, rho, w, y, height, width, air_k)


@dataclass(frozen=True)
class Cloud:
    """
    Clouds (R,) along the wind, at the distances ``x_m`` (K,) that begin with 0 [m].

    ``kg_m3`` (R, K): highest concentration on the axis; ``sigma_m`` (R, K): crosswind spread;
    ``seconds`` (R, K): how long the cloud takes to pass; ``speed_mps`` (R, K): how fast it moves.
    ``heavy`` (R,): whether it began as heavy gas. ``puff`` (R,): whether it moves as one cloud, the
    distance of a heavy one being that of its front. ``valid`` (R,): whether the models hold for it.
    ``end_m`` (R,): where the correlation of a heavy one ends and its tail begins; infinite for others.
    """

    x_m: Array
    kg_m3: Array
    sigma_m: Array
    seconds: Array
    speed_mps: Array
    heavy: NDArray[np.bool_]
    puff: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    end_m: Array


def distances(nodes: int = _NODES) -> Array:
    """The source, and ``nodes`` distances from 1 m to `REACH_M`, each by the same factor beyond the last [m]."""
    return np.concatenate([[0.0], np.geomspace(1.0, REACH_M, nodes)])


def cloud(
    release: Release,
    surface: str,
    *,
    averaging_s: float = 600.0,
    x_m: Array | None = None,
    warm: bool = False,
    receptor_m: Array | float = RECEPTOR_M,
) -> Cloud:
    """
    The clouds of releases.

    Parameters
    ----------
    surface : "rural" or "urban".
    averaging_s : 600 for a toxic cloud, 18.75 for a flammable one.
    x_m : distances, rising from 0; default `distances()`.
    warm : correct heavy clouds for their temperature (screening); off by default, see `dense_gas.warmed`.
    receptor_m : () or (R,) height of the receptor above ground.
    """
    x = distances() if x_m is None else np.asarray(x_m, float)
    out = _passive(release, surface, averaging_s, x, receptor_m)
    heavy = is_heavy(release)
    if heavy.any():
        part, out.puff[heavy] = _heavy(release.take(heavy), surface, x, warm=warm)
        for name in ("kg_m3", "sigma_m", "seconds", "speed_mps"):
            getattr(out, name)[heavy] = part[name]
        out.end_m[heavy] = part["end_m"][:, 0]
    valid = (release.wind_mps >= np.where(heavy, dense.LEAST_WIND_MPS, LEAST_WIND_MPS)) & (release.mass_kg > 0)
    return Cloud(x, out.kg_m3, out.sigma_m, out.seconds, out.speed_mps, heavy, out.puff, valid, out.end_m)


def is_heavy(release: Release) -> NDArray[np.bool_]:
    """(R,) releases that Britter & McQuaid serve: near the ground and heavy enough for the wind."""
    g0 = dense.reduced_gravity(release.density, dense.air_density(release.air_k))
    volume, flow = _amounts(release)
    with np.errstate(divide="ignore", invalid="ignore"):
        as_plume = dense.plume_is_dense(flow, g0, release.wind_mps)
    as_puff = dense.puff_is_dense(volume, g0, release.wind_mps)
    heavy = np.where(release.duration_s > 0, as_plume, as_puff)
    return np.asarray(heavy & (release.height_m <= GROUND_RELEASE_M) & (g0 > 0) & (release.mass_kg > 0))


def _amounts(release: Release) -> tuple[Array, Array]:
    """(R,) volume of the cloud at its source [m3] and flow [m3/s], infinite where all comes at once."""
    volume = release.mass_kg / (release.mass_fraction * release.density)
    return volume, np.where(release.duration_s > 0, volume / np.maximum(release.duration_s, 1e-9), np.inf)


def _mean_molar_mass(release: Release) -> Array:
    return np.asarray(release.mole_fraction * release.molar_mass + (1 - release.mole_fraction) * dense.AIR_MOLAR_MASS)


def _passive(release: Release, surface: str, averaging_s: float, x: Array, receptor_m: Array | float) -> Cloud:
    """Gaussian clouds; a short release becomes a puff by `dispersion.passage`."""
    at = np.maximum(x, x[1])  # the source itself has the values of the first distance
    code = stability_index(release.stability)
    sy, sz = (s[code] for s in sigmas(at, np.array(list("ABCDEF"))[:, None], SURFACES[surface]))
    broad = np.hypot(sy, _SOURCE_SIGMA * release.width_m[:, None])
    width = averaged(broad, averaging_s)
    wind = transport_wind(release.height_m, release.wind_mps, release.stability, surface)[:, None]
    time = np.maximum(release.duration_s, 1e-3)[:, None]
    share, seconds = passage(time, wind, broad)
    up = np.broadcast_to(receptor_m, code.shape)[:, None]
    steady = plume(release.mass_kg[:, None] / time, wind, width, sz, z_m=up, height_m=release.height_m[:, None])
    c = np.minimum(share * steady, (release.mole_fraction * release.pure_kg_m3)[:, None])
    no = np.zeros(len(code), bool)
    return Cloud(
        x,
        c,
        width,
        seconds,
        np.broadcast_to(wind, c.shape).copy(),
        no,
        release.duration_s <= 0,
        no,
        np.full(len(code), np.inf),
    )


def _heavy(release: Release, surface: str, x: Array, *, warm: bool) -> tuple[dict[str, Array], NDArray[np.bool_]]:
    """Heavy clouds as `Cloud`'s fields, and which are puffs, see `dense_gas.release_kind`."""
    g0 = dense.reduced_gravity(release.density, dense.air_density(release.air_k))[:, None]
    wind = release.wind_mps[:, None]
    volume, flow = (v[:, None] for v in _amounts(release))
    out = {name: np.empty((len(g0), len(x))) for name in ("kg_m3", "sigma_m", "seconds", "speed_mps", "end_m")}
    # Judged where a plume is diluted to a tenth: most of what kills or burns lies there.
    tenth = dense.plume_tenth(np.where(np.isfinite(flow), flow, 1.0), g0, wind)
    lasting = (dense.release_kind(release.duration_s[:, None], wind, tenth) != "puff")[:, 0]
    for mine, model, amount in ((lasting, _heavy_plume, flow), (~lasting, _heavy_puff, volume)):
        if mine.any():
            part = model(release.take(mine), surface, x, amount[mine], g0[mine], wind[mine])
            for name, values in part.items():
                out[name][mine] = values
    if warm:
        cold = _mean_molar_mass(release) * ATMOSPHERE_PA / (GAS_CONSTANT * release.density)
        out["kg_m3"] = dense.warmed(out["kg_m3"], np.minimum(cold, release.air_k)[:, None], release.air_k)
    out["kg_m3"] *= (release.mole_fraction * release.pure_kg_m3)[:, None]
    return out, ~lasting


def _heavy_plume(release: Release, surface: str, x: Array, flow: Array, g0: Array, wind: Array) -> dict[str, Array]:
    last, end = dense.plume_end(flow, g0, wind)
    time = release.duration_s[:, None]

    def spread_at(at: Array) -> Array:
        """No wider than all of it would be, had it been released at once: in low winds the correlation runs away."""
        whole = dense.puff_radius(time + at / (dense.PUFF_SPEED * wind), flow * time, g0)
        return UNIFORM_SIGMA * np.minimum(dense.plume_half_width(at, flow, g0, wind), whole)

    at = x + dense.plume_virtual(release.width_m[:, None], flow, g0, wind)
    width, at_end = spread_at(np.minimum(at, end)), spread_at(end)
    depth = flow / (np.pi * wind * at_end * last)
    own = dense.plume_ratio(at, flow, g0, wind)
    sy, thinner = _virtual(release, surface, at, end, at_end, depth, both=1)
    c = np.where(at > end, np.maximum(own, last * thinner), own)
    share, seconds = passage(time, wind, _ALONG * x)
    spread = np.where(at > end, sy, width)
    return {
        "kg_m3": c * share,
        "sigma_m": spread,
        "seconds": seconds,
        "speed_mps": wind + np.zeros(c.shape),
        "end_m": end,
    }


def _heavy_puff(release: Release, surface: str, x: Array, volume: Array, g0: Array, wind: Array) -> dict[str, Array]:
    last, end = dense.puff_end(volume, g0, wind)
    near = np.minimum(x, end)
    radius = dense.puff_radius(dense.puff_arrival(near, volume, g0, wind), volume, g0)
    width = UNIFORM_SIGMA * radius
    at_end = width[:, -1:]
    depth = volume / (last * (2 * np.pi) ** 1.5 / 2 * at_end**2)
    own = dense.puff_ratio(x, volume, g0, wind)
    sy, thinner = _virtual(release, surface, x, end, at_end, depth, both=2)
    c = np.where(x > end, np.maximum(own, last * thinner), own)
    spread = np.where(x > end, sy, width)
    # The cloud moves at 0.4 of the wind while heavy, and gathers speed as it grows beyond (own choice).
    speed = wind * (1 - (1 - dense.PUFF_SPEED) * np.minimum(at_end / spread, 1.0))
    seconds = np.sqrt(2 * np.pi) * spread / speed
    return {"kg_m3": c, "sigma_m": spread, "seconds": seconds, "speed_mps": speed, "end_m": end}


def _virtual(
    release: Release, surface: str, x: Array, end: Array, width: Array, depth: Array, *, both: int
) -> tuple[Array, Array]:
    """
    Beyond ``end``, the spread and the dilution since then of a passive cloud that is as wide and as deep there.

    ``both``: 1 where a cloud widens crosswind only (plume), 2 where along the wind too (puff).
    """
    by, grid = SURFACES[surface], np.geomspace(1e-2, 1e7, 500)
    code = stability_index(release.stability)
    table_y, table_z = sigmas(grid, np.array(list("ABCDEF"))[:, None], by)
    back_y, back_z = np.empty(len(code)), np.empty(len(code))
    for k in np.unique(code):
        mine = code == k
        back_y[mine] = np.interp(width[mine, 0], table_y[k], grid)
        back_z[mine] = np.interp(depth[mine, 0], table_z[k], grid)
    beyond, letters = np.maximum(x - end, 0.0), release.stability[:, None]
    wide, _ = sigmas(back_y[:, None] + beyond, letters, by)
    _, deep = sigmas(back_z[:, None] + beyond, letters, by)
    wide0, _ = sigmas(back_y[:, None], letters, by)
    _, deep0 = sigmas(back_z[:, None], letters, by)
    grown = wide / wide0
    return width * grown, 1 / (grown**both * deep / deep0)
