"""Pinning a product: from this instant of the broadcast on, it is the one that is talked of."""

from datetime import datetime, timedelta

from live.models import Pin, Show
from live.shows import values
from live.shows.turns import CannotChange, raise_unless_live, turn
from shop.models import Product

# Players seek in milliseconds: two pins of one show never share one.
_TICK = timedelta(milliseconds=1)


def pin(slug: str, product_slug: str, *, now: datetime) -> Pin:
    """Pin it; what is pinned already stays, so that pressing twice is pressing once."""
    with turn(slug) as show:
        product = Product.objects.filter(listed_in__show=show, slug=product_slug).first()
        if product is None:
            raise CannotChange(f"{product_slug!r} is none of the products of {show}. Add it in the admin.")
        last = _last(show)
        if last and last.product_id == product.pk:
            return last
        return _put(show, product, last, now=now)


def unpin(slug: str, *, now: datetime) -> Pin | None:
    """Take the pinned product down. None where none ever was pinned."""
    with turn(slug) as show:
        last = _last(show)
        if last is None or last.product_id is None:
            return last
        return _put(show, None, last, now=now)


def _last(show: Show) -> Pin | None:
    raise_unless_live(show)
    return show.pins.select_related("product").last()


def _put(show: Show, product: Product | None, last: Pin | None, *, now: datetime) -> Pin:
    # Who waited for the turn looked at the clock before: the order of the turns is the order of the pins.
    at = max(now, last.at + _TICK) if last else now
    made = Pin.objects.create(show=show, product=product, at=at)
    values.tell_pin(made)
    return made
