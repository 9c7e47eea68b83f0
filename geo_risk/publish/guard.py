"""Who may ask the server, and what every answer says to the browser."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import flask
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized
from werkzeug.sansio.utils import host_is_trusted

from ..errors import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Own choice: 20 characters of base64 hold 120 bits, which nobody guesses.
SHORTEST_TOKEN = 20
# What a proxy before the server adds; without an address of its own the server takes nobody's word for a stranger's.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; worker-src blob:; connect-src 'self' data: blob:; "
        "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    ),
}


def checked_token(token: str) -> str:
    """
    ``token`` without the spaces around it.

    Raises
    ------
    SettingsError
        If it is too short, or holds what a header cannot.
    """
    token = token.strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(
            f"the token has {len(token)} characters: it takes {SHORTEST_TOKEN} or more, letters, digits and signs of "
            "ASCII without a space. Make one: "
            'python -c "import secrets; print(secrets.token_urlsafe(24))"'
        )
    return token


def refuse_strangers(hosts: Sequence[str] | None) -> None:
    """Abort a request under another name than ``hosts`` (None: any), or passed on by a proxy."""
    if hosts is None:
        return
    if not host_is_trusted(flask.request.host, list(hosts)):
        flask.abort(400, f"this server answers only to {', '.join(hosts)}.")
    if any(name in flask.request.headers for name in _FORWARDED):
        flask.abort(400, "a proxy passed this on: start the server with --url ADDRESS, the address people use.")


def require(token: str) -> None:
    """Abort a request that does not show the token: as bearer, or as the password of any user name."""
    shown = flask.request.authorization
    given = (shown.token or shown.password or "") if shown and shown.type in ("basic", "bearer") else ""
    # Of equal length, so that the comparison takes the same time whatever is given.
    known, told = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (token, given))
    if not hmac.compare_digest(known, told):
        said = "this needs the token of `geo-risk serve`: as bearer, or as password of any user name."
        raise Unauthorized(said, www_authenticate=WWWAuthenticate("basic", {"realm": "geo_risk", "charset": "UTF-8"}))


def protect(response: flask.Response) -> flask.Response:
    """``response`` with the headers that keep browsers from harm."""
    response.headers.update(HEADERS)
    return response


def outside_address(app: WSGIApplication, url: str) -> Callable[[WSGIEnvironment, StartResponse], object]:
    """
    ``app`` as if asked at ``url``, whatever a proxy says: links and redirects lead there.

    Raises
    ------
    SettingsError
        If ``url`` is no address of a web site.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in url:
        raise SettingsError(f"--url {url}: write the address people use, such as https://map.example.org/risk/")
    prefix = parts.path.rstrip("/")

    def asked(environ: WSGIEnvironment, start: StartResponse) -> object:
        # A proxy may leave the prefix on, or take it off.
        path = environ.get("PATH_INFO", "")
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            environ["PATH_INFO"] = path[len(prefix) :]
        environ |= {"wsgi.url_scheme": parts.scheme, "HTTP_HOST": parts.netloc, "SCRIPT_NAME": prefix}
        return app(environ, start)

    return asked
