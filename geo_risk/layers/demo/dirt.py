"""The trouble real files arrive with, put in on purpose and counted."""

from __future__ import annotations

import numpy as np

from .rng import shuffled, stream

_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
# Share of rows broken in each of the files that carry broken rows.
SHARES = {"zero": 0.012, "blank": 0.008, "swapped": 0.006, "no_name": 0.004}


class Dirt:
    """Breaks rows of one file; ``rows`` lists what was done, row numbers as a person counts them."""

    def __init__(self, seed: int, name: str, first_row: int, count: int) -> None:
        self.rng = stream(seed, f"dirt {name}")
        self.first_row = first_row
        order = shuffled(self.rng, count)
        self.done: dict[int, str] = {}
        self.order = [int(i) for i in order]
        self.spared: set[int] = set()

    def plan(self, kinds: dict[str, float]) -> None:
        """Give a share of the rows each kind of trouble, no row two, none of the spared."""
        free = iter([i for i in self.order if i not in self.spared])
        for kind, share in kinds.items():
            for _ in range(max(1, round(share * len(self.order)))):
                self.done[next(free)] = kind

    def place(self, i: int, lon: float, lat: float) -> tuple[float | str, float | str]:
        """The coordinates of row i as they arrive."""
        kind = self.done.get(i)
        if kind == "zero":
            return 0, 0
        if kind == "blank":
            return "", ""
        return (lat, lon) if kind == "swapped" else (lon, lat)

    def name(self, i: int, name: str) -> str:
        """The name of row i as it arrives."""
        return "" if self.done.get(i) == "no_name" else name

    def summary(self, file: str, rows: int) -> dict:
        """Rows in, broken rows by kind with their row numbers."""
        kinds = sorted(set(self.done.values()))
        broken = {k: sorted(self.first_row + i for i, d in self.done.items() if d == k) for k in kinds}
        return {"file": file, "rows": rows, "broken": {k: {"count": len(v), "rows": v} for k, v in broken.items()}}


def full_width(rng: np.random.Generator, texts: list[str], share: float) -> list[str]:
    """Some texts with full-width digits, as typed in an input method."""
    draw = rng.random(len(texts))
    return [t.translate(_WIDE) if d < share else t for t, d in zip(texts, draw, strict=True)]
