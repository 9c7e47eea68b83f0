"""What a release puts into the air along the wind, heavy or not, for many releases at once.

A heavy cloud follows Britter & McQuaid to the end of their correlation and is then handed over to
a passive cloud from a virtual source, of the same concentration, width and mass there; where the
tail of the correlation (x^-2) lies above that cloud, the tail counts. So nothing jumps.
A release of finite duration is bounded by the plume that never ends and by the puff that holds
everything at once; the lower of the two counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import dense_gas as dense
from .dispersion import SURFACES, averaged, passage, plume, sigmas, stability_index, transport_wind

Array = NDArray[np.float64]

REACH_M = 20_000.0  # no further: the spreads mean nothing beyond
RECEPTOR_M = 1.0  # height at which people breathe (Purple Book 4.8)
GROUND_RELEASE_M = 10.0  # a heavy gas released below this height sinks to the ground (own choice)
_NODES = 72
_UNIFORM_SIGMA = 2 / np.sqrt(2 * np.pi)  # a Gaussian as high and as much as a uniform cloud of half width 1
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
        return np.asarray(dense.PRESSURE_PA * self.molar_mass / (dense.GAS_CONSTANT * self.air_k))

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
    ``heavy`` (R,): whether it began as heavy gas. ``valid`` (R,): whether the models hold for it.
    """

    x_m: Array
    kg_m3: Array
    sigma_m: Array
    seconds: Array
    speed_mps: Array
    heavy: NDArray[np.bool_]
    valid: NDArray[np.bool_]


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
    receptor_m: float = RECEPTOR_M,
) -> Cloud:
    """
    The clouds of releases.

    Parameters
    ----------
    surface : "rural" or "urban".
    averaging_s : 600 for a toxic cloud, 18.75 for a flammable one.
    x_m : distances, rising from 0; default `distances()`.
    warm : correct heavy clouds for their temperature (screening); off by default, see `dense_gas.warmed`.
    receptor_m : height of the receptor above ground.
    """
    x = distances() if x_m is None else np.asarray(x_m, float)
    out = _passive(release, surface, averaging_s, x, receptor_m)
    heavy = is_heavy(release)
    if heavy.any():
        part = _heavy(release.take(heavy), surface, x, warm=warm)
        for name in ("kg_m3", "sigma_m", "seconds", "speed_mps"):
            getattr(out, name)[heavy] = part[name]
    valid = (release.wind_mps >= np.where(heavy, dense.LEAST_WIND_MPS, 1.0)) & (release.mass_kg > 0)
    return Cloud(x, out.kg_m3, out.sigma_m, out.seconds, out.speed_mps, heavy, valid)


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


def _passive(release: Release, surface: str, averaging_s: float, x: Array, receptor_m: float) -> Cloud:
    """Gaussian clouds; a short release becomes a puff by `dispersion.passage`."""
    at = np.maximum(x, x[1])  # the source itself has the values of the first distance
    code = stability_index(release.stability)
    sy, sz = (s[code] for s in sigmas(at, np.array(list("ABCDEF"))[:, None], SURFACES[surface]))
    broad = np.hypot(sy, _SOURCE_SIGMA * release.width_m[:, None])
    width = averaged(broad, averaging_s)
    wind = transport_wind(release.height_m, release.wind_mps, release.stability, surface)[:, None]
    time = np.maximum(release.duration_s, 1e-3)[:, None]
    share, seconds = passage(time, wind, broad)
    steady = plume(release.mass_kg[:, None] / time, wind, width, sz, z_m=receptor_m, height_m=release.height_m[:, None])
    c = np.minimum(share * steady, (release.mole_fraction * release.pure_kg_m3)[:, None])
    flat = np.zeros(len(code), bool)
    return Cloud(x, c, width, seconds, np.broadcast_to(wind, c.shape).copy(), flat, flat)


def _heavy(release: Release, surface: str, x: Array, *, warm: bool) -> dict[str, Array]:
    """Heavy clouds: the lower of plume and puff, as `Cloud`'s fields."""
    g0 = dense.reduced_gravity(release.density, dense.air_density(release.air_k))[:, None]
    wind, volume = release.wind_mps[:, None], _amounts(release)[0][:, None]
    puff = _heavy_puff(release, surface, x, volume, g0, wind)
    lasting = release.duration_s > 0
    if lasting.any():
        part = _heavy_plume(release.take(lasting), surface, x, g0[lasting], wind[lasting])
        mine = {k: v[lasting] for k, v in puff.items()}
        lower = part["kg_m3"] <= mine["kg_m3"]
        for name in puff:
            puff[name][lasting] = np.where(lower, part[name], mine[name])
    if warm:
        cold = dense.PRESSURE_PA * release.molar_mass / (dense.GAS_CONSTANT * release.density)
        puff["kg_m3"] = dense.warmed(puff["kg_m3"], np.minimum(cold, release.air_k)[:, None], release.air_k)
    puff["kg_m3"] = puff["kg_m3"] * (release.mole_fraction * release.pure_kg_m3)[:, None]
    return puff


def _heavy_plume(release: Release, surface: str, x: Array, g0: Array, wind: Array) -> dict[str, Array]:
    flow = _amounts(release)[1][:, None]
    last, end = dense.plume_end(flow, g0, wind)
    width = _UNIFORM_SIGMA * dense.plume_half_width(np.minimum(x, end), flow, g0, wind)
    depth = flow / (np.pi * wind * _UNIFORM_SIGMA * dense.plume_half_width(end, flow, g0, wind) * last)
    own = dense.plume_ratio(x, flow, g0, wind)
    sy, thinner = _virtual(release, surface, x, end, width[:, -1:], depth, both=1)
    c = np.where(x > end, np.maximum(own, last * thinner), own)
    time = np.broadcast_to(release.duration_s[:, None], c.shape)
    return {"kg_m3": c, "sigma_m": np.where(x > end, sy, width), "seconds": time, "speed_mps": wind + np.zeros(c.shape)}


def _heavy_puff(release: Release, surface: str, x: Array, volume: Array, g0: Array, wind: Array) -> dict[str, Array]:
    last, end = dense.puff_end(volume, g0, wind)
    near = np.minimum(x, end)
    radius = dense.puff_radius(dense.puff_arrival(near, volume, g0, wind), volume, g0)
    width = _UNIFORM_SIGMA * radius
    at_end = width[:, -1:]
    depth = volume / (last * (2 * np.pi) ** 1.5 / 2 * at_end**2)
    own = dense.puff_ratio(x, volume, g0, wind)
    sy, thinner = _virtual(release, surface, x, end, at_end, depth, both=2)
    c = np.where(x > end, np.maximum(own, last * thinner), own)
    spread = np.where(x > end, sy, width)
    # The cloud moves at 0.4 of the wind while heavy, and gathers speed as it grows beyond (own choice).
    speed = wind * (1 - 0.6 * np.minimum(at_end / spread, 1.0))
    seconds = np.sqrt(2 * np.pi) * spread / speed
    return {"kg_m3": c, "sigma_m": spread, "seconds": seconds, "speed_mps": speed}


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
