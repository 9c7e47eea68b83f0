"""The planners' desk of `geo-risk serve`: the region's map page with a panel that asks whether a project may stand."""

from __future__ import annotations

import json
import math
import re
import threading
from contextlib import suppress
from importlib import resources
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import HTTPException

from ..errors import GeoRiskError, InputError, RegionError
from ..publish.api.questions import plain
from ..publish.api.routes import LARGEST_BODY
from ..schema import LAYERS
from .mend import mended
from .office import FORMS, Office, Question, drawn, file_name

if TYPE_CHECKING:
    from ..region import Region
    from .checks import Siting

_FARTHEST_M = 20_000.0  # of a move asked for
_STATIC = {"desk.js": "text/javascript", "desk.css": "text/css"}
_MIME = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
}
_CRS = re.compile(r"wgs84|cgcs2000|gcj02|bd09|EPSG:\d{4,6}", re.IGNORECASE)
# What the page says in the words of the letter.
_WORDS = ("conflict", "undecided", "clear", "told", "means_conflict", "means_undecided", "means_clear", "project",
          "area", "checks", "distances", "who", "required", "actual", "clause", "risk", "target", "group", "value",
          "limit", "ways", "not_checked", "uncertain", "verdict")  # fmt: skip
_REFUSED = {
    400: ("请求不完整，请刷新页面后重试。", "The question is not complete. Reload the page and try again."),
    403: ("审查台只接受本机页面的请求。", "The desk answers only to its own page on this machine."),
    413: ("文件过大（上限 5 MB）。请只上传拟建项目的范围。",
          "The file is too large (5 MB at most). Hand in the outline of the project alone."),
}  # fmt: skip


def add_desk(app: flask.Flask, office: Office, *, warm: bool = True) -> None:
    """
    Add the desk of a region to the application of its sites: ``/desk``, ``/api/kinds``, ``/api/siting`` and below it.

    It answers to this machine alone, and to POST only from its own pages.

    Parameters
    ----------
    warm : bool
        Read the region in the background now, so that the first question need not wait for it.

    Raises
    ------
    RegionError
        If no site is published, or the page was installed without its scripts.
    """
    profile = _profile(office.region)
    if not _script("desk.js").is_file():
        raise RegionError("the desk's page is not built: run `python setup.py build_web`, or install a ready wheel.")
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    app.register_blueprint(_blueprint(office, profile))
    if warm:
        threading.Thread(target=_warm, args=(office,), daemon=True).start()


def _warm(office: Office) -> None:
    with suppress(GeoRiskError, OSError):  # told to whoever asks the first question
        office.warm()


def _profile(region: Region) -> str:
    found = sorted(
        page.parent.name for page in region.site.glob("*/index.html") if not page.parent.name.startswith(".")
    )
    if not found:
        raise RegionError(f"{region.folder}: nothing published yet. Run: geo-risk run {region.folder}")
    return "internal" if "internal" in found else found[0]


def _script(name: str) -> Any:
    return resources.files("geo_risk.publish").joinpath("static", name)


def _blueprint(office: Office, profile: str) -> flask.Blueprint:
    desk = flask.Blueprint("desk", __name__)
    desk.before_request(_refuse_strangers)
    desk.register_error_handler(GeoRiskError, lambda error: ({"error": mended(error)}, 422))
    desk.register_error_handler(HTTPException, _refused)

    @desk.get("/desk")
    def to_desk() -> Any:
        return flask.redirect(f"/{profile}/desk.html")

    @desk.get(f"/{profile}/desk.html")
    def page() -> Any:
        html = (office.region.site / profile / "index.html").read_text(encoding="utf-8")
        html = html.replace("</head>", '<link rel="stylesheet" href="/desk/desk.css">\n</head>', 1)
        before, _, after = html.rpartition("</body>")
        return f'{before}<script src="/desk/desk.js"></script>\n</body>{after}', {"Cache-Control": "no-store"}

    @desk.get("/desk/<name>")
    def script(name: str) -> Any:
        if name not in _STATIC:
            flask.abort(404)
        return flask.Response(_script(name).read_bytes(), mimetype=_STATIC[name], headers={"Cache-Control": "no-cache"})

    @desk.get("/api/kinds")
    def kinds() -> Any:
        from .asked import asked, substances

        return {"groups": asked(), "substances": substances(), "words": _words(_WORDS)}

    @desk.post("/api/siting")
    def siting() -> Any:
        question, _ = _asked()
        return _told(office.answer(question, with_ways=False))

    @desk.post("/api/siting/outline")
    def outline() -> Any:
        question, _ = _asked()
        return office.outline(question)

    @desk.post("/api/siting/ways")
    def ways() -> Any:
        question, _ = _asked()
        found = office.answer(question).ways
        return {"ways": [plain(way) | {"text": _way_words(way)} for way in found]}

    @desk.post("/api/siting/letter")
    def letter() -> Any:
        question, body = _asked()
        form, lang = body.get("format"), body.get("lang")
        if form not in FORMS or lang not in ("zh", "en"):
            flask.abort(400)
        data = office.letter(question, form, lang)
        name = {"Content-Disposition": f"attachment; filename=siting-{lang}.{form}"}
        return flask.Response(data, mimetype=None, content_type=_MIME[form], headers=name)

    @desk.after_request
    def forget(response: flask.Response) -> flask.Response:
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return desk


def _refuse_strangers() -> None:
    """Only this machine, and no foreign page through its browser: a foreign page's POST names its own origin."""
    address = flask.request.remote_addr
    if not address or not ip_address(address).is_loopback:
        flask.abort(403)
    if flask.request.method == "POST" and flask.request.headers.get("Origin") != flask.request.host_url.rstrip("/"):
        flask.abort(403)


def _refused(error: HTTPException) -> Any:
    code = error.code or 500
    zh, en = _REFUSED.get(code, (f"请求未被接受（{code}）。", f"The request was refused ({code})."))
    return {"error": {"zh": zh, "en": en}}, code


def _asked() -> tuple[Question, dict[str, Any]]:
    """The question of a request: JSON with ``geojson``, or a form with a ``file`` and the rest as ``question``."""
    request = flask.request
    upload = request.files.get("file")
    try:
        body = json.loads(request.form["question"]) if upload else request.get_json()
    except (KeyError, ValueError, RecursionError):
        flask.abort(400)
    if not isinstance(body, dict) or not isinstance(body.get("values", {}), dict):
        flask.abort(400)
    kind, crs = (_text(body.get(key)) for key in ("kind", "crs"))
    if crs and not _CRS.fullmatch(crs):  # nothing that could name a file
        raise InputError(f"crs = {crs!r} is no coordinate system.")
    values = tuple((str(k), v) for k, given in body.get("values", {}).items() if (v := _text(given)))
    move = _move(body.get("move", (0.0, 0.0)))
    if upload:
        return Question(upload.read(), file_name(upload.filename or ""), kind, values, crs, move), body
    if not isinstance(body.get("geojson"), dict):
        flask.abort(400)
    if kind is None:
        raise InputError("no column says what is planned.")
    return Question(drawn(body["geojson"]), "drawing.geojson", kind, values, crs or "wgs84", move), body


def _text(value: Any) -> str | None:
    """A value as text; None for nothing."""
    return str(value).strip() or None if isinstance(value, str | int | float) else None


def _move(given: Any) -> tuple[float, float]:
    try:
        east, north = (float(v) for v in given)
    except (TypeError, ValueError):
        flask.abort(400)
    if not math.hypot(east, north) <= _FARTHEST_M:
        flask.abort(400)
    return east, north


def _told(siting: Siting) -> Any:
    """`told` with the nearest segments as GeoJSON in the order of the findings, and everything's words."""
    from ..publish.words import phrase

    told = siting.told
    lines = siting.findings.geometry.to_crs(4326) if len(siting.findings) else ()
    segments = [
        {"type": "Feature", "properties": {"row": n, "verdict": row["verdict"]}, "geometry": line.__geo_interface__}
        for n, (row, line) in enumerate(zip(told["findings"], lines, strict=True))
    ]
    sentences = {r["reason"] for r in (*told["findings"], *told["risk"])} | {r["group"] for r in told["risk"]}
    sentences |= {r["clause"] for r in (*told["findings"], *told["checks"])}
    words = _words([c["name"] for c in told["checks"]])
    words |= {text: {"zh": phrase(text), "en": text} for text in sorted(sentences)}
    layers = {name: {"zh": table.zh, "en": table.en} for name, table in LAYERS.items()}
    whole = {**told, "words": words, "layers": layers, "segments": {"type": "FeatureCollection", "features": segments}}
    return flask.Response(json.dumps(plain(whole), ensure_ascii=False), mimetype="application/json")


def _way_words(way: Any) -> dict[str, str]:
    from ..publish.letter import way_text

    return {lang: way_text(way, lang) for lang in ("zh", "en")}


def _words(keys: Any) -> dict[str, dict[str, str]]:
    from ..publish.letter import word

    return {key: {lang: word(key, lang) for lang in ("zh", "en")} for key in keys}
