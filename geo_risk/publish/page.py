"""The page of a site: data scripts, built assets and index.html."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from ..errors import GeoRiskError

_STATIC = ("app.js", "app.css", "THIRD_PARTY_LICENSES.txt")


def short_hash(data: bytes) -> str:
    """What a file name carries of its content's hash."""
    return hashlib.sha256(data).hexdigest()[:12]


def script_json(value: object) -> str:
    """``value`` as JSON that stands safely in a script: nothing in it can close the tag or end the line."""
    return safe_json(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def safe_json(text: str) -> str:
    """JSON, or a part of it, as `script_json` has it."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def write_page(
    folder: Path,
    manifest: Mapping[str, Any],
    search: str,
    *,
    template: str | None = None,
    static: Path | None = None,
) -> None:
    """
    Write data/, assets/ and index.html.

    Parameters
    ----------
    search : str
        Path of the script with the search index.
    template, static : optional
        Text of another page template, folder of other built scripts.

    Raises
    ------
    GeoRiskError
        If the template or a built script is missing.
    """
    assets = _copy_assets(folder, static)
    table = manifest.get("table", {"layer": "", "columns": [], "rows": []})
    manifest = {**manifest, "search": search}
    columns: list[dict[str, Any]] = next((x["columns"] for x in manifest["layers"] if x["id"] == table["layer"]), [])
    known = {c["name"]: c for c in columns}
    environment = jinja2.Environment(autoescape=True)
    html = environment.from_string(template or read_resource("templates", "index.html.j2")).render(
        lang=manifest["languages"][0],
        title=manifest["title"],
        note=manifest["note"],
        columns=[known[name] for name in table["columns"]],
        rows=table["rows"],
        grades=manifest["grades"],
        site_js=write_script(folder, "site", "GEO_RISK", manifest),
        app_js=assets["app.js"],
        app_css=assets["app.css"],
    )
    (folder / "index.html").write_text(html, encoding="utf-8", newline="\n")


def write_script(folder: Path, name: str, variable: str, value: object) -> str:
    """A script that only assigns data."""
    data = f"window.{variable} = {script_json(value)};\n".encode()
    path = f"data/{name}.{short_hash(data)}.js"
    (folder / path).write_bytes(data)
    return path


def read_resource(folder: str, name: str) -> str:
    """Text of a file that comes with the package, in templates/ or static/."""
    file = resources.files("geo_risk.publish") / folder / name
    if not file.is_file():
        raise GeoRiskError(
            f"geo_risk/publish/{folder}/{name} is missing: the page's scripts are built when the package is "
            "installed. Run `pip install .` in the source folder."
        )
    return file.read_text(encoding="utf-8")


def _copy_assets(folder: Path, static: Path | None) -> dict[str, str]:
    paths = {}
    for name in _STATIC:
        text = read_resource("static", name) if static is None else (static / name).read_text(encoding="utf-8")
        data = text.encode("utf-8")
        stem, _, suffix = name.rpartition(".")
        paths[name] = f"assets/{stem}.{short_hash(data)}.{suffix}" if stem == "app" else f"assets/{name}"
        (folder / paths[name]).write_bytes(data)
    return paths
