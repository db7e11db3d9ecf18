"""/ops/: one page on which ops sees a sale run. Staff only; it changes nothing."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from edge import queries
from live import passes


@staff_member_required
def ops(request: HttpRequest) -> HttpResponse:
    return render(request, "edge/ops.html", {"now": queries.overview(), "pass": _pass(request)})


@staff_member_required
def now(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes, for its script to put in place; and its next pass."""
    answer = render(request, "edge/ops_now.html", {"now": queries.overview()})
    answer["Spillway-Pass"] = _pass(request)
    return answer


def _pass(request: HttpRequest) -> str:
    return passes.issue(request.user.pk or 0)
