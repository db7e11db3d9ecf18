"""/ops/shows/: where a host works during a broadcast. Staff only.

Each button is a form of its own and one act. A form's answer is the desk again, with a
sentence; its script asks for JSON instead, and the desk then moves by the room, as viewers'
pages do: what the host sees done is what was told.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from live.models import Show
from live.shows import airing, marking, pinning, pricing, queries
from live.shows.turns import CannotChange, UnknownShow


class Price(forms.Form):
    sku = forms.CharField(max_length=40)
    price = forms.DecimalField(max_digits=10, decimal_places=2, min_value=0)


@staff_member_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "live/desks.html", queries.index())


@staff_member_required
@require_safe
def desk(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "live/desk.html", queries.desk(get_object_or_404(Show, slug=slug)))


def _act(act: Callable[..., str]) -> Callable[..., HttpResponse]:
    """A button: does it, and answers with a sentence, done or not."""

    @staff_member_required
    @require_POST
    @wraps(act)
    def view(request: HttpRequest, slug: str, **named: Any) -> HttpResponse:
        try:
            said, is_done = act(request, slug, **named), True
        except UnknownShow:
            return HttpResponse("There is no such show.", status=404)
        except CannotChange as error:
            said, is_done = str(error), False
        if request.accepts("text/html"):
            messages.add_message(request, messages.SUCCESS if is_done else messages.ERROR, said)
            return redirect("live:desk", slug)
        return JsonResponse({"said": said}, status=200 if is_done else 409)

    return view


@_act
def go_live(request: HttpRequest, slug: str) -> str:
    return f"{airing.go_live(slug, now=timezone.now())} is live."


@_act
def end(request: HttpRequest, slug: str) -> str:
    return (
        f"{airing.end(slug, now=timezone.now())} is over. It replays from now on, and its stock stays live."
    )


@_act
def pin(request: HttpRequest, slug: str) -> str:
    product = pinning.pin(slug, request.POST.get("product", ""), now=timezone.now()).product
    return f"Pinned: {product}."


@_act
def unpin(request: HttpRequest, slug: str) -> str:
    pinning.unpin(slug, now=timezone.now())
    return "Nothing is pinned."


@_act
def mark(request: HttpRequest, slug: str) -> str:
    return f"Marked: {marking.mark(slug, request.POST.get('title', ''), now=timezone.now()).title}."


@_act
def unmark(request: HttpRequest, slug: str, moment: int) -> str:
    return f"Taken back: {marking.remove(slug, moment).title}."


@_act
def change_price(request: HttpRequest, slug: str) -> str:
    form = Price(request.POST)
    if not form.is_valid():
        raise CannotChange("A price is a number like 149.99, 0 or more.")
    sku = pricing.change_price(slug, form.cleaned_data["sku"], form.cleaned_data["price"])
    return f"{sku} costs {sku.price} now."
