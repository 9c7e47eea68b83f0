"""Work of its own in threads, the results in order: what packs, hashes or draws lets go of the interpreter."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
# More wait for the disk or for each other.
THREADS = max(1, min(4, os.cpu_count() or 1))
# Results that wait for their turn: enough to keep the threads busy while the caller makes the next items.
_AHEAD = 16 * THREADS


def ahead(function: Callable[[T], R], items: Iterable[T], depth: int = _AHEAD) -> Iterator[R]:
    """
    ``map(function, items)``, in its order, with up to ``depth`` items at work or waiting.

    ``items`` is drawn in the calling thread, a little ahead of what is taken. An exception is raised in its turn.
    """
    with ThreadPoolExecutor(THREADS) as pool:
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
