"""What the router answers in its own name: problem+json, in the shape that both paths share."""

import json
from typing import Any

from aiohttp import web

from fastpath_lambda.problems import CONTENT_TYPE, Problem

MEBIBYTE = 1024 * 1024
# Else aiohttp names itself and its version.
NAME = "spillway"

_HEADERS = {"Cache-Control": "no-store", "Server": NAME}

BAD_TARGET = Problem(400, "Bad request", "This address cannot be read. Check it.")
TOO_SLOW = Problem(408, "Too slow", "The request did not arrive in time. Please send it again.")
NO_ANSWER = Problem(
    502,
    "No answer",
    "This part of the shop does not answer just now. Please try again in a moment.",
    headers={"Retry-After": "1"},
)
NO_ANSWER_IN_TIME = Problem(
    504,
    "No answer in time",
    "This part of the shop is taking too long. Please try again in a moment.",
    headers={"Retry-After": "1"},
)


def too_large(limit: int) -> Problem:
    return Problem(413, "Too large", f"Send at most {limit // MEBIBYTE} MB at once.")


def present(problem: Problem) -> web.Response:
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
