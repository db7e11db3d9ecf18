"""/ops/: one page on which ops sees a sale run. Staff only; it changes nothing."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from edge import queries


@staff_member_required
def ops(request: HttpRequest) -> HttpResponse:
    return render(request, "edge/ops.html", {"now": queries.overview()})


@staff_member_required
def now(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes, for its script to put in place."""
    return render(request, "edge/ops_now.html", {"now": queries.overview()})
