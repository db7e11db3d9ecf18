"""What the router answers in its own name, as both paths would: problem+json to programs, pages to people."""

import json
from typing import Any

from aiohttp import web

from fastpath_lambda import fastpath
from fastpath_lambda.exchange import Asked
from fastpath_lambda.problems import CONTENT_TYPE, Problem
from fastpath_lambda.routes import find_route

MEBIBYTE = 1024 * 1024
# Else aiohttp names itself and its version.
NAME = "spillway"

_HEADERS = {"Cache-Control": "no-store", "Server": NAME}


def _bad_request(title: str, part: str, sentence: str) -> Problem:
    return Problem(400, title, sentence, refusal="bad_request", errors={part: sentence})


BAD_TARGET = _bad_request("Bad request", "address", "This address cannot be read. Check it.")
BAD_HOST = _bad_request(
    "Bad request", "host", "The request does not say readably which site it is for. Check its Host."
)
BAD_SYNTAX = _bad_request(
    "Bad request", "request", "This is no HTTP request that can be read. Check its first line and its header."
)
BROKEN_OFF = _bad_request("Broken off", "body", "The request did not arrive whole. Please send it again.")
TOO_SLOW = Problem(
    408, "Too slow", "The request did not arrive in time. Please send it again.", refusal="too_slow"
)
TOO_MANY_UPLOADS = Problem(
    429,
    "Too many uploads",
    "Many large files are on their way from you already. Send this one again when some have arrived.",
    refusal="too_many",
    headers={"Retry-After": "5"},
)
NO_ROOM = Problem(
    503,
    "Too many uploads",
    "The shop takes no more large files just now. Please send it again in a moment.",
    refusal="unavailable",
    headers={"Retry-After": "5"},
)
LONG_TARGET = Problem(414, "Too long", "This address is too long. Shorten it.", refusal="too_large")
LONG_HEADER = Problem(
    431, "Too long", "The address or a header field is too long. Shorten it.", refusal="too_large"
)
NO_ANSWER = Problem(
    502,
    "No answer",
    "This part of the shop does not answer just now. Please try again in a moment.",
    refusal="unavailable",
    headers={"Retry-After": "1"},
)
NO_ANSWER_IN_TIME = Problem(
    504,
    "No answer in time",
    "This part of the shop is taking too long. Please try again in a moment.",
    refusal="unavailable",
    headers={"Retry-After": "1"},
)


def too_large(limit: int) -> Problem:
    detail = f"Send at most {limit // MEBIBYTE} MB at once."
    return Problem(413, "Too large", detail, refusal="too_large")


def refuse(request: web.BaseRequest, problem: Problem) -> web.Response:
    """The problem as both paths would put it: whoever looks with a browser gets a page."""
    asked = Asked(
        method=request.method,
        path=request.path,
        content_type=request.headers.get("Content-Type", ""),
        accept=request.headers.get("Accept", ""),
    )
    answer = fastpath.refuse(asked, problem, find_route(request.path))
    return web.Response(
        status=answer.status, body=answer.body, headers={"Server": NAME, **dict(answer.headers)}
    )


def present(problem: Problem) -> web.Response:
    """The problem as JSON, to whoever asked."""
    return web.Response(
        status=problem.status,
        body=problem.body(),
        headers={**_HEADERS, "Content-Type": CONTENT_TYPE, **problem.headers},
    )


def present_json(members: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        body=json.dumps(members).encode(),
        headers={**_HEADERS, "Content-Type": "application/json"},
    )
