"""What is asked of stations and parking lots, checked when it is asked."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError

MODELS = ("mclp", "lscp", "p-median", "p-center")
KINDS = ("fire_station", "depot")


@dataclass(frozen=True)
class Question:
    """
    What is asked: how many of which kind, within which time, by which model.

    ``share``: of the residents, for lscp. ``backup``: a demand counts where two stations are in time.
    """

    add: int = 1
    minutes: float = 5.0
    kind: str = "fire_station"
    model: str = "mclp"
    share: float = 1.0
    backup: bool = False
    time_limit_s: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"--kind {self.kind}: one of {', '.join(KINDS)}.")
        if self.model not in MODELS:
            raise InputError(f"--model {self.model}: one of {', '.join(MODELS)}.")
        if not 1 <= self.add <= 200:
            raise InputError(f"--add {self.add}: must be within 1 and 200.")
        if not 0 < self.minutes <= 60:
            raise InputError(f"--minutes {self.minutes:g}: must be above 0 and at most 60.")
        if not 0 < self.share <= 1:
            raise InputError(f"--share {self.share:g}: must be above 0 and at most 1.")
        if self.backup and self.model in ("p-median", "p-center"):
            raise InputError(f"--backup: only with the models mclp and lscp, not {self.model}.")


@dataclass(frozen=True)
class Wanted:
    """
    What is asked of parking lots: how many, of how many bays each, in which parts of the region.

    ``near``: east, west, north, south, or names or ids of districts; everywhere where empty. ``bay_trips``: trips a
    year that one bay can take; any number where None.
    """

    sites: int = 1
    bays: int | None = None
    near: tuple[str, ...] = ()
    time_limit_s: float | None = None
    bay_trips: float | None = None

    def __post_init__(self) -> None:
        if self.bay_trips is not None and not 0 < self.bay_trips < 1e6:
            raise InputError(f"--bay-trips {self.bay_trips:g}: must be above 0.")
        if not 1 <= self.sites <= 50:
            raise InputError(f"--sites {self.sites}: must be within 1 and 50.")
        if self.bays is not None and not 1 <= self.bays <= 2000:
            raise InputError(f"--bays {self.bays}: must be within 1 and 2000.")
