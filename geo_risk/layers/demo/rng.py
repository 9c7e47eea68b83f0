"""Random draws that stay the same on every machine and library version.

One stream a layer, seeded by (seed, CRC-32 of the layer's name), so that a new layer never changes
another. Only uniform doubles are drawn; every other distribution is an own transform of them.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import ArrayLike, NDArray


def stream(seed: int, layer: str) -> Generator:
    """The random stream of one layer."""
    return Generator(PCG64(SeedSequence([seed, zlib.crc32(layer.encode())])))


def uniform(rng: Generator, n: int, low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
    """(n,) uniform in [low, high)."""
    return low + (high - low) * rng.random(n)


def normal(rng: Generator, n: int) -> NDArray[np.float64]:
    """(n,) standard normal, by Box and Muller."""
    radius = np.sqrt(-2.0 * np.log(1.0 - rng.random(n)))
    return radius * np.cos(2.0 * np.pi * rng.random(n))


def lognormal(rng: Generator, n: int, median: float, sigma: float) -> NDArray[np.float64]:
    """(n,) log-normal with the given median; ``sigma`` is that of the logarithm."""
    return median * np.exp(sigma * normal(rng, n))


def choose(rng: Generator, weights: ArrayLike, n: int) -> NDArray[np.int64]:
    """(n,) indices drawn with replacement, probability proportional to the weights, by inverse table."""
    table = np.cumsum(np.asarray(weights, float))
    return np.minimum(np.searchsorted(table, rng.random(n) * table[-1], side="right"), len(table) - 1)


def shuffled(rng: Generator, n: int) -> NDArray[np.int64]:
    """(n,) the numbers 0..n-1 in random order."""
    return np.argsort(rng.random(n), kind="stable")


def apportion(total: int, weights: ArrayLike) -> NDArray[np.int64]:
    """Whole numbers in proportion to the weights that sum to ``total`` exactly (largest remainders)."""
    weights = np.asarray(weights, float)
    share = weights * (total / weights.sum())
    whole = np.floor(share).astype(np.int64)
    rest = np.round(share - whole, 9)
    whole[np.argsort(-rest, kind="stable")[: total - int(whole.sum())]] += 1
    return whole
