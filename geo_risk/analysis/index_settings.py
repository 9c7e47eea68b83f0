"""Weights, scales and cuts of the risk index; every default is explained in docs/risk-index.md."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ..errors import SettingsError


def _option(default: Any, unit: str, meaning: str) -> Any:
    return field(default=default, metadata={"unit": unit, "meaning": meaning})


@dataclass(frozen=True)
class IndexSettings:
    """
    The [risk] settings of the index.

    Raises
    ------
    SettingsError
        If a number is not finite or outside its range, or the cuts do not rise.
    """

    weight_base: float = _option(0.6, "-", "multiplier of the hazard where nobody is")
    weight_population: float = _option(0.3, "-", "added to the multiplier where population is dense")
    weight_sensitivity: float = _option(
        0.4, "-", "added to the multiplier where crowded places are large or vulnerable"
    )
    density_scale_per_ha: float = _option(100.0, "persons/ha", "density at which the population term reaches 63 %")
    sensitive_scale_per_ha: float = _option(
        100.0, "weighted persons/ha", "weighted places' density at which the sensitivity term reaches 63 %"
    )
    exposure_radius_m: float = _option(200.0, "m", "people and places are spread over this radius")
    assumed_density_per_ha: float = _option(25.0, "persons/ha", "density taken everywhere when no population is given")
    cuts: tuple[float, float, float, float] = _option(
        (0.0, 12.0, 30.0, 70.0), "0-100", "lowest index of a blue, yellow, orange and red cell"
    )
    enterprise_cuts: tuple[float, float, float, float] = _option(
        (0.0, 8.0, 18.0, 40.0), "0-100", "lowest own index of a blue, yellow, orange and red enterprise"
    )
    district_min_share: float = _option(0.01, "-", "share of a district's area that gives it a grade")
    district_min_persons: float = _option(
        1000.0, "persons", "residents in red (or orange or worse) that make a district red (orange); 0: off"
    )
    district_min_enterprises: int = _option(
        3, "enterprises", "red (or orange or worse) enterprises that make a district red (orange); 0: off"
    )

    def __post_init__(self) -> None:
        for name in ("weight_base", "density_scale_per_ha", "sensitive_scale_per_ha"):
            self._require(name, getattr(self, name) > 0, "must be above 0")
        for name in (
            "weight_population",
            "weight_sensitivity",
            "exposure_radius_m",
            "assumed_density_per_ha",
            "district_min_persons",
            "district_min_enterprises",
        ):
            self._require(name, getattr(self, name) >= 0, "must be 0 or more")
        self._require("district_min_share", 0 < self.district_min_share <= 1, "must be above 0 and at most 1")
        for name in ("cuts", "enterprise_cuts"):
            cuts = getattr(self, name)
            rising = len(cuts) == 4 and 0 <= cuts[0] < cuts[1] < cuts[2] < cuts[3] <= 100
            self._require(name, rising, "must be four rising numbers within 0-100: blue, yellow, orange, red")

    @property
    def largest_factor(self) -> float:
        """The exposure factor where people and sensitive places are as dense as can be."""
        return self.weight_base + self.weight_population + self.weight_sensitivity

    def _require(self, name: str, good: bool, rule: str) -> None:
        value = getattr(self, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not (good and all(math.isfinite(n) for n in numbers)):
            raise SettingsError(
                f"[risk] {name} = {value}: {rule}. Default: {type(self).__dataclass_fields__[name].default}."
            )
