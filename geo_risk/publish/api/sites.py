"""The site folders of a region as they are now: whom each is for, its layers, and these in memory."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import RegionError
from .collection import Collection, read_collection

INTERNAL = "internal"
PUBLIC = "public"
_DATE = "date"


@dataclass(frozen=True)
class Layer:
    """
    A layer of the site that its API offers.

    ``columns`` are the manifest's column objects by name; ``files`` the site's downloads of it by ending.
    """

    id: str
    zh: str
    en: str
    count: int
    columns: dict[str, dict[str, Any]]
    files: dict[str, str]

    @property
    def date_column(self) -> str | None:
        """The column by which features are dated: the first date; None if there is none."""
        return next((name for name, column in self.columns.items() if column["dtype"] == _DATE), None)


@dataclass
class Site:
    """
    One published site, read from its folder.

    ``audience`` is the profile it was built for, whatever its folder is called; ``version`` changes when it is
    published anew, at the time ``published``; ``about`` is the site's manifest (docs/site-format.md).
    """

    name: str
    folder: Path
    audience: str
    version: str
    published: datetime
    about: dict[str, Any]
    layers: dict[str, Layer]
    hashes: dict[str, str]
    _read: dict[str, Collection] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def collection(self, layer: Layer) -> Collection:
        """
        The features of a layer, read once.

        Raises
        ------
        RegionError
            If the file is not the one that was published.
        """
        with self._lock:
            if layer.id not in self._read:
                path = self.folder / layer.files["geojson"]
                if hashlib.sha256(path.read_bytes()).hexdigest() != self.hashes.get(layer.files["geojson"]):
                    raise RegionError(f"{path} is not the file that was published. Publish the site again.")
                self._read[layer.id] = read_collection(path, layer.count)
            return self._read[layer.id]


class Sites:
    """The sites below a folder; one published anew is read anew."""

    def __init__(self, root: Path, only: str | None = None) -> None:
        self.root = root
        self.only = only
        self._known: dict[str, tuple[tuple[int, int, int], Site]] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Folders with a site, of the profile ``only`` where one is named."""
        return [p.name for p in sorted(self.root.iterdir()) if p.name in self] if self.root.is_dir() else []

    def __contains__(self, name: str) -> bool:
        """Whether a folder of this name, and no path, holds a site that may be served."""
        try:
            there = name == Path(name).name and not name.startswith(".") and (self.root / name / "index.html").is_file()
        except ValueError:  # a name that no file can have
            return False
        return there and self.only in (None, self.audience(name))

    def audience(self, name: str) -> str:
        """The profile the site ``name`` was built for; internal where it does not say."""
        site = self.get(name)
        return site.audience if site else INTERNAL

    def get(self, name: str) -> Site | None:
        """The site in folder ``name``; None if its manifest is not there."""
        path = self.root / name / "manifest.json"
        try:
            state = path.stat()
        except (OSError, ValueError):
            return None
        stamp = state.st_mtime_ns, state.st_size, state.st_ino
        with self._lock:
            if name not in self._known or self._known[name][0] != stamp:
                try:
                    self._known[name] = stamp, _read_site(path)
                except (OSError, ValueError, KeyError, StopIteration):
                    return None
            return self._known[name][1]


def _read_site(path: Path) -> Site:
    data = path.read_bytes()
    manifest = json.loads(data)
    hashes = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    script = next(name for name in hashes if name.startswith("data/site.") and name.endswith(".js"))
    text = (path.parent / script).read_text(encoding="utf-8")
    about = json.loads(text[text.index("{") : text.rindex("}") + 1])
    layers = {}
    for layer in about["layers"]:
        files = {name.rpartition(".")[2]: name for name in layer.get("downloads", ())}
        if "geojson" in files:
            columns = {column["name"]: column for column in layer["columns"]}
            layers[layer["id"]] = Layer(layer["id"], layer["zh"], layer["en"], layer["count"], columns, files)
    version = hashlib.sha256(data).hexdigest()[:16]
    when = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    return Site(path.parent.name, path.parent, manifest["profile"], version, when, about, layers, hashes)
