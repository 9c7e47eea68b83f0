"""The API over HTTP: `/<site>/api/` of every site, by one blueprint."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import flask
import numpy as np
from numpy.typing import NDArray
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..._version import __version__
from ...errors import GeoRiskError
from ..page import read_resource
from . import documents
from .collection import Collection
from .documents import CONFORMANCE, GEOJSON, OPENAPI, SCHEMA, link
from .openapi import openapi
from .problems import Problem, encoded, of_http, problem_answer
from .query import Query, only_json, read_query, single
from .questions import Question, plain
from .sites import INTERNAL, Layer, Site, Sites

LARGEST_BODY = 5 * 1024 * 1024  # of a question [bytes]; an outline has kilobytes
LARGEST_ANSWER = 32 * 1024 * 1024  # of features [bytes]; the rest follows by the link next
WAITING = 4  # questions at once, the one being answered among them
_JSON = "application/json"


def api_blueprint(sites: Sites, questions: Sequence[Question] = ()) -> flask.Blueprint:
    """
    The API of the ``sites``; ``questions`` are put to the region by internal sites alone.

    Answers depend on the site's version and the address alone, so that an unchanged one is told as such (304)
    before it is looked up.
    """
    api = flask.Blueprint("api", __name__, url_prefix="/<profile>/api")
    api.register_error_handler(Problem, lambda problem: problem_answer(problem.status, problem.detail))
    api.register_error_handler(HTTPException, of_http)
    # What was published is not all there: not the asker's to mend.
    api.register_error_handler(GeoRiskError, lambda error: problem_answer(503, str(error)))

    def site_of(profile: str) -> Site:
        site = sites.get(profile) if profile in sites else None
        if site is None:
            raise Problem(404, f"no site {profile!r}: there are {', '.join(sites.names()) or 'none'}.")
        return site

    def offered(site: Site) -> list[Question]:
        return list(questions) if site.audience == INTERNAL else []

    def get(rule: str, make: Callable[..., flask.Response]) -> None:
        def view(profile: str, **names: Any) -> flask.Response:
            return _unless_known(site := site_of(profile), lambda: make(site, **names))

        api.add_url_rule(rule, rule.replace(".", "_"), view, strict_slashes=False)

    get("/", _landing)
    get("/conformance", lambda site: _document({"conformsTo": CONFORMANCE}))
    get("/openapi.json", lambda site: _document(openapi(site, _base(site), offered(site)), OPENAPI))
    get("/collections", lambda site: _document(documents.collections(site, _base(site))))
    get(
        "/collections/<layer>",
        lambda site, layer: _document(documents.collection(site, _layer(site, layer), _base(site))),
    )
    get(
        "/collections/<layer>/queryables",
        lambda site, layer: _document(documents.queryables_schema(_layer(site, layer), _base(site)), SCHEMA),
    )
    get("/collections/<layer>/items", _items)
    get("/collections/<layer>/items/<number>", _feature)
    lock, queue = threading.Lock(), threading.BoundedSemaphore(WAITING)
    for question in questions:

        def ask(profile: str, question: Question = question) -> flask.Response:
            if question not in offered(site_of(profile)):
                raise Problem(404, f"{question.name}: only the internal site answers it.")
            if flask.request.method == "GET" and question.body is not None:  # else it would be looked for as a file
                raise MethodNotAllowed(["POST", "OPTIONS"])
            return _answered(question, lock, queue)

        methods = ["GET"] if question.body is None else ["GET", "POST"]
        api.add_url_rule(f"/{question.name}", f"ask_{question.name}", ask, methods=methods)
    return api


def _base(site: Site) -> str:
    """The address of the site, with a slash at its end."""
    return f"{flask.request.url_root}{site.name}/"


def _unless_known(site: Site, make: Callable[[], flask.Response]) -> flask.Response:
    """What ``make`` answers, or 304 where the asker has the same answer already."""
    request = flask.request
    asked = f"{__version__} {site.version} {request.url} {_wants_page()}"
    tag = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    # The server may have marked a tag with the packing of what it sent.
    held = {known.partition(":")[0] for known in request.if_none_match.as_set(include_weak=True)}
    answer = flask.Response(status=304) if tag in held else make()
    answer.set_etag(tag)
    answer.last_modified = site.published
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = "Accept"
    return answer


def _document(told: Any, media: str = _JSON) -> flask.Response:
    only_json(single(flask.request.args, ("f",)))
    return flask.Response(encoded(told), content_type=media)


def _wants_page() -> bool:
    asked = flask.request.args.get("f")
    best = flask.request.accept_mimetypes.best_match([_JSON, "text/html"])
    return asked == "html" or (asked is None and best == "text/html")


def _landing(site: Site) -> flask.Response:
    if not _wants_page():
        return _document(documents.landing(site, _base(site)))
    single(flask.request.args, ("f",))
    page = flask.render_template_string(
        read_resource("templates", "api.html.j2"),
        site=site,
        base=_base(site),
        document=documents.landing(site, _base(site)),
    )
    return flask.Response(page, content_type="text/html; charset=utf-8")


def _layer(site: Site, name: str) -> Layer:
    if name not in site.layers:
        raise Problem(404, f"no collection {name!r}: see {_base(site)}api/collections")
    return site.layers[name]


def _items(site: Site, layer: str) -> flask.Response:
    one = _layer(site, layer)
    query = read_query(flask.request.args, one)
    features = site.collection(one)
    rows = query.rows(one, features)
    chosen = _light(features, rows[query.offset : query.offset + query.limit])
    told = {
        "type": "FeatureCollection",
        "numberMatched": len(rows),
        "numberReturned": len(chosen),
        "links": _pages(site, one, query, len(rows), len(chosen)),
    }
    head = encoded(told)
    body = b",\n".join([features.features[row] for row in chosen])
    answer = flask.Response(head[:-1] + b', "features": [\n' + body + b"\n]}\n", content_type=GEOJSON)
    answer.headers["Content-Crs"] = f"<{documents.CRS84}>"
    return answer


def _light(features: Collection, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """As many of the rows as an answer may weigh, but one at least."""
    weights = np.cumsum([len(features.features[row]) for row in rows])
    return rows[: max(1, int(np.searchsorted(weights, LARGEST_ANSWER, side="right")))]


def _pages(site: Site, layer: Layer, query: Query, matched: int, returned: int) -> list[dict[str, str]]:
    here = f"{_base(site)}api/collections/{layer.id}"

    def page(offset: int) -> str:
        asked = {**flask.request.args.to_dict(), "limit": query.limit, "offset": offset}
        return f"{here}/items?{urlencode(asked)}"

    links = [link(page(query.offset), "self", GEOJSON, "this page"), link(here, "collection", _JSON, layer.id)]
    if query.offset + returned < matched and returned:
        links.append(link(page(query.offset + returned), "next", GEOJSON, "next page"))
    if query.offset:
        links.append(link(page(max(0, query.offset - query.limit)), "prev", GEOJSON, "page before"))
    return links


def _feature(site: Site, layer: str, number: str) -> flask.Response:
    one = _layer(site, layer)
    only_json(single(flask.request.args, ("f",)))
    if not (number.isascii() and number.isdigit() and len(number) < 12 and 1 <= int(number) <= one.count):
        raise Problem(404, f"no feature {number!r} in {layer}: its features are 1 to {one.count}.")
    found = json.loads(site.collection(one).features[int(number) - 1])
    here = f"{_base(site)}api/collections/{layer}"
    found["links"] = [
        link(f"{here}/items/{number}", "self", GEOJSON, "this feature"),
        link(here, "collection", _JSON, layer),
    ]
    return flask.Response(encoded(found), content_type=GEOJSON)


def _answered(question: Question, lock: threading.Lock, queue: threading.BoundedSemaphore) -> flask.Response:
    """The answer to a question: one after the other, and only so many may wait."""
    sent = _sent(question)
    if not queue.acquire(blocking=False):
        busy = problem_answer(429, f"{WAITING} questions are being answered already. Ask again in some seconds.")
        busy.headers["Retry-After"] = "5"
        return busy
    try:
        with lock:
            told = question.answer(sent)
    except GeoRiskError as error:
        return problem_answer(422, str(error))
    finally:
        queue.release()
    return flask.Response(encoded(plain(told)), content_type=_JSON, headers={"Cache-Control": "no-store"})


def _sent(question: Question) -> dict[str, Any]:
    request = flask.request
    if question.body is None:
        known = tuple(question.parameters or ())
        given = single(request.args, known)
        missing = [name for name in known if not given.get(name, "").strip()]
        if missing:
            raise Problem(400, f"{', '.join(missing)} missing: {question.title}.")
        return dict(given)
    single(request.args, ())
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise Problem(403, "a page of another site may not ask.")
    try:
        body = json.loads(encoded(request.get_json()))
    except RecursionError:
        raise Problem(400, "the body is nested too deep.") from None
    if not isinstance(body, dict):
        raise Problem(400, "the body must be a JSON object.")
    return body
