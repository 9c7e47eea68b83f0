"""The sites of a region over HTTP: static files with byte ranges, and their API. Read-only."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import HTTPException

from ..errors import GeoRiskError, RegionError, SettingsError
from .api.documents import GEOJSON, OPENAPI, SCHEMA
from .api.problems import MEDIA_TYPE as PROBLEM
from .api.problems import of_http
from .api.questions import Question
from .api.routes import LARGEST_BODY, api_blueprint
from .api.sites import PUBLIC, Sites
from .guard import checked_token, outside_address, protect, refuse_strangers, require
from .twins import twin_of

if TYPE_CHECKING:
    from waitress.server import BaseWSGIServer

# Only names this machine gives itself, so that no foreign page can reach an internal map through the browser.
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_TYPES = {
    ".pmtiles": "application/octet-stream",
    ".geojson": GEOJSON,
    ".json": "application/json",
    ".js": "text/javascript",
    ".css": "text/css",
    ".csv": "text/csv",
    ".tif": "image/tiff",
}
_PACKED = ["text/html", "text/css", "text/javascript", "text/csv", "text/plain", "application/json"]
_PACKED += [GEOJSON, PROBLEM, SCHEMA, OPENAPI.partition(";")[0]]
_HASHED = re.compile(r"\.[0-9a-f]{12}(\.|/)")
_THREADS = 8
_CONNECTIONS = 200
_IDLE_S = 60
_LIST = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>geo_risk</title>
<h1>安全风险一张图 Safety risk maps</h1><ul>{% for name in names %}<li><a href="{{ name }}/">{{ name }}</a>
(<a href="{{ name }}/api/">数据接口 API</a>)</li>
{% endfor %}{% if desk %}<li><a href="/desk">拟建项目选址审查台 Planners' desk</a></li>{% endif %}</ul></html>"""


def create_app(
    site_root: Path,
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    url: str | None = None,
    only: str | None = None,
    questions: Sequence[Question] = (),
    handbooks: Path | None = None,
) -> flask.Flask:
    """
    A Flask application for the site folders in ``site_root`` (public/, internal/, ...).

    ``/`` lists them, ``/<site>/`` is a map, ``/<site>/api/`` its API. Byte ranges are answered with 206.

    Parameters
    ----------
    host : str
        Address that will be listened on. On this machine alone, the server answers only to the machine's own names.
    token : str, optional
        Where given, everything but the list and public sites needs it. Others than this machine get no internal site
        without.
    url : str, optional
        Address that people use where a proxy stands before the server; links lead there.
    only : str, optional
        Serve the sites of this profile alone.
    questions : sequence of Question
        What the API of internal sites passes on to the region.
    handbooks : Path, optional
        Folder of handbooks, answered under ``/handbooks/`` beside internal sites, whose map looks for them there.

    Raises
    ------
    RegionError
        If ``site_root`` holds no such site.
    SettingsError
        If the token is too short, or missing, or the address is none.
    """
    sites = Sites(Path(site_root).resolve(), only)
    if not sites.names():
        which = f"{only} map" if only else "published map"
        raise RegionError(f"{site_root} holds no {which}: run `geo-risk publish REGION` first.")
    own = url is None and is_loopback(host)
    known = checked_token(token) if token is not None else None
    inside = [name for name in sites.names() if sites.audience(name) != PUBLIC]
    if inside and known is None and not own:
        raise SettingsError(
            f"site {', '.join(inside)} is internal: others than this machine need a token for it. Name a file that "
            "holds one with --token-file FILE, or set GEO_RISK_TOKEN, or serve --profile public alone."
        )
    app = flask.Flask("geo_risk", static_folder=None, template_folder=None)
    app.config |= {"MAX_CONTENT_LENGTH": LARGEST_BODY, "SITES": sites.names()}
    if url is not None:
        app.wsgi_app = outside_address(app.wsgi_app, url)  # type: ignore[method-assign, assignment]

    @app.before_request
    def admit() -> None:
        refuse_strangers(LOCAL_HOSTS if own else None)
        profile = (flask.request.view_args or {}).get("profile")
        is_open = flask.request.endpoint in ("index", "icon") or (
            profile is not None and sites.audience(profile) == PUBLIC
        )
        if known is not None and not is_open:
            require(known)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Any:
        return of_http(error) if "/api" in flask.request.path else error

    @app.get("/")
    def index() -> str:
        return flask.render_template_string(_LIST, names=sites.names(), desk="desk" in app.blueprints)

    @app.get("/favicon.ico")
    def icon() -> flask.Response:  # browsers ask for it by themselves; a question for a password would surprise
        return flask.Response(status=204)

    @app.get("/<profile>/")
    @app.get("/<profile>/<path:name>")
    def file(profile: str, name: str = "index.html") -> flask.Response:
        if profile not in sites or any(part.startswith(".") for part in name.split("/")):
            flask.abort(404)
        response = _sent(sites.root / profile, name)
        who = "public" if sites.audience(profile) == PUBLIC else "private"
        fixed = _HASHED.search(name)
        response.headers["Cache-Control"] = f"{who}, max-age=31536000, immutable" if fixed else "no-cache"
        return response

    if inside and handbooks is not None:
        _add_handbooks(app, handbooks.resolve())
    app.register_blueprint(api_blueprint(sites, questions))
    _pack(app)
    app.after_request(protect)
    return app


def _sent(folder: Path, name: str) -> flask.Response:
    """A file of a site; of a text that is asked for whole the packed twin that the browser reads."""
    path, asked = Path(name), flask.request
    twin = None if "Range" in asked.headers else twin_of(folder / path, lambda c: asked.accept_encodings.quality(c) > 0)
    sent = path.with_name(twin[1]).as_posix() if twin else name
    known = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    response = flask.send_from_directory(folder, sent, mimetype=known, conditional=True, etag=True)
    if twin_of(folder / path, lambda coding: True):
        response.vary.add("Accept-Encoding")
    if twin:
        response.headers["Content-Encoding"] = twin[0]
    return response


def _add_handbooks(app: flask.Flask, folder: Path) -> None:
    @app.get("/handbooks/")
    @app.get("/handbooks/<path:name>")
    def handbook(name: str = "index.html") -> flask.Response:
        if any(part.startswith(".") for part in name.split("/")):
            flask.abort(404)
        return flask.send_from_directory(folder, name, conditional=True, etag=True)


def _pack(app: flask.Flask) -> None:
    """Send whole texts compressed, by brotli or gzip; tiles and pieces of files as they are."""
    from flask_compress import Compress

    app.config |= {
        "COMPRESS_REGISTER": False,
        "COMPRESS_MIMETYPES": _PACKED,
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_ALGORITHM_STREAMING": ["br", "gzip"],
        "COMPRESS_STREAMING_ENDPOINT_CONDITIONAL": ["file"],
    }
    packer = Compress(app)

    @app.after_request
    def pack(response: flask.Response) -> flask.Response:
        if response.status_code != 200:
            return response
        whole = response.response
        packed = packer.after_request(response)
        if packed.response is not whole and hasattr(whole, "close"):  # the file that is packed while it is sent
            packed.call_on_close(whole.close)
        return packed


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen(app: flask.Flask, host: str, port: int) -> BaseWSGIServer:
    """
    A waitress server that listens; its ``run()`` answers until interrupted, ``close()`` ends it.

    Raises
    ------
    GeoRiskError
        If the address cannot be listened on.
    """
    import waitress

    try:
        return waitress.create_server(
            app,
            host=host.strip("[]"),
            port=port,
            threads=_THREADS,
            connection_limit=_CONNECTIONS,
            channel_timeout=_IDLE_S,
            max_request_body_size=LARGEST_BODY,
            ident=None,
            clear_untrusted_proxy_headers=False,  # the guard refuses whom a proxy sends; it must see that one did
        )
    except (OSError, ValueError) as error:
        raise GeoRiskError(f"cannot listen on {host}:{port}: {error}. Try another --port or --host.") from None
