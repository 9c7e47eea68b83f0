"""The sites of a region over HTTP on this machine: static files with byte ranges, nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import flask
from werkzeug.sansio.utils import host_is_trusted

from ..errors import RegionError

# Only names this machine gives itself, so that no foreign page can reach an internal map through the browser.
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
}
_TYPES = {
    ".pmtiles": "application/octet-stream",
    ".geojson": "application/geo+json",
    ".js": "text/javascript",
    ".css": "text/css",
    ".csv": "text/csv",
    ".tif": "image/tiff",
}
_HASHED = re.compile(r"\.[0-9a-f]{12}(\.|/)")
_LIST = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>geo_risk</title>
<h1>安全风险一张图 Safety risk maps</h1><ul>{% for name in names %}<li><a href="{{ name }}/">{{ name }}</a></li>
{% endfor %}{% if desk %}<li><a href="/desk">拟建项目选址审查台 Planners' desk</a></li>{% endif %}</ul></html>"""


def create_app(
    site_root: Path, *, handbooks: Path | None = None, hosts: Sequence[str] | None = LOCAL_HOSTS
) -> flask.Flask:
    """
    A Flask application for the site folders in ``site_root`` (public/, internal/, ...).

    ``/`` lists them, ``/<profile>/`` is a map. Byte ranges are answered with 206.

    Parameters
    ----------
    handbooks : Path, optional
        Folder of handbooks, answered under ``/handbooks/``, where the internal map looks for them.
    hosts : sequence of str, optional
        Names under which the server may be asked; None allows all, for use behind a proxy.

    Raises
    ------
    RegionError
        If ``site_root`` holds no site.
    """
    root = Path(site_root).resolve()
    if not _profiles(root):
        raise RegionError(f"{site_root} holds no published map: run `geo-risk publish REGION` first.")
    app = flask.Flask("geo_risk", static_folder=None, template_folder=None)

    @app.before_request
    def refuse_strangers() -> None:
        if hosts is not None and not host_is_trusted(flask.request.host, list(hosts)):
            flask.abort(400, f"this server answers only to {', '.join(hosts)}")

    @app.after_request
    def protect(response: flask.Response) -> flask.Response:
        response.headers.update(_HEADERS)
        return response

    @app.get("/")
    def index() -> str:
        return flask.render_template_string(_LIST, names=_profiles(root), desk="desk" in app.blueprints)

    @app.get("/handbooks/")
    @app.get("/handbooks/<path:name>")
    def handbook(name: str = "index.html") -> flask.Response:
        if handbooks is None or any(part.startswith(".") for part in name.split("/")):
            flask.abort(404)
        return flask.send_from_directory(handbooks.resolve(), name, conditional=True, etag=True)

    @app.get("/<profile>/")
    @app.get("/<profile>/<path:name>")
    def file(profile: str, name: str = "index.html") -> flask.Response:
        if profile not in _profiles(root) or any(part.startswith(".") for part in name.split("/")):
            flask.abort(404)
        response = flask.send_from_directory(
            root / profile, name, mimetype=_TYPES.get(Path(name).suffix), conditional=True, etag=True
        )
        fixed = _HASHED.search(name)
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable" if fixed else "no-cache"
        return response

    return app


def _profiles(root: Path) -> list[str]:
    folders = sorted(root.iterdir()) if root.is_dir() else []
    return [p.name for p in folders if not p.name.startswith(".") and (p / "index.html").is_file()]
