"""Reads of shows: what their pages show. Each takes a fixed number of queries."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.html import json_script

from live import rooms
from live.models import Show
from live.shows import first_look, lineup
from live.shows.lineup import Listed

Status = Show.Status
PAST_SHOWN = 12


def live_now() -> QuerySet[Show]:
    return Show.objects.filter(status=Status.LIVE).order_by("-went_live_at")


def index() -> dict[str, Any]:
    """All that templates/live/shows.html shows."""
    return {
        "live": live_now(),
        "upcoming": Show.objects.filter(status=Status.SCHEDULED).order_by("starts_at", "id"),
        "past": Show.objects.filter(status=Status.ENDED).order_by("-ended_at")[:PAST_SHOWN],
    }


def show_page(show: Show) -> dict[str, Any]:
    """All that templates/live/show.html shows, and nothing of whoever looks at it."""
    listed = lineup.products(show)
    return {
        "show": show,
        "products": listed,
        "pinned": pinned(show, listed),
        "moments": show.moments.filter(is_removed=False),
        "state_json": json_script(first_look.snapshot(show.slug), "show-state"),
    }


def desk(show: Show) -> dict[str, Any]:
    """All that templates/live/desk.html shows."""
    listed = lineup.products(show)
    return {
        "show": show,
        "room": rooms.show(show.slug),
        "products": listed,
        "pinned": pinned(show, listed),
        "moments": show.moments.filter(is_removed=False),
    }


def pinned(show: Show, listed: Sequence[Listed]) -> Listed | None:
    """What is talked of now; at the end of a show that is over, what was talked of last."""
    last = show.pins.last()
    return next((each for each in listed if last and each.product.pk == last.product_id), None)
