"""Everything that goes wrong because of what a user gave us.

GeoRiskError
├── InputError(ValueError)       a file, row, column or value of the inputs
├── SettingsError(ValueError)    a key of region.toml
├── CRSError(ValueError)         coordinates whose system is unknown, wrong or not metric
├── StandardsError(ValueError)   a row of a standards table or of a user's own rules
├── RegionError(LookupError)     a region, layer or result that is not there
└── SeveralErrors                several of these, told together

A message says what was wrong, with which value and where, and the next step.
``cli`` alone turns these into one line and exit code 1; any other exception is
a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class GeoRiskError(Exception):
    """Base of every error a user can mend."""


class InputError(GeoRiskError, ValueError):
    """An input file, or something in it, cannot be used."""


class SettingsError(GeoRiskError, ValueError):
    """A key of region.toml is unknown, missing or has a value that is not allowed."""


class CRSError(GeoRiskError, ValueError):
    """A coordinate system is unknown, contradicts the data or is not metric."""


class StandardsError(GeoRiskError, ValueError):
    """A standards table or a user's own rule table is malformed."""


class RegionError(GeoRiskError, LookupError):
    """A region, layer, table or surface does not exist (yet)."""


class SeveralErrors(GeoRiskError):
    """Several things are wrong; ``errors`` holds each of them."""

    def __init__(self, errors: Sequence[GeoRiskError]) -> None:
        self.errors = tuple(errors)
        super().__init__(f"{len(errors)} problems\n" + "\n".join(f"{n}. {e}" for n, e in enumerate(errors, 1)))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), (self.errors,)  # so that it may come from another process


def together(errors: Iterable[GeoRiskError]) -> GeoRiskError:
    """One error that tells all of ``errors`` (at least one), each once."""
    each = [e for error in errors for e in (error.errors if isinstance(error, SeveralErrors) else (error,))]
    each = list({str(e): e for e in each}.values())
    return each[0] if len(each) == 1 else SeveralErrors(each)
