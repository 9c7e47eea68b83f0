"""The text of a region.toml from recognised files, with what a person should confirm."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..schema import LAYERS
from .coordinates import UNSTATED

if TYPE_CHECKING:
    from .recognise import Recognised


WEATHER = "weather"  # what a file of wind is recognised as; the section that names it
_BARE = re.compile(r"^[A-Za-z0-9_-]+$")  # a key TOML takes without quotes


def region_toml(name: str, recognised: Sequence[Recognised], folder: Path) -> str:
    """
    A region.toml: [region], one [layers.X] a layer found, and as comments what each file is taken
    for, what to confirm, and which files are left out and why. Paths under ``folder`` are relative.
    """
    wind = [r for r in recognised if r.layer == WEATHER and not r.duplicate_of][:1]
    used = [r for r in recognised if r.layer in LAYERS and not r.duplicate_of] + wind
    layers = {layer: [r for r in used if r.layer == layer] for layer in LAYERS}
    boundary = 'boundary = "districts"' if layers["districts"] else '# boundary = "inputs/boundary.geojson"'
    lines = [
        "[region]",
        f"name = {_text(name)}",
        f"{boundary}  # cells outside are not published",
        '# crs = "EPSG:4549"  # metric CRS; chosen from the data when absent',
        "",
    ]
    for layer, files in layers.items():
        if files:
            lines += [*_layer(layer, files, folder), ""]
    for r in wind:
        notes = _comment("; ".join(r.notes))
        lines += ["[weather]", f"# {_comment(_path(r, folder))}: {r.rows} rows; {notes}",
                  f"wind = {_text(_path(r, folder))}", ""]  # fmt: skip
    left = [r for r in recognised if r not in used]
    if left:
        lines += ["# Not used:"]
    for r in left:
        lines += [f"# {_comment(_path(r, folder))}: {_comment('; '.join(r.notes))}"]
        if r.duplicate_of:
            lines += [f"#   [layers.{r.layer}] source = {_text(_path(r, folder))}"]
    return "\n".join(lines).rstrip() + "\n"


def _layer(layer: str, files: Sequence[Recognised], folder: Path) -> list[str]:
    table = LAYERS[layer]
    lines = [f"[layers.{layer}]  # {table.zh}"]
    for r in files:
        system = f"; coordinates: {r.crs}" if r.crs else ""
        lines += [f"# {_comment(_path(r, folder))}: {r.rows} rows{_comment(system)}"]
        lines += [f"#   confirm: {_comment(note)}" for note in r.notes]
    if any(r.columns for r in files):
        lines += ["# Columns as recognised: correct them and take the # away to have them read so for good."]
    if len(files) == 1:
        lines += [f"source = {_text(_path(files[0], folder))}"]
        lines += [f"{k} = {_value(v)}" for k, v in _extras(files[0]).items()]
        if files[0].columns:
            lines += [f"# columns = {_comment(_value(_columns(files[0])))}"]
    else:
        lines += ["source = ["]
        for r in files:
            lines += [f"  {_item(r, folder, _extras(r))},"]
            if r.columns:
                lines += [f"  # or: {_comment(_item(r, folder, {**_extras(r), 'columns': _columns(r)}))},"]
        lines += ["]"]
    if any(note.startswith(UNSTATED) for r in files for note in r.notes):
        lines += ['# crs = "wgs84"  # or gcj02, bd09, EPSG:...: not stated in the file, take the # away when you know']
    if "position_error_m" in table.names:
        lines += ["# position_error_m = 20  # if the positions' error is known, metres (68 %)"]
    return lines


def _extras(r: Recognised) -> dict[str, Any]:
    return {k: v for k, v in (("crs", r.judged), ("join", r.join), ("values", r.values), ("where", r.where)) if v}


def _columns(r: Recognised) -> dict[str, str]:
    return {**r.columns, **r.places}


def _item(r: Recognised, folder: Path, extras: Mapping[str, Any]) -> str:
    path = _text(_path(r, folder))
    return f"{{ path = {path}, {', '.join(f'{k} = {_value(v)}' for k, v in extras.items())} }}" if extras else path


def _path(r: Recognised, folder: Path) -> str:
    path = r.path.absolute()
    inside = path.is_relative_to(folder.absolute())
    text = path.relative_to(folder.absolute()).as_posix() if inside else path.as_posix()
    return text + (f"#{r.sublayer}" if r.sublayer else "")


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(k))} = {_value(v)}" for k, v in value.items()) + " }"
    return _text(value) if isinstance(value, str) else str(value)


def _key(text: str) -> str:
    return text if _BARE.match(text) else _text(text)


def _comment(text: str) -> str:
    """Text on one line, without control characters, which TOML forbids in comments."""
    return "".join(c if c.isprintable() else " " for c in text)
