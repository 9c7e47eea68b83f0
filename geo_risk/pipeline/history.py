"""Dated states of a region: kept cheaply, listed, deleted, opened again.

A state is a region folder of its own, REGION/history/NAME, with region.toml and the part of ``build/``
that comparisons and questions read. Its files are hard links to those of ``build/`` or, where an earlier state
holds the same bytes, to that one's: an unchanged region costs only names.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import store
from .._version import __version__
from ..errors import InputError, RegionError
from ..manifest import MANIFEST, Step, locked, outdated
from ..region import Region

HISTORY = "history"
_RECORD = "snapshot.json"
_SETTINGS = "region.toml"
# Pictures of other results, and halves of a product that is kept: computed again where wanted.
_LEFT_OUT = ("tables/service_areas.parquet", "surfaces/hazard.tif", "surfaces/exposure.tif")
_FOLDERS = ("layers", "tables", "surfaces")
_FILES = ("frame.json", "grid.json", "date.json", "boundary.parquet", MANIFEST)
_NAME = re.compile(r"[\w\d][\w\d.\-]{0,63}")
# Names a Windows share refuses.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Snapshot:
    """A kept state: its data date (may be empty), the program that made it, files, bytes, and bytes no other had."""

    name: str
    date: str
    program: str
    files: int
    bytes: int
    new_bytes: int
    state: str = "kept"


def keep(region: Region, steps: list[Step], name: str | None = None) -> Snapshot:
    """
    Keep the results of the last run as state ``name``, else that of the data date.

    Everything is linked beside the place first and put there by one rename. A state of that name with the
    same content is left as it is (``state`` is "unchanged").

    Raises
    ------
    InputError
        If the name cannot name a folder everywhere, or there is neither name nor data date.
    RegionError
        If there are no results, they are older than inputs or settings, or the name holds another state.
    """
    with locked(region.folder):
        files = _files(region.build)
        late = outdated(region.folder, region.build, steps)
        if late:
            raise RegionError(
                f"{region.folder}: inputs or settings changed since the last run ({', '.join(late[:5])}"
                f"{', ...' if len(late) > 5 else ''}). Run it first: geo-risk run {region.folder}"
            )
        name = checked_name(name or region.data_date, region)
        return _keep(region, name, files)


def _keep(region: Region, name: str, files: dict[str, Path]) -> Snapshot:
    hashes = {label: store.sha256(path) for label, path in files.items()}
    target, others = region.folder / HISTORY / name, _records(region)
    if name in others:
        if others[name]["files"] == hashes:
            return _told(target, others[name], 0, "unchanged")
        raise RegionError(
            f"{target} holds another state. Give this one a name of its own (--name), or delete that one first: "
            f"geo-risk snapshot {region.folder} --delete {name}"
        )
    if target.exists():
        raise RegionError(f"{target} is there and no state of this region. Move it away, or choose another --name.")
    owner = {(label, h): other for other in sorted(others) for label, h in others[other]["files"].items()}
    for left in (region.folder / HISTORY).glob(".*"):  # by a kill
        shutil.rmtree(left, ignore_errors=True)
    fresh = target.with_name(f".{name}.new")
    new_bytes = 0
    for label, path in files.items():
        other = owner.get((label, hashes[label]))
        new_bytes += 0 if other else path.stat().st_size
        store.link_file(region.folder / HISTORY / other / label if other else path, fresh / label)
    # A person edits this file in place: the state needs a copy of its own.
    (fresh / _SETTINGS).unlink()
    shutil.copyfile(files[_SETTINGS], fresh / _SETTINGS)
    record = {"date": region.data_date, "geo_risk": __version__, "files": hashes}
    store.write_json(fresh / _RECORD, record)
    os.replace(fresh, target)
    return _told(target, record, new_bytes, "kept")


def states(region: Region) -> list[Snapshot]:
    """The kept states, by data date and name; ``new_bytes`` counts what no earlier one holds."""
    found = sorted(_records(region).items(), key=lambda item: (item[1]["date"] or item[0], item[0]))
    seen: set[tuple[str, str]] = set()
    out = []
    for name, record in found:
        target = region.folder / HISTORY / name
        new = {label for label, h in record["files"].items() if (label, h) not in seen}
        out.append(_told(target, record, sum(_size(target / label) for label in new), "kept"))
        seen.update(record["files"].items())
    return out


def forget(region: Region, name: str) -> None:
    """Delete a kept state; RegionError if there is none of that name."""
    with locked(region.folder):
        target = state_folder(region.folder, name)
        gone = target.with_name(f".{name}.old")
        shutil.rmtree(gone, ignore_errors=True)
        os.replace(target, gone)
        shutil.rmtree(gone)


def state_folder(folder: Path, name: str) -> Path:
    """Folder of the kept state ``name``; RegionError with the names there are."""
    target = folder / HISTORY / name
    if name not in _names(folder):
        have = ", ".join(_names(folder)) or "none"
        raise RegionError(f"{folder}: no state {name!r}. Kept: {have}. Keep one: geo-risk snapshot {folder}")
    return target


def find_state(text: str) -> Path:
    """The region folder behind ``FOLDER`` or ``FOLDER@NAME``."""
    folder, at, name = text.rpartition("@")
    if Path(text).exists() or not at:
        return Path(text)
    return state_folder(Path(folder), name)


def checked_name(name: str, region: Region) -> str:
    """``name`` if it can name a folder on every system."""
    if not name:
        raise InputError(
            f"{region.folder}: neither settings nor inputs tell the day of the data. Name the state: --name "
            'DATE, or write data_date = "2026-09-30" under [region].'
        )
    if not _NAME.fullmatch(name) or name.endswith(".") or _DEVICES.fullmatch(name):
        raise InputError(
            f"state name {name!r}: letters, digits, points, hyphens and underscores, at most 64, such as 2026-09-30."
        )
    return name


def _names(folder: Path) -> list[str]:
    return sorted(p.parent.name for p in (folder / HISTORY).glob(f"*/{_RECORD}") if not p.parent.name.startswith("."))


def _records(region: Region) -> dict[str, dict[str, Any]]:
    return {name: store.read_json(region.folder / HISTORY / name / _RECORD) for name in _names(region.folder)}


def _files(build: Path) -> dict[str, Path]:
    """The files a state keeps, by their names within it; RegionError before the first run."""
    if not (build / MANIFEST).is_file():
        raise RegionError(f"{build.parent}: no results yet. Compute them with: geo-risk run {build.parent}")
    inside = [p for folder in _FOLDERS for p in sorted((build / folder).glob("*")) if p.is_file()]
    inside += [build / name for name in _FILES]
    labels = {path.relative_to(build).as_posix(): path for path in inside if path.is_file()}
    kept = {f"build/{label}": path for label, path in labels.items() if label not in _LEFT_OUT}
    return {_SETTINGS: build.parent / _SETTINGS, **kept}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _told(target: Path, record: dict[str, Any], new_bytes: int, state: str) -> Snapshot:
    sizes = [_size(target / label) for label in record["files"]]
    return Snapshot(target.name, record["date"], record["geo_risk"], len(sizes), sum(sizes), new_bytes, state)
