"""Every error of the REST API as problem+json (RFC 9457), from one place.

An endpoint raises what happened: Refused with the problem to answer, what the shop raises
where something cannot be changed, or what Django and REST framework raise by themselves.
What is not expected is none of ours: it becomes a 500, and is logged as one.
"""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from redis import RedisError
from rest_framework import exceptions
from rest_framework.exceptions import APIException

from fastpath_lambda import problems
from fastpath_lambda.problems import Problem
from fastpath_lambda.sqs import QueueError
from shop.refusing import CannotChange

logger = logging.getLogger(__name__)

RETRY_AFTER = 2
_AWAY = (OperationalError, InterfaceError, RedisError, QueueError)
# Said by REST framework of a whole body, which is no field.
_WHOLE = "non_field_errors"


class Refused(APIException):
    """This request is answered with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def present(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler. None for what nobody expected."""
    problem = _problem(error, context)
    return None if problem is None else respond(problem)


def respond(problem: Problem) -> HttpResponse:
    headers = {**problem.headers, "Cache-Control": "no-store"}
    return HttpResponse(
        problem.body(), status=problem.status, content_type=problems.CONTENT_TYPE, headers=headers
    )


def _problem(error: Exception, context: Mapping[str, Any]) -> Problem | None:
    if isinstance(error, Refused):
        return error.problem
    if isinstance(error, CannotChange):
        return Problem(409, error.title, str(error), refusal="cannot_change")
    if isinstance(error, exceptions.ValidationError):
        return _wrong(dict(_by_field(error.detail)))
    if isinstance(error, (Http404, exceptions.NotFound)):
        return problems.not_found()
    if isinstance(error, UnreadablePostError):
        return _wrong({"body": "The request did not come whole."})
    if isinstance(error, exceptions.MethodNotAllowed):
        return problems.method_not_allowed(", ".join(context["view"].allowed_methods))
    if isinstance(error, exceptions.Throttled):
        return problems.too_many(max(1, ceil(getattr(error, "wait", None) or 1)))
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, APIException):
        return _of_the_framework(error)
    return _unavailable(error) if isinstance(error, _AWAY) else None


def _wrong(errors: Mapping[str, str]) -> Problem:
    return Problem(
        400,
        "Please check what you sent",
        " ".join(f"{field}: {sentence}" for field, sentence in errors.items()),
        refusal="bad_request",
        errors=errors,
    )


def _of_the_framework(error: APIException) -> Problem:
    # Set by the view: how to say who one is.
    challenge = getattr(error, "auth_header", None)
    return Problem(
        error.status_code,
        HTTPStatus(error.status_code).phrase.capitalize(),
        str(error.detail),
        refusal=str(error.default_code),
        headers={"WWW-Authenticate": challenge} if challenge else {},
    )


def _unavailable(error: Exception) -> Problem:
    logger.warning("A request could not be served: %s: %s", type(error).__name__, error)
    return problems.away(RETRY_AFTER)


def _by_field(detail: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Of `{"lines": [{}, {"sku": ["Wrong."]}]}`: `lines[1].sku` and its sentences in one."""
    if isinstance(detail, Mapping):
        for name, said in detail.items():
            yield from _by_field(said, at if name == _WHOLE else f"{at}.{name}".lstrip("."))
    elif isinstance(detail, list) and any(isinstance(said, (dict, list)) for said in detail):
        for number, said in enumerate(detail):
            yield from _by_field(said, f"{at}[{number}]")
    else:
        sentences = detail if isinstance(detail, list) else [detail]
        yield at or "body", " ".join(map(str, sentences))
