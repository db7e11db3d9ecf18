"""A request and its answer, as both doors know them: no Lambda event, no ASGI message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fastpath_lambda import answers
from fastpath_lambda.problems import CONTENT_TYPE as PROBLEM
from fastpath_lambda.problems import Problem

_encode = json.JSONEncoder(separators=(",", ":")).encode
_NO_STORE = ("cache-control", "no-store")


@dataclass(slots=True)
class Asked:
    method: str
    path: str
    query: str = ""
    content_type: str = ""
    accept: str = ""
    idempotency_key: str | None = None
    cookies: str = ""
    body: bytes = b""


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]  # names in small letters
    message: str | None = None  # a new claim, to be handed to the buffer


def of_json(status: int, members: object, *headers: tuple[str, str], message: str | None = None) -> Answer:
    fixed = (("content-type", answers.CONTENT_TYPE), _NO_STORE)
    return Answer(status, _encode(members).encode(), fixed + headers, message)


def of_problem(problem: Problem) -> Answer:
    return Answer(problem.status, problem.body(), (("content-type", PROBLEM), *_beside(problem)))


def of_page(status: int, page: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status, page.encode(), (("content-type", "text/html; charset=utf-8"), _NO_STORE, *headers))


def of_problem_page(problem: Problem, page: str) -> Answer:
    return of_page(problem.status, page, *_beside(problem)[1:])


def see_other(location: str, *, message: str | None = None) -> Answer:
    return Answer(303, b"", (("location", location), _NO_STORE), message)


def wants_page(accept: str) -> bool:
    """Only who names HTML gets it: a program that takes anything gets JSON."""
    return "text/html" in accept


def _beside(problem: Problem) -> tuple[tuple[str, str], ...]:
    return (_NO_STORE, *((name.lower(), text) for name, text in problem.headers.items()))


def of_readiness(checks: Mapping[str, str]) -> Answer:
    """Each dependency by name, "ok" or what is wrong with it; 503 while one is down.

    Orders are taken as long as Redis is there: without the queue, claims wait for the sweep.
    """
    ready = all(outcome == "ok" for outcome in checks.values())
    takes = checks.get("redis") == "ok"
    return of_json(200 if ready else 503, {"ready": ready, "takes": takes, "checks": dict(checks)})
