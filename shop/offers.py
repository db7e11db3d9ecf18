"""What a product costs now and how much of it there is: the shop's values, or its sale's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils import timezone

from shop.models import Allotment, Sale, Sku
from shop.rooms import Room


class Status(StrEnum):
    IN_STOCK = "in_stock"
    ON_SALE = "on_sale"
    OPENS_SOON = "opens_soon"
    PAUSED = "paused"
    SOLD_OUT = "sold_out"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


FEW = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """One SKU as shoppers see it now; `regular_price` is what it costs outside of a sale."""

    sku: str
    options: Mapping[str, str]
    price: Decimal
    regular_price: Decimal
    currency: str
    available: int
    status: Status
    version: int

    @property
    def label(self) -> str:
        return " · ".join(self.options.values()) or self.sku

    @property
    def is_buyable(self) -> bool:
        return self.status in (Status.IN_STOCK, Status.ON_SALE)

    @property
    def is_reduced(self) -> bool:
        return self.price < self.regular_price

    @property
    def has_few(self) -> bool:
        return 0 < self.available <= FEW

    @property
    def value(self) -> dict[str, Any]:
        """As the product's room tells it (DESIGN section 10, "Socket")."""
        told = {name: getattr(self, name) for name in ("sku", "available", "currency", "status", "version")}
        return told | {"price": str(self.price)}


def offers(sale: Sale | None, skus: Iterable[Sku], room: Room) -> list[Offer]:
    """What is offered of these SKUs, which came with their stock; no query while the room can be read."""
    skus = list(skus)
    if sale is None:
        return [newest(sku, room) for sku in skus]
    if is_told_by(room, skus):
        return [_from_room(sku, room.values[sku.code]) for sku in skus]
    return _from_allotments(sale, skus, now=timezone.now())


def is_told_by(room: Room, skus: Iterable[Sku]) -> bool:
    return all(sku.code in room.values for sku in skus)


def newest(sku: Sku, room: Room) -> Offer:
    """What the shop or the room says of it: the room was read later, and a sale's units are its to tell."""
    offer, shown = _from_stock(sku), room.values.get(sku.code)
    return _from_room(sku, shown) if shown and shown["version"] > offer.version else offer


def _from_stock(sku: Sku) -> Offer:
    stock = getattr(sku, "stock", None)
    available, version = (stock.available, stock.version) if stock else (0, 0)
    status = Status.IN_STOCK if available else Status.SOLD_OUT
    if stock and stock.sale_id:
        # On sale, and who sells it has not said how it stands.
        status = Status.PAUSED
    return _offer(sku, price=sku.price, available=available, status=status, version=version)


def _from_room(sku: Sku, value: Mapping[str, Any]) -> Offer:
    return _offer(
        sku,
        price=Decimal(value["price"]),
        available=value["available"],
        status=Status(value["status"]),
        version=value["version"],
    )


def _from_allotments(sale: Sale, skus: Iterable[Sku], *, now: datetime) -> list[Offer]:
    """What the database knows of a sale: right before its first take, and after it was drained."""
    found = Allotment.objects.filter(sale=sale, generation=sale.generation)
    left = {row.sku_id: row.armed - row.ordered - row.returned for row in found}
    return [
        _offer(
            sku,
            price=sale.price,
            available=left.get(sku.pk, 0),
            status=_status(sale, left.get(sku.pk, 0), now=now),
            version=sku.stock.version if hasattr(sku, "stock") else 0,
        )
        for sku in skus
    ]


def _status(sale: Sale, available: int, *, now: datetime) -> Status:
    if sale.state == Sale.State.PAUSED:
        return Status.PAUSED
    if sale.state == Sale.State.ARMED and not (sale.opens_at and now >= sale.opens_at):
        return Status.OPENS_SOON
    if sale.state == Sale.State.CLOSING or available < 1:
        return Status.SOLD_OUT
    return Status.ON_SALE


def _offer(sku: Sku, *, price: Decimal, available: int, status: Status, version: int) -> Offer:
    return Offer(
        sku=sku.code,
        options=sku.options,
        price=price,
        regular_price=sku.price,
        currency=settings.CURRENCY,
        available=available,
        status=status,
        version=version,
    )
