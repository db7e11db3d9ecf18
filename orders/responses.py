"""Answers over HTTP, as both paths give them: JSON to programs, pages to people without JavaScript."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from fastpath_lambda import forms, problems
from fastpath_lambda.problems import Problem
from fastpath_lambda.rules import Refusal

ON_SALE = "This product is on sale right now: buy it on its sale page."


def wants_page(request: HttpRequest) -> bool:
    """Browsers name text/html; a program's `*/*` gets JSON."""
    return "text/html" in request.headers.get("Accept", "").lower()


def sent_by_page(request: HttpRequest) -> bool:
    """A plain form post: JavaScript is off, or did not load."""
    kind = forms.media_type(request.headers.get("Content-Type", ""))
    return wants_page(request) and kind == forms.FORM


def answers_with_page(request: HttpRequest) -> bool:
    """Whether a problem is shown as a page: the fast path's own rule."""
    return sent_by_page(request) if request.method == "POST" else wants_page(request)


def problem(request: HttpRequest, found: Problem) -> HttpResponse:
    if answers_with_page(request):
        response = render(request, "orders/refused.html", {"problem": found}, status=found.status)
    else:
        response = HttpResponse(found.body(), status=found.status, content_type=problems.CONTENT_TYPE)
    for name, value in {**found.headers, "Cache-Control": "no-store"}.items():
        response.headers[name] = value
    return response


def refused(request: HttpRequest, refusal: Refusal, *, quantity: int = 1, limit: str = "") -> HttpResponse:
    """The shop's refusals. Its door is closed only while a sale has the product; `limit` says what is."""
    detail = None
    if refusal is Refusal.CLOSED:
        detail = ON_SALE
    elif refusal is Refusal.OVER_LIMIT:
        detail = limit
    elif quantity > 1:
        detail = f"There are fewer than {quantity} left. Try a smaller number."
    return problem(request, problems.refused(refusal, detail=detail))


def order(answer: dict[str, object], *, status: int) -> HttpResponse:
    headers = {"Location": str(answer["status_url"])} if status in (201, 202) else {}
    return JsonResponse(answer, status=status, headers=headers | {"Cache-Control": "no-store"})


def see(url: str) -> HttpResponse:
    """303: whatever was posted, look there for what became of it."""
    return HttpResponse(status=303, headers={"Location": url, "Cache-Control": "no-store"})
