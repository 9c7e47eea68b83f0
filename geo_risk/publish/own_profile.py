"""A region's own profiles: a built-in one with less shown, or, for a reason that the site states, with more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import SettingsError
from ..schema import LAYERS, RESULTS
from ..sections import ProfileSettings
from .catalogue import table_schema
from .profile import PROFILES, PUBLIC_CELL_M, Profile, Shown, get_profile
from .style import SURFACES

# The map is drawn, ordered and counted by these: without one of them a table cannot be shown at all.
_NEEDED = ("id", "parent_id", "level", "kind", "grade", "surface", "district_id", "geometry")
LEVELS = ("city", "county", "township", "village")


def profile_of(name: str, own: Mapping[str, ProfileSettings]) -> Profile:
    """
    The profile called ``name``: built in, or made by its section [profiles.NAME].

    Raises
    ------
    SettingsError
        If there is none, if it names a table, column or surface that the map does not know, or if it shows more than
        the one it is based on without a ``reason``.
    """
    made = own.get(name)
    if made is None:
        return get_profile(name)
    where = f"[profiles.{name}]"
    base = get_profile(made.base or (name if name in PROFILES else "public"))
    if name in PROFILES and base.name != name:
        raise SettingsError(f"{where} base = {made.base!r}: a built-in profile stays its own base. Take another name.")
    beyond = [*_beyond(base, made, where)]
    if beyond and not made.reason:
        raise SettingsError(
            f"{where} shows more than {base.name} may: {', '.join(beyond)}. Take it out, or write "
            'reason = "who allowed it, by which paper, when", which manifest.json of the site then states.'
        )
    hidden = frozenset(_keys(made.hide, f"{where} hide"))
    for item in hidden:
        if item.partition(".")[2] in _NEEDED:
            raise SettingsError(f"{where} hide = {item!r}: the map is drawn by it. Hide the whole table instead.")
    surfaces = _surfaces(base, made, where)
    return replace(
        base,
        name=name,
        tables=_tables(base, made, where),
        surfaces=surfaces,
        levels=frozenset(made.levels) or base.levels,
        min_persons=base.min_persons if made.min_persons is None else made.min_persons,
        hidden=hidden,
        watermark=made.watermark,
        beyond=tuple(beyond),
        reason=made.reason,
    )


def _keys(items: Sequence[str], where: str) -> list[str]:
    """``items`` as surfaces, tables or table.column of the map; a name of a layer and of a result stands for both."""
    found = []
    for item in items:
        name, _, column = item.partition(".")
        tables = [key for key, there in ((name, RESULTS), (f"layers/{name}", LAYERS)) if name in there]
        if name.startswith("layers/") and name.removeprefix("layers/") in LAYERS:
            tables = [name]
        tables = [key for key in tables if not column or column in table_schema(key).names]
        keys = [f"{key}.{column}" if column else key for key in tables]
        keys += [item] if item in SURFACES else []
        if not keys:
            raise SettingsError(f"{where} = {item!r}: no table, table.column or surface of the map (docs/tables.md).")
        found += keys
    return found


def _beyond(base: Profile, made: ProfileSettings, where: str) -> list[str]:
    """What ``made`` shows that its base does not."""
    found = []
    for key in _keys(made.show, f"{where} show"):
        table, _, column = key.partition(".")
        there = base.block_m(key) is not None if key in SURFACES else base.columns(table) is not None
        if not there or (column and column not in (base.columns(table) or ())):
            found.append(key)
    finest = min((base.surfaces or {}).values(), default=0.0)
    if made.cell_m is not None and made.cell_m < finest:
        found.append(f"cells of {made.cell_m:g} m (finer than {finest:g} m)")
    if base.levels is not None:
        found += [f"areas of level {level}" for level in made.levels if level not in base.levels]
    if made.min_persons is not None and made.min_persons < base.min_persons:
        found.append(f"groups of fewer than {base.min_persons:g} persons")
    return found


def _tables(base: Profile, made: ProfileSettings, where: str) -> Mapping[str, Shown] | None:
    if base.tables is None:
        return None
    tables = dict(base.tables)
    for item in _keys(made.show, f"{where} show"):
        key, _, column = item.partition(".")
        if key in SURFACES:
            continue
        had = tables.get(key, Shown((), made.reason))
        tables[key] = replace(had, columns=(*had.columns, column) if column else table_schema(key).names)
    return tables


def _surfaces(base: Profile, made: ProfileSettings, where: str) -> Mapping[str, float] | None:
    if base.surfaces is None:
        return None if made.cell_m is None else dict.fromkeys(SURFACES, made.cell_m)
    shown = _keys(made.show, f"{where} show")
    sides = dict(base.surfaces) | {name: PUBLIC_CELL_M for name in shown if name in SURFACES}
    return sides if made.cell_m is None else dict.fromkeys(sides, made.cell_m)
