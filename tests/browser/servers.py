"""File servers with and without byte ranges."""

from __future__ import annotations

import functools
import http.server
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Quiet(http.server.SimpleHTTPRequestHandler):
    """The standard library's file server: answers no byte ranges."""

    def log_message(self, *_: object) -> None:
        pass


class Ranges(Quiet):
    """The same with byte ranges; counts the partial answers."""

    partial = 0

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            return super().do_GET()
        data = Path(self.translate_path(self.path)).read_bytes()
        first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
        Ranges.partial += 1
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])


@contextmanager
def serving(folder: Path, handler: type[Quiet]) -> Iterator[str]:
    """The address under which a folder is served meanwhile."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    with running(made) as at:
        yield f"{at}/index.html"


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[str]:
    """The address of a server that answers meanwhile."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()
