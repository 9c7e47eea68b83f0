"""One loop over independent items: in this process, in local ones, or in threads where work lets go of the GIL."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[float, str], None]
THREADS = os.cpu_count() or 1
WRITERS = min(4, THREADS)  # more wait for the disk or for each other
_AHEAD = 16 * WRITERS  # results that wait for their turn: enough to keep threads busy while the next items are made
_LEAST_A_THREAD = 2_000  # fewer elements are not worth a thread
_PARTS = 4  # of a thread's work: what holds the GIL in one falls into what does without it in another


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
        with _no_script():
            results = pool.map(function, work)
        return list(_reporting(results, len(work), progress))


@contextmanager
def _no_script() -> Iterator[None]:
    """New processes do not run the user's script again, which may have no ``if __name__ == "__main__"``."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _reporting(results: Iterator[R], total: int, progress: Progress | None) -> Iterator[R]:
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done / total, f"{done} of {total}")
        yield result


def in_parts(work: Callable[[int, int], None], count: int) -> None:
    """``work(low, high)`` over all of 0 to ``count``, in as many threads as there are processors."""
    parts = min(THREADS, count)
    bounds = np.linspace(0, count, parts + 1).astype(int).tolist()
    if parts <= 1:
        work(0, count)
        return
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))


def in_threads(
    function: Callable[..., NDArray[Any]], *arrays: NDArray[Any], least: int = _LEAST_A_THREAD
) -> NDArray[Any]:
    """``function`` of arrays (N, ...), element by element, ``least`` or more a thread; as the function alone."""
    threads = min(THREADS, len(arrays[0]) // least)
    if threads < 2:
        return function(*arrays)
    parts = _PARTS * threads
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(function, *(np.array_split(array, parts) for array in arrays))))


def ahead(function: Callable[[T], R], items: Iterable[T], depth: int = _AHEAD) -> Iterator[R]:
    """
    ``map(function, items)`` in threads, in its order, with up to ``depth`` items at work or waiting.

    ``items`` is drawn in the calling thread, a little ahead of what is taken. An exception is raised in its turn.
    """
    with ThreadPoolExecutor(WRITERS) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for late in waiting:
                late.cancel()
