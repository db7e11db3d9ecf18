"""The demo's shows: a recorded one with its film, and one to go live with. Again, it adds what is missing."""

import itertools
from datetime import datetime, timedelta

from django.db import transaction

from live.demo import placing, storyboard
from live.demo.storyboard import Storyboard
from live.models import KeyMoment, Pin, Show, ShowProduct
from shop.models import Product

SOON = timedelta(hours=2)
TONIGHT = "tonight-at-the-tailrace"


def seed_recorded() -> bool:
    """The recorded show, its pins and moments where its film changes. Returns whether it is new."""
    board = storyboard.read()
    address, poster = placing.place(board.slug)
    show, is_new = Show.objects.get_or_create(
        slug=board.slug,
        defaults={
            "title": board.title,
            "host": board.host,
            "description": board.description,
            "poster": poster,
            "hls_url": address,
            "starts_at": board.began_at,
            "status": Show.Status.ENDED,
            "went_live_at": board.began_at,
            "ended_at": board.ended_at,
        },
    )
    if is_new:
        _list(show, board.products)
        _mark(show, board)
    return is_new


@transaction.atomic
def plan(*, now: datetime) -> Show:
    """The demo's next show: the one that is scheduled, else another one."""
    shows = Show.objects.select_for_update().filter(slug__startswith=TONIGHT)
    scheduled = shows.filter(status=Show.Status.SCHEDULED).first()
    if scheduled:
        # It starts when somebody types `make show`: until then always a little later.
        if scheduled.starts_at < now:
            Show.objects.filter(pk=scheduled.pk).update(starts_at=_soon(now))
        return scheduled
    board = storyboard.read()
    slug = _free_slug(set(shows.values_list("slug", flat=True)))
    show = Show.objects.create(
        slug=slug,
        title="Tonight at the tailrace",
        host=board.host,
        description="We fish the tailrace with what hangs in the shop, and the counter stays open. "
        "What is left is what is left: you see it go.",
        poster=placing.place(board.slug)[1],
        hls_url=placing.live_address(slug),
        starts_at=_soon(now),
    )
    _list(show, board.products)
    return show


def _free_slug(taken: set[str]) -> str:
    numbered = (f"{TONIGHT}-{number}" for number in itertools.count(2))
    return next(slug for slug in itertools.chain([TONIGHT], numbered) if slug not in taken)


def _soon(now: datetime) -> datetime:
    return (now + SOON).replace(minute=0, second=0, microsecond=0)


def _list(show: Show, slugs: list[str]) -> None:
    products = Product.objects.in_bulk(slugs, field_name="slug")
    ShowProduct.objects.bulk_create(
        ShowProduct(show=show, product=products[slug], position=position)
        for position, slug in enumerate(slugs)
    )


def _mark(show: Show, board: Storyboard) -> None:
    products = Product.objects.in_bulk(board.products, field_name="slug")
    for at, scene in board.timed():
        Pin.objects.create(show=show, product=products.get(scene.product or ""), at=at)
        if scene.moment:
            KeyMoment.objects.create(show=show, title=scene.moment, at=at)
