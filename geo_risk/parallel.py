"""One loop over independent items: in this process, or in several local ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from types import ModuleType
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
