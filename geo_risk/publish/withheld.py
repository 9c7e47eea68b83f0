"""What a shown value may still tell of the rest: counts in sentences, differences of counts, names in names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

# Own choice: shorter names (加油站, 仓库) are words of many a place, and tell of none.
_LEAST_NAME = 4
# Tables whose rows stay inside and whose names others may carry (XX厂职工医院), and the columns that hold them.
_NAMED = ("layers/enterprises", "layers/hazard_sources")
_NAMES = ("name", "enterprise_name")
# What a sentence on a grade says -> which minimum gave it. The order counts: the last tells of enterprises too.
_CRITERIA = (
    (" enterprises or risk points are ", "places"),
    (" of the area is ", "area"),
    (" residents in ", "residents"),
    ("enterprises graded ", "enterprises"),
    ("no grade reaches ", "none"),
)


def criterion(rule: object) -> str | None:
    """
    Which minimum gave a district its grade, without the figures that reached it.

    A sentence of `analysis.rollup` counts the people, enterprises or cells it goes by; the public sees none of these
    counts. None for any other text.
    """
    return next((code for words, code in _CRITERIA if isinstance(rule, str) and words in rule), None)


def rounded_persons(persons: pd.Series, least: float) -> pd.Series:
    """
    Counts of people [persons] to multiples of ``least``; NaN where they are fewer.

    Any sum or difference of such counts is a multiple too, of a parent and its parts or of two dates, so none gives
    away a group of fewer.
    """
    return (persons.where(persons >= least) / least).round() * least


def secret_names(tables: Mapping[str, pd.DataFrame], shown: Iterable[str]) -> set[str]:
    """Names of enterprises and hazard sources among ``tables`` that stay inside, but those that a shown row bears."""
    columns = [tables[key][c] for key in _NAMED if key in tables for c in _NAMES if c in tables[key].columns]
    names = {str(name) for column in columns for name in column.dropna().unique()}
    return {name for name in names if len(name) >= _LEAST_NAME} - set(shown)


def without_names(names: pd.Series, secret: set[str]) -> pd.Series:
    """``names``, missing where one holds one of the ``secret``."""
    lengths = sorted({len(name) for name in secret})

    def holds(name: object) -> bool:
        text = name if isinstance(name, str) else ""
        return any(text[i : i + n] in secret for n in lengths for i in range(len(text) - n + 1))

    return names.mask(names.map(holds).astype(bool))
