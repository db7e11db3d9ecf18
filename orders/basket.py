"""The basket: SKUs and quantities in the session, held against the shop when they are looked at.

It reserves nothing. What can be had is decided when the order is placed.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from fastpath_lambda.checks import MAX_QUANTITY
from orders.responses import ON_SALE
from shop import offers, queries, rooms
from shop.models import Product, Sku
from shop.offers import Offer, Status
from shop.rooms import Room

KEY = "basket"
MAX_LINES = 50

OF_A_SALE = (Status.ON_SALE, Status.OPENS_SOON, Status.PAUSED)

Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class BasketLine:
    sku: Sku
    quantity: int
    room: Room = field(default_factory=Room)

    @property
    def product(self) -> Product:
        return self.sku.product

    @property
    def unit_price(self) -> Decimal:
        return self.sku.price

    @property
    def total(self) -> Decimal:
        return self.quantity * self.sku.price

    @property
    def offer(self) -> Offer:
        return offers.newest(self.sku, self.room)

    @property
    def problem(self) -> str:
        """Why this line cannot be ordered as it stands, as far as one can see before trying; or nothing."""
        return problem(self.offer, self.quantity, limit=self.product.limit_per_buyer)


def problem(offer: Offer, quantity: int, *, limit: int | None) -> str:
    """As static/js/live/words.js says it when the stock moves: tests/vectors/lines.json binds them."""
    if offer.status in OF_A_SALE:
        return ON_SALE
    if offer.status is Status.SOLD_OUT or offer.available < 1:
        return "Sold out. Remove it to order the rest."
    if offer.available < quantity:
        return f"Only {offer.available} left. Choose a smaller number."
    if limit is not None and limit < quantity:
        return f"Each buyer can have {limit}. Choose a smaller number."
    return ""


def add(session: Session, sku: str, quantity: int) -> None:
    set_quantity(session, sku, _quantities(session).get(sku, 0) + quantity)


def set_quantity(session: Session, sku: str, quantity: int) -> None:
    """Nothing is removed by asking for 0 of it."""
    quantities = _quantities(session)
    quantities.pop(sku, None) if quantity < 1 else quantities.update({sku: min(quantity, MAX_QUANTITY)})
    session[KEY] = dict(list(quantities.items())[-MAX_LINES:])


def clear(session: Session) -> None:
    session[KEY] = {}


def count(session: Session) -> int:
    return sum(_quantities(session).values())


def get_lines(session: Session) -> list[BasketLine]:
    """In the order they were put in. What the shop no longer sells is left out."""
    quantities = _quantities(session)
    skus = Sku.objects.select_related("product__category", "stock").filter(
        code__in=quantities, stock__isnull=False
    )
    by_code = {sku.code: sku for sku in skus}
    return [BasketLine(by_code[code], quantity) for code, quantity in quantities.items() if code in by_code]


def with_rooms(lines: list[BasketLine]) -> list[BasketLine]:
    """The same, as far as viewers of their products know them."""
    found = rooms.get_rooms({line.product.slug for line in lines})
    return [replace(line, room=found[line.product.slug]) for line in lines]


def live_rooms(lines: list[BasketLine]) -> list[dict[str, Any]]:
    """What the page shows, and from which position on: several SKUs of a product are in one room."""
    by_product: dict[str, list[BasketLine]] = {}
    for line in lines:
        by_product.setdefault(line.product.slug, []).append(line)
    return [
        queries.live_room(slug, [line.offer for line in held], held[0].room)
        for slug, held in by_product.items()
    ]


def get_total(lines: list[BasketLine]) -> Decimal:
    return sum((line.total for line in lines), Decimal(0))


def _quantities(session: Session) -> dict[str, int]:
    return dict(session.get(KEY, {}))
