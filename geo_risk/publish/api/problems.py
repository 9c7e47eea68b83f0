"""What is wrong with a request, as RFC 7807 problem JSON."""

from __future__ import annotations

import json
from http import HTTPStatus

import flask
from werkzeug.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that gets no answer: HTTP ``status`` and, as ``detail``, what is wrong and the next step."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def encoded(told: object) -> bytes:
    """JSON as it is sent; halves of characters, which JSON may name and no text can hold, become ``?``."""
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def problem_answer(status: int, detail: str) -> flask.Response:
    """The answer to a request that failed."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return flask.Response(encoded(told), status=status, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def of_http(error: HTTPException) -> flask.Response:
    """An error of the web framework as a problem, with the headers it needs (Allow, Retry-After, WWW-Authenticate)."""
    if error.response is not None:  # a redirect
        return flask.make_response(error.response)
    answer = problem_answer(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer
