"""region.toml read once, validated and frozen; what the keys are stands in `sections`."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .schema import LAYERS
from .sections import BUILT_IN_PROFILES, SECTIONS, LayerSettings, ProfileSettings, Settings


def load_settings(path: Path) -> Settings:
    """
    Read and check region.toml.

    Raises
    ------
    SettingsError
        If the file is missing, is no TOML, or a key is unknown, missing or not allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: no such file. Start a region with: geo-risk init {path.parent} FILES..."
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}. Correct that line.") from None
    return parse_settings(document, str(path))


def parse_settings(document: Mapping[str, Any], where: str = "region.toml") -> Settings:
    """Settings from a parsed document; see `load_settings`."""
    for section in document:
        if section not in (*SECTIONS, "layers", "profiles"):
            known = [*SECTIONS, "layers", "profiles"]
            raise SettingsError(f"{where}: unknown section [{section}]{_nearest(section, known)}")
    layers = document.get("layers", {})
    if not isinstance(layers, Mapping) or not layers:
        raise SettingsError(
            f"{where}: no [layers.NAME] section. At least one layer with hazards and a boundary are needed."
        )
    for name in layers:
        if name not in LAYERS:
            raise SettingsError(f"{where}: unknown layer [layers.{name}]{_nearest(name, list(LAYERS))}")
    parsed = {name: _section(kind, document.get(name, {}), f"[{name}]", where) for name, kind in SECTIONS.items()}
    of_layers = {name: _section(LayerSettings, layers[name], f"[layers.{name}]", where) for name in sorted(layers)}
    profiles = _profiles(document.get("profiles", {}), where)
    for name in parsed["publish"].profiles:
        if name not in (*BUILT_IN_PROFILES, *profiles):
            nearest = _nearest(name, [*BUILT_IN_PROFILES, *profiles])
            raise SettingsError(f"{where}: [publish] profiles = {name!r}: there is no [profiles.{name}]{nearest}")
    return Settings(layers=types.MappingProxyType(of_layers), profiles=types.MappingProxyType(profiles), **parsed)


def _profiles(sections: Any, where: str) -> dict[str, ProfileSettings]:
    if not isinstance(sections, Mapping):
        raise SettingsError(f"{where}: [profiles.NAME] must be a section, not profiles = {sections!r}.")
    for name in sections:
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name):
            raise SettingsError(
                f"{where}: [profiles.{name}]: the name is a folder's, so small letters, digits, - and _ alone."
            )
    return {name: _section(ProfileSettings, sections[name], f"[profiles.{name}]", where) for name in sorted(sections)}


def describe() -> list[dict[str, str]]:
    """One row a key: section, key, type, default, unit, meaning, allowed; for help and documentation."""
    rows = []
    for section, kind in [*SECTIONS.items(), ("layers.NAME", LayerSettings), ("profiles.NAME", ProfileSettings)]:
        hints = typing.get_type_hints(kind)
        for f in fields(kind):
            check = f.metadata["check"]
            rows.append(
                {
                    "section": section,
                    "key": f.name,
                    "type": _type_text(hints[f.name]),
                    "default": _default_text(f),
                    "unit": f.metadata["unit"],
                    "meaning": f.metadata["meaning"],
                    "allowed": check[1] if check else "",
                }
            )
    return rows


def _section(kind: type, values: Any, label: str, where: str) -> Any:
    if not isinstance(values, Mapping):
        raise SettingsError(f"{where}: {label} must be a section, not {values!r}.")
    known = {f.name: f for f in fields(kind)}
    for key in values:
        if key not in known:
            raise SettingsError(f"{where}: {label} has no key {key!r}{_nearest(key, list(known))}")
    hints = typing.get_type_hints(kind)
    given = {}
    for name, f in known.items():
        if name not in values:
            if f.default is MISSING and f.default_factory is MISSING:
                raise SettingsError(f"{where}: {label} {name} is missing: {f.metadata['meaning']}. Write {name} = ...")
            continue
        given[name] = _value(values[name], hints[name], f, f"{where}: {label} {name}")
    return kind(**given)


def _value(value: Any, hint: Any, f: Any, label: str) -> Any:
    ok, converted = _convert(value, hint)
    if not ok:
        raise SettingsError(f"{label} = {value!r}: must be {_type_text(hint)} ({f.metadata['meaning']}).")
    check = f.metadata["check"]
    if check and converted is not None and not check[0](converted):
        unit = f" {f.metadata['unit']}" if f.metadata["unit"] else ""
        raise SettingsError(f"{label} = {value!r}: must be {check[1]}{unit} ({f.metadata['meaning']}).")
    if isinstance(converted, dict) and isinstance(f.default_factory, Callable):  # type: ignore[arg-type]
        return {**f.default_factory(), **converted}
    return converted


def _convert(value: Any, hint: Any) -> tuple[bool, Any]:
    """(fits, value as the type ``hint``); booleans are never numbers."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        for option in args:
            ok, converted = _convert(value, option) if option is not type(None) else (value is None, None)
            if ok:
                return True, converted
        return False, None
    if origin is tuple:
        items = [_convert(v, args[0]) for v in value] if isinstance(value, list) else []
        return isinstance(value, list) and all(ok for ok, _ in items), tuple(v for _, v in items)
    if origin is dict:
        pairs = {k: _convert(v, args[1]) for k, v in value.items()} if isinstance(value, Mapping) else {}
        return isinstance(value, Mapping) and all(ok for ok, _ in pairs.values()), {k: v for k, (_, v) in pairs.items()}
    if hint is Any:
        return isinstance(value, str | int | float | bool | Mapping | list), value
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return number, float(value) if number else None
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool), value
    return isinstance(value, hint), value


_TYPE_WORDS = {str: "text", float: "a number", int: "a whole number", bool: "true or false"}


def _type_text(hint: Any) -> str:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_type_text(a) for a in args if a is not type(None))
    if origin in (tuple, dict):
        of = {str: "texts", float: "numbers", int: "whole numbers"}.get(args[-1 if origin is dict else 0], "values")
        return f"a {'list' if origin is tuple else 'table'} of {of}"
    return _TYPE_WORDS[hint]


def _default_text(f: Any) -> str:
    if f.default is MISSING and f.default_factory is MISSING:
        return "required"
    value = f.default if f.default is not MISSING else f.default_factory()
    if value is None:
        return "absent"
    if isinstance(value, tuple):
        return "[" + ", ".join(_plain(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_plain(v)}" for k, v in value.items()) + " }" if value else "{}"
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f". Did you mean {close[0]!r}?" if close else f". Known: {', '.join(known)}."
