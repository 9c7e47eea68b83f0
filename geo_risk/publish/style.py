"""Colours and words of the map: the four grades, the scales of continuous surfaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .words import power

# Side of the square that a hatch repeats [px].
PATTERN_PX = 16


@dataclass(frozen=True)
class Grade:
    """
    One grade: number (4 worst), words, the letter printed beside the colour, and the hatch.

    ``ink`` is the darker tone of the colour in which the hatch is drawn; ``safe`` the same two of the palette
    that a reader who tells red from green badly may choose.
    """

    grade: int
    zh: str
    en: str
    letter: Mapping[str, str]
    color: str
    ink: str
    hatch: str
    safe: Mapping[str, str]

    @property
    def pattern(self) -> NDArray[np.bool_]:
        """(`PATTERN_PX`, `PATTERN_PX`) where the ink is; repeated without a seam, as the side divides a tile."""
        y, x = np.indices((PATTERN_PX, PATTERN_PX))
        rising, falling = (x + y) % 8 < 2, (x - y) % 8 < 2
        dots = (x % 8 < 2) & (y % 8 < 2)
        return {"cross": rising | falling, "diagonal": rising, "dots": dots}.get(self.hatch, np.zeros(x.shape, bool))


def _safe(color: str, ink: str) -> dict[str, str]:
    return {"color": color, "ink": ink}


# Words: State Council Safety Committee Office 2016 No. 3 (red, orange, yellow, blue). No national text
# fixes the colour values; these four keep apart under the three kinds of colour blindness (least difference
# CIE76 25, after Machado 2009). The second palette does better (33): vermilion, yellow and sky blue of Okabe and
# Ito 2008, and a plum.
GRADES = (
    Grade(4, "重大", "Major", {"zh": "红", "en": "R"}, "#a50f15", "#7a0a0f", "cross", _safe("#5b0f3c", "#2e0019")),
    Grade(3, "较大", "Considerable", {"zh": "橙", "en": "O"}, "#f16913", "#c74c05", "diagonal",
          _safe("#d55e00", "#8f3f00")),
    Grade(2, "一般", "General", {"zh": "黄", "en": "Y"}, "#ffe75e", "#b58f0a", "dots", _safe("#f0e442", "#9c8a00")),
    Grade(1, "低", "Low", {"zh": "蓝", "en": "B"}, "#4a90d9", "#4a90d9", "plain", _safe("#56b4e9", "#56b4e9")),
)  # fmt: skip
# ColorBrewer "Purples": no step can be taken for one of the four grades.
_RAMP = ("#dadaeb", "#bcbddc", "#9e9ac8", "#756bb1", "#54278f")
# ColorBrewer "Greens" and "YlOrRd": risk that goes and risk that comes.
_LESS = ("#edf8e9", "#bae4b3", "#74c476", "#31a354", "#006d2c")
_MORE = ("#ffffb2", "#fecc5c", "#fd8d3c", "#f03b20", "#bd0026")
_STEPS = 50

RGB = tuple[int, int, int]


def rgb(color: str) -> RGB:
    """``#rrggbb`` -> (r, g, b)."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


@dataclass(frozen=True)
class Scale:
    """
    How a surface becomes palette codes.

    Code 0 is transparent. Without ``low``/``high`` the values are grades 0 to 4; else they run
    from ``low`` to ``high`` [``unit``] in `_STEPS` steps, evenly or by the logarithm.
    """

    zh: str
    en: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    ramp: tuple[str, ...] = _RAMP

    @property
    def graded(self) -> bool:
        """Whether the values are the four grades."""
        return self.high == self.low

    @property
    def palette(self) -> list[RGB]:
        """Colours of codes 0, 1, ...; that of code 0 is never seen. Grades are followed by their inks."""
        if self.graded:
            colors = [g.color for g in reversed(GRADES)] + [g.ink for g in reversed(GRADES)]
            return [(0, 0, 0), *map(rgb, colors)]
        stops = np.array([rgb(c) for c in self.ramp], float)
        at = np.linspace(0, len(stops) - 1, _STEPS)
        channels = [np.rint(np.interp(at, np.arange(len(stops)), stops[:, k])).astype(int) for k in range(3)]
        return [(0, 0, 0), *((int(r), int(g), int(b)) for r, g, b in zip(*channels, strict=True))]

    @property
    def hatches(self) -> NDArray[np.bool_] | None:
        """(5, side, side), where each code is drawn in the ink of its grade; None without grades."""
        if not self.graded:
            return None
        return np.stack([np.zeros((PATTERN_PX, PATTERN_PX), bool), *(g.pattern for g in reversed(GRADES))])

    def unhatched(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Palette codes of a tile without the hatch: grades as they are, scales unchanged."""
        return np.where(codes > len(GRADES), codes - len(GRADES), codes) if self.graded else codes

    def codes(self, values: NDArray) -> NDArray[np.uint8]:
        """
        Palette codes of ``values``; NaN, and what lies below ``low``, is 0; above ``high`` the last.

        Raises
        ------
        InputError
            If a grade is not one of 0 to 4.
        """
        if self.graded:
            grades = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
            bad = grades[~np.isin(grades, (0, 1, 2, 3, 4))]
            if bad.size:
                raise InputError(f"surface '{self.en}' holds {bad.flat[0]:g}; a grade is 0, 1, 2, 3 or 4.")
            return grades.astype(np.uint8)
        low, high = (np.log10(self.low), np.log10(self.high)) if self.log else (self.low, self.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            place = np.log10(values) if self.log else np.asarray(values, float)
            step = 1 + np.floor((place - low) / (high - low) * _STEPS)
        shown = np.asarray(values) >= self.low if self.log else np.asarray(values) > self.low
        return np.where(shown, np.clip(np.nan_to_num(step, nan=0.0), 1, _STEPS), 0).astype(np.uint8)

    @property
    def stops(self) -> list[float]:
        """Values at which the colours of the ramp stand, rising; empty for grades."""
        if self.graded:
            return []
        n = len(self.ramp)
        values = np.geomspace(self.low, self.high, n) if self.log else np.linspace(self.low, self.high, n)
        return [float(f"{v:.12g}") for v in values]

    @property
    def edges(self) -> list[float]:
        """Limits of the bands in which the surface is listed; none for grades, open below and above."""
        return self.stops if self.log else self.stops[1:-1]

    def legend(self) -> list[dict[str, str]]:
        """Colour and label of the ramp's stops; empty for grades, whose legend is the map's own."""
        if self.graded:
            return []
        labels = [power(v).removeprefix("1.0×") if self.log else f"{v:g}" for v in self.stops]
        return [{"color": c, "label": label} for c, label in zip(self.ramp, labels, strict=True)]


# The surfaces a region may have, in the order of the layer switch.
SURFACES: dict[str, Scale] = {
    "grade": Scale("风险分布", "Risk surface"),
    "residual_grade": Scale("现实风险分布", "Current risk surface"),
    "grade_before": Scale("先前风险分布", "Earlier risk surface"),
    "index": Scale("风险指数", "Risk index", "0-100", 0.0, 100.0),
    "lsir_grade": Scale("个人风险分级", "Individual risk grade"),
    # Whole decades around the range in which individual risk criteria lie (3e-7 to 3e-5 per year).
    "lsir": Scale("个人风险", "Individual risk", "1/yr", 1e-8, 1e-4, log=True),
    # From one death in ten million years to one in a thousand, on a square kilometre.
    "societal": Scale("社会风险密度", "Societal risk density", "1/yr/km2", 1e-7, 1e-3, log=True),
    # Of one question, on its own map: what a change takes away and adds, and how sure the risk is.
    "lsir_less": Scale("个人风险减少量", "Individual risk taken away", "1/yr", 1e-8, 1e-4, log=True, ramp=_LESS),
    "lsir_more": Scale("个人风险增加量", "Individual risk added", "1/yr", 1e-8, 1e-4, log=True, ramp=_MORE),
    "lsir_p05": Scale("个人风险 5 % 分位", "Individual risk, 5 %", "1/yr", 1e-8, 1e-4, log=True),
    "lsir_p50": Scale("个人风险中位", "Individual risk, median", "1/yr", 1e-8, 1e-4, log=True),
    "lsir_p95": Scale("个人风险 95 % 分位", "Individual risk, 95 %", "1/yr", 1e-8, 1e-4, log=True),
}


def surface_scale(name: str) -> Scale:
    """
    The scale of the surface called ``name``.

    Raises
    ------
    InputError
        If the map knows no such surface.
    """
    if name not in SURFACES:
        raise InputError(f"surface '{name}' is unknown to the map; it draws {', '.join(SURFACES)}.")
    return SURFACES[name]
