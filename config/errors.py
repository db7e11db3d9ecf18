"""Errors outside of any endpoint: pages for whoever looks with a browser, problem+json for everybody else.

The rule is the order URIs' own (fastpath_lambda/fastpath.py), so a program that mistypes
an address reads what it can read, and a person never sees a program's text.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import defaults
from redis import RedisError

from fastpath_lambda import pages, problems
from fastpath_lambda.problems import Problem
from fastpath_lambda.sqs import QueueError
from orders import responses
from shop.rest.problems import respond

API = "/api/"
# What a view asks and what may be away: the database; of sales that are on, the ledger and the buffer.
AWAY = (OperationalError, InterfaceError, RedisError, QueueError)
RETRY_AFTER = 2

_UNREADABLE = "The request cannot be read. Check its address and its header fields."
_FORBIDDEN = "You may not do that. Log in as somebody who may."
_STALE_FORM = "This form was opened too long ago, or elsewhere. Load its page again and send it once more."
_MISTAKE = "That is our mistake, and we have noted it."


class AnswerErrors:
    """Says in words what Django says with a status alone, and calls an outage an outage."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            return _answer(request, problems.method_not_allowed(response.headers["Allow"]))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, AWAY):
            return _answer(request, problems.away(RETRY_AFTER))
        return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    errors = {"request": _UNREADABLE}
    return _answer(request, Problem(400, "Bad request", _UNREADABLE, refusal="bad_request", errors=errors))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, Problem(403, "Not for you", _FORBIDDEN, refusal="permission_denied"))


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, Problem(403, "Please try again", _STALE_FORM, refusal="stale_form"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _reads_pages(request):
        return defaults.page_not_found(request, exception)
    return respond(problems.not_found())


def server_error(request: HttpRequest) -> HttpResponse:
    if _reads_pages(request):
        return defaults.server_error(request)
    return respond(Problem(500, "Internal server error", _MISTAKE, refusal="internal_server_error"))


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    response = respond(problem)
    if _reads_pages(request):
        response.content = pages.refusal(problem, None)
        response.headers["Content-Type"] = "text/html; charset=utf-8"
    return response


def _reads_pages(request: HttpRequest) -> bool:
    if request.path.startswith(API):
        return False
    # A form with a picture in it, of the admin: the order URIs know none.
    is_upload = request.content_type == "multipart/form-data" and responses.wants_page(request)
    return is_upload or responses.answers_with_page(request)
