"""The pages of shows. They show the same to everybody: no session is read or opened here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from live.models import Show
from live.shows import queries
from shop import moments

# Ten thousand come in the minute in which a show begins. What a page misses, its socket tells.
KEPT_FOR = 1.0


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "live/shows.html", queries.index())


# The host desk has it in a frame: what viewers see.
@xframe_options_sameorigin
@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    return HttpResponse(moments.once_in(KEPT_FOR, ("show", slug), lambda: _page(slug)))


def _page(slug: str) -> str:
    return render_to_string("live/show.html", queries.show_page(get_object_or_404(Show, slug=slug)))
