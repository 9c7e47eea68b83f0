"""How a region begins: from the files an office has, or as the demo city."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import store
from .api import Region
from .errors import InputError
from .settings import parse_settings


@dataclass(frozen=True)
class Started:
    """A region.toml that `init` wrote, and what it recognised."""

    path: Path
    found: list[dict[str, Any]]


def init(folder: str | Path, files: Iterable[str | Path] = (), *, name: str | None = None) -> Started:
    """
    Start a region: recognise the layers in ``files`` (or in ``folder/inputs``) and write region.toml.

    The files stay where they are; region.toml names them.

    Raises
    ------
    InputError
        If there is a region already, a file is missing, or nothing was recognised.
    """
    import tomllib

    from .layers.recognise import recognise, region_toml

    folder = Path(folder)
    path = folder / "region.toml"
    if path.exists():
        raise InputError(f"{path} is there already. Edit it, or remove it to start anew.")
    given = [Path(f) for f in files] or [folder / "inputs"]
    for file in given:
        if not file.exists():
            raise InputError(f"{file}: no such file or folder. Give the files that hold the region's layers.")
    found = recognise(given)
    if not any(item.layer for item in found):
        raise InputError(
            "no layer was recognised in " + ", ".join(str(f) for f in given) + ". See geo-risk init --help."
        )
    text = region_toml(name or folder.resolve().name, found, folder)
    parse_settings(tomllib.loads(text), str(path))
    store.write_text(path, text)
    return Started(path, [_found(item) for item in found])


def demo(folder: str | Path = "linlan", *, size: str = "city", seed: int = 1) -> Region:
    """
    Write the demo city as the files an office would hand over, with its region.toml.

    Raises
    ------
    InputError
        If ``folder`` holds something that is not the demo.
    """
    from .layers.demo.write import write_demo

    folder = Path(folder)
    ours = folder / "truth.json"
    if folder.exists() and any(folder.iterdir()) and not ours.exists():
        raise InputError(f"{folder} is not empty and not the demo. Name another folder: geo-risk demo DIR")
    summary = write_demo(folder, size=size, seed=seed)
    store.write_text(folder / "region.toml", summary.region_toml)
    return Region(folder)


def _found(item: Any) -> dict[str, Any]:
    file = str(item.path) + (f"#{item.sublayer}" if item.sublayer else "")
    return {
        "file": file,
        "layer": item.layer,
        "runner_up": item.runner_up,
        "system": item.crs,
        "columns": {**item.columns, **item.places},
        "rows": item.rows,
        "notes": list(item.notes),
    }
