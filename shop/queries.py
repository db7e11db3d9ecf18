"""Reads of the shop: what its pages and its REST answers show.

Each takes a fixed number of queries, however large the shop is, and none of them aggregates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse

from shop import events, offers
from shop.models import Category, Product, Sale, Sku
from shop.offers import Offer, Status

PAGE_SIZE = 24


@dataclass(frozen=True, slots=True)
class Card:
    """A product in a list: its cheapest price, and whether any of it can be had."""

    product: Product
    price: Decimal
    regular_price: Decimal
    currency: str
    from_price: bool
    options: int
    available: int
    status: Status

    @property
    def has_few(self) -> bool:
        return 0 < self.available <= offers.FEW

    @property
    def is_reduced(self) -> bool:
        return self.price < self.regular_price


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of cards; `after` is the mark from which the next page goes on, if there is one."""

    cards: Sequence[Card]
    after: str


def sale_on(product: Product) -> Sale | None:
    """The sale that has this product's units now, if one has."""
    return product.sales.filter(state__in=Sale.ON).first()


def with_offers(products: QuerySet[Product]) -> QuerySet[Product]:
    """Products with all that cards and offers need: three queries, however many there are."""
    skus = Sku.objects.select_related("stock")
    on = Sale.objects.filter(state__in=Sale.ON)
    return products.select_related("category").prefetch_related(
        Prefetch("skus", skus), Prefetch("sales", on, to_attr="sales_on")
    )


def get_offers(product: Product) -> list[Offer]:
    """Of a product that came through `with_offers`."""
    return offers.offers(product, next(iter(product.sales_on), None), product.skus.all())  # type: ignore[attr-defined]


def card(product: Product) -> Card | None:
    """None where there is nothing to buy yet: a product without a SKU."""
    found = get_offers(product)
    if not found:
        return None
    cheapest = min(found, key=lambda offer: (not offer.is_buyable, offer.price))
    return Card(
        product=product,
        price=cheapest.price,
        regular_price=cheapest.regular_price,
        currency=cheapest.currency,
        from_price=len({offer.price for offer in found}) > 1,
        options=len(found),
        available=sum(offer.available for offer in found),
        status=cheapest.status,
    )


def cards(products: QuerySet[Product]) -> list[Card]:
    return [found for product in with_offers(products) if (found := card(product))]


def listing(products: QuerySet[Product], *, after: str = "") -> Listing:
    """One page in the shop's order, found by where the last one ended: page 900 costs what page 1 does."""
    page = products.order_by("position", "id")
    if mark := _read_mark(after):
        position, pk = mark
        page = page.filter(Q(position__gt=position) | Q(id__gt=pk), position__gte=position)
    found = list(with_offers(page[: PAGE_SIZE + 1]))
    shown, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    return Listing(
        cards=[made for product in shown if (made := card(product))],
        after=f"{shown[-1].position}-{shown[-1].pk}" if more else "",
    )


def front_page() -> dict[str, Any]:
    sales = Sale.objects.filter(state__in=(Sale.State.ARMED, Sale.State.OPEN)).values("product")
    return {
        "categories": Category.objects.all(),
        "on_sale": cards(Product.objects.filter(pk__in=sales)[:4]),
        "featured": cards(Product.objects.filter(featured=True)[:8]),
    }


def product_page(product: Product) -> dict[str, Any]:
    """All that templates/shop/product.html shows, and nothing of whoever looks at it."""
    sale = sale_on(product)
    found = offers.offers(product, sale, product.skus.select_related("stock"))
    others = Product.objects.filter(category=product.category_id).exclude(pk=product.pk)
    path = product.get_absolute_url()
    return {
        "product": product,
        "category": product.category,
        "sale": sale,
        "offers": found,
        "chosen": next((offer for offer in found if offer.is_buyable), found[0] if found else None),
        "room": events.product_key(product.slug),
        "order_url": f"{path}order",
        "basket_url": reverse("orders:add_to_basket"),
        "related": cards(others[:4]),
    }


def _read_mark(text: str) -> tuple[int, int] | None:
    position, _, pk = text.partition("-")
    if not (text.isascii() and position.isdigit() and pk.isdigit() and len(text) < 20):
        return None
    return int(position), int(pk)
