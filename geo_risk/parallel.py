"""One loop over independent items: in this process, or in several local ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[float, str], None]


def map_ordered(
    function: Callable[[T], R], items: Iterable[T], *, workers: int = 1, progress: Progress | None = None
) -> list[R]:
    """
    ``[function(item) for item in items]``, in that order whatever the number of workers.

    Parameters
    ----------
    function
        For ``workers > 1`` an importable function (or a partial of one): processes are spawned.
    items
        Independent pieces of work; picklable for ``workers > 1``.
    workers
        Local processes; 1 or less stays in this process.
    progress
        Called after each item with the fraction done and a message.

    Raises
    ------
    Exception
        The first exception of an item, in item order; later items may not have run.
    """
    work = list(items)
    if workers <= 1 or len(work) <= 1:
        return list(_reporting(map(function, work), len(work), progress))
    # Spawn, as a fork of a process that holds threads (GDAL, numpy) may hang.
    with ProcessPoolExecutor(min(workers, len(work)), mp_context=get_context("spawn")) as pool:
        return list(_reporting(pool.map(function, work), len(work), progress))


def _reporting(results: Iterator[R], total: int, progress: Progress | None) -> Iterator[R]:
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done / total, f"{done} of {total}")
        yield result
