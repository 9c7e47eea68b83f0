"""How sure the contours are: individual risk between its 5 % and 95 %, by Monte Carlo over what is known least.

Individual risk is a sum of parts, one for each scenario and weather class; a sample multiplies the parts by
drawn factors, so that the models run once. Drawn are the failure frequency of each kind of scenario
(lognormal about the published value, the same for all sources, as it is the same generic number), the
share of each weather class (Dirichlet, about the rose), and which of several models is right (such as two
sets of probits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...grid import Grid
from ...parallel import Progress
from ...standards import parameter
from .model import Model, lsir_surface
from .outcomes import ANY_WEATHER

PERCENTILES = (5, 50, 95)
SAMPLES = 400  # the 95 % then lies within the 93rd and 97th of the truth, 19 times of 20
ROSE_DAYS = 365.0  # a rose is worth so many independent days: one year, each day one weather
_BAND = 20_000  # cells sampled at once: 64 MB


def lsir_percentiles(
    models: Sequence[Model],
    grid: Grid,
    *,
    weights: Sequence[float] | None = None,
    samples: int = SAMPLES,
    seed: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[int, NDArray[np.float32]]:
    """
    {5, 50, 95: (rows, cols)} percentiles of the LSIR at the cell centres [per year].

    Parameters
    ----------
    models
        Models of the same sources that may each be right; one is drawn for each sample.
    weights
        Their chances; equal where not given.
    samples, seed
        Number of samples, and the seed from which they are drawn: the same seed gives the same bytes.
    progress
        Called with the fraction done and a message.
    """
    told = progress or _quiet
    rng = np.random.default_rng(seed)
    chance = np.full(len(models), 1 / len(models)) if weights is None else np.asarray(weights, float)
    which = rng.choice(len(models), samples, p=chance / chance.sum())
    kinds = sorted({_kind(o.scenario) for m in models for o in m.outcomes})
    sigma = np.log(parameter("frequency_error_factor")) / 1.6449  # the normal's 95 %
    factor = np.exp(sigma * rng.standard_normal((samples, len(kinds))))
    shares = [_weather_factors(m, samples, rng) for m in models]
    parts = []
    for k, m in enumerate(models):
        told(0.5 * k / len(models), f"stamping model {k + 1} of {len(models)}")
        parts.append(_parts(m, kinds, grid, workers))
    out = {p: np.zeros(grid.shape, np.float32) for p in PERCENTILES}
    reached = np.flatnonzero(np.any([s > 0 for surfaces in parts for s in surfaces.values()] or [[False]], axis=0))
    for low in range(0, len(reached), _BAND):
        told(0.5 + 0.5 * low / len(reached), f"drawing {samples} samples")
        cells = reached[low : low + _BAND]
        drawn = np.zeros((samples, len(cells)))
        for k, surfaces in enumerate(parts):
            mine = np.flatnonzero(which == k)
            for (kind, weather), surface in surfaces.items():
                here = surface[cells]
                there = np.flatnonzero(here)  # most parts reach few cells
                times = factor[mine, kind] * (1.0 if weather == ANY_WEATHER else shares[k][mine, weather])
                drawn[np.ix_(mine, there)] += times[:, None] * here[there][None, :]
        for p, values in zip(PERCENTILES, np.percentile(drawn, PERCENTILES, axis=0), strict=True):
            out[p].reshape(-1)[cells] = values
    told(1.0, "done")
    return out


def _quiet(fraction: float, message: str) -> None:
    """Report nothing."""


def _kind(scenario: str) -> str:
    """What shares one generic frequency: the part and event of a scenario, without its branches."""
    return "/".join(scenario.split("/")[:2])


def _weather_factors(model: Model, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(samples, W) drawn share of each weather class over its share in the rose."""
    share = model.weather.share
    return rng.dirichlet(np.maximum(share * ROSE_DAYS, 1e-3), samples) / share


def _parts(model: Model, kinds: list[str], grid: Grid, workers: int) -> dict[tuple[int, int], NDArray[np.float32]]:
    """(cells,) LSIR of the outcomes of each kind of scenario in each weather class."""
    groups: dict[tuple[int, int], list] = {}
    for o in model.outcomes:
        groups.setdefault((kinds.index(_kind(o.scenario)), o.weather), []).append(o)
    return {
        key: lsir_surface(replace(model, outcomes=groups[key]), grid, workers=workers).reshape(-1) for key in sorted(groups)
    }
