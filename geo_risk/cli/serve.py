"""`geo-risk serve`: the maps, their API and the planners' desk over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InputError

_LOCAL = "127.0.0.1"
_PORT = 8000
_TEXT = (
    "Serve the published sites, each with its API (OGC API - Features, for QGIS and ArcGIS), and on this machine the "
    "planners' desk. Read-only. Internal sites are served to other machines only with a token."
)


def add(command: Callable[..., Any]) -> None:
    """Add the command."""
    parser = command("serve", _serve, "serve the site, its API and the planners' desk on this machine")
    parser.description = _TEXT
    parser.add_argument("--port", type=int, default=_PORT, help=f"default: {_PORT}")
    parser.add_argument(
        "--host", default=_LOCAL, help=f"address to listen on (default: {_LOCAL}, this machine only; 0.0.0.0: all)"
    )
    parser.add_argument("--profile", metavar="NAME", help="serve the sites of this profile alone")
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="holds the token that internal sites ask for, as bearer or as password of any user name; else the "
        "environment variable GEO_RISK_TOKEN",
    )
    parser.add_argument(
        "--url", metavar="ADDRESS", help="address people use, where a proxy (for https) stands before the server"
    )


def _serve(arguments: Any) -> int:
    from ..api import Region

    how = {"url": arguments.url, "profile": arguments.profile, "token": _token(arguments.token_file)}
    return serve_region(Region(arguments.region), arguments.host, arguments.port, **how)


def serve_region(region: Any, host: str = _LOCAL, port: int = _PORT, **how: Any) -> int:
    """Serve until interrupted, saying where; ``how`` as in `Region.app`."""
    from ..publish.server import is_loopback, listen

    url, profile, token = (how.get(name) for name in ("url", "profile", "token"))
    if not 0 <= port <= 65535:
        raise InputError(f"--port {port}: must be within 0 and 65535.")
    desk = url is None and is_loopback(host) and profile != "public"
    app = region.app(desk=desk, host=host, **how)
    server = listen(app, host, port)
    address = url.rstrip("/") if url else f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}"
    for name in app.config["SITES"]:
        print(f"{name}: {address}/{name}/   API: {address}/{name}/api/", flush=True)
    print(f"planners' desk: {address}/desk" if desk else _NO_DESK, flush=True)
    if token and not is_loopback(host) and not (url or "").startswith("https:"):
        print(
            "the token goes over the network unencrypted: put a proxy with https before it, see docs/api.md", flush=True
        )
    print("(Ctrl-C ends)", flush=True)
    server.run()
    return 0


_NO_DESK = "no planners' desk: it answers to this machine alone, beside the internal site"


def _token(file: str | None) -> str | None:
    """The token of a file, else of the environment; None for neither."""
    if file is None:
        return os.environ.get("GEO_RISK_TOKEN") or None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--token-file {file}: cannot be read ({error}). Name a text file that holds one line."
        ) from None
