"""Errors outside of any endpoint: pages for people, problem+json for programs below /api/."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from fastpath_lambda import problems
from fastpath_lambda.problems import Problem
from shop.rest.problems import respond

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    return respond(_problem(HTTPStatus.BAD_REQUEST, "The request cannot be read. Check its header fields."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(API):
        return defaults.page_not_found(request, exception)
    return respond(problems.not_found())


def server_error(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return respond(_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "That is our mistake, and we have noted it."))


def _problem(status: HTTPStatus, detail: str) -> Problem:
    name = status.phrase.lower().replace(" ", "_")
    return Problem(status.value, status.phrase.capitalize(), detail, refusal=name)
