"""What a column and a table are: the words in which `schema` is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """One column: its unit, its meaning and the headers under which offices write it."""

    name: str
    dtype: str
    zh: str
    en: str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    domain: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table: ``geometry`` is point, line, polygon, any, raster or none."""

    name: str
    zh: str
    en: str
    geometry: str
    columns: tuple[Column, ...]
    aliases: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """The column called ``name``; KeyError if there is none."""
        return next(c for c in self.columns if c.name == name) if name in self.names else _missing(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order, geometry not included."""
        return tuple(c.name for c in self.columns)


def _missing(name: str) -> Column:
    raise KeyError(name)


def column(
    name: str, dtype: str, zh: str, en: str, unit: str = "", also: str = "", domain: str = "", need: bool = False
) -> Column:
    """``also``: aliases split by ``|``; ``domain``: ``value=synonym,synonym|value=...``."""
    pairs = (item.partition("=") for item in domain.split("|") if item)
    domains = {value: tuple(s for s in words.split(",") if s) for value, _, words in pairs}
    return Column(name, dtype, zh, en, unit, tuple(a for a in also.split("|") if a), domains, need)
