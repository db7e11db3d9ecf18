"""Reads of shows: what their pages show. Each takes a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.html import json_script

from live import rooms
from live.models import Show
from live.shows import first_look
from shop import queries
from shop.models import Product, Sale
from shop.offers import Offer
from shop.queries import Card

Status = Show.Status
PAST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Listed:
    """One product beside the video, with all that buying it there needs."""

    number: int  # from 1, as it stands in the list
    card: Card
    offers: Sequence[Offer]
    sale: Sale | None

    @property
    def product(self) -> Product:
        return self.card.product

    @property
    def chosen(self) -> Offer:
        return next((offer for offer in self.offers if offer.is_buyable), self.offers[0])

    @property
    def order_url(self) -> str:
        return f"{self.product.get_absolute_url()}order"


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
    listed = products(show)
    return {
        "show": show,
        "products": listed,
        "pinned": pinned(show, listed),
        "moments": show.moments.filter(is_removed=False),
        "state_json": json_script(first_look.snapshot(show.slug), "show-state"),
    }


def desk(show: Show) -> dict[str, Any]:
    """All that templates/live/desk.html shows."""
    listed = products(show)
    return {
        "show": show,
        "room": rooms.show(show.slug),
        "products": listed,
        "pinned": pinned(show, listed),
        "moments": show.moments.filter(is_removed=False),
    }


def products(show: Show) -> list[Listed]:
    """What the show sells, in its order; without what has nothing to buy yet."""
    listed = Product.objects.filter(listed_in__show=show).order_by("listed_in__position", "listed_in__id")
    return [
        Listed(number, card, queries.get_offers(card.product), queries.sale_of(card.product))
        for number, card in enumerate(queries.cards(listed), start=1)
    ]


def pinned(show: Show, listed: Sequence[Listed]) -> Listed | None:
    """What is talked of now; at the end of a show that is over, what was talked of last."""
    last = show.pins.last()
    return next((each for each in listed if last and each.product.pk == last.product_id), None)
