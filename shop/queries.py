"""Reads of the shop: what its pages and its REST answers show.

Each takes a fixed number of queries, however large the shop is, and none of them aggregates.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, FilteredRelation, Prefetch, Q, QuerySet
from django.urls import reverse

from shop import moments, offers, rooms
from shop.models import Category, Product, Sale, Sku
from shop.offers import Offer, Status
from shop.rooms import Room

PAGE_SIZE = 24
RELATED = 4


@dataclass(frozen=True, slots=True)
class Card:
    """A product in a list: its cheapest price, and whether any of it can be had.

    What it says of them is said again in static/js/live/cards.js, as they change:
    tests/vectors/cards.json holds the two together.
    """

    product: Product
    room: Mapping[str, Any]
    price: Decimal
    regular_price: Decimal
    currency: str
    from_price: bool
    options: int
    available: int
    status: Status

    @property
    def tag(self) -> str:
        """What stands on the picture: nothing, where the product is just there to be bought."""
        return "" if self.status is Status.IN_STOCK else self.status.label

    @property
    def stock_words(self) -> str:
        if self.status is Status.SOLD_OUT:
            return "Sold out"
        if self.status is Status.OPENS_SOON:
            return "Sale opens soon"
        return f"Only {self.available} left" if self.has_few else f"{self.available} in stock"

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


def with_sales(products: QuerySet[Product]) -> QuerySet[Product]:
    """Products with their category and, as `sale_on`, the sale that has their units now: one query.

    No product comes twice: the database holds it to one such sale (`one_fast_path_per_product`).
    """
    sale_on = FilteredRelation("sales", condition=Q(sales__state__in=Sale.ON))
    annotated = products.annotate(sale_on=sale_on).annotate(sale_on_id=F("sale_on__id"))
    return annotated.select_related("category", "sale_on")  # type: ignore[misc]


def with_offers(products: QuerySet[Product]) -> QuerySet[Product]:
    """Products with all that cards and offers need: two queries, however many there are."""
    return with_sales(products).prefetch_related(Prefetch("skus", Sku.objects.select_related("stock")))


def get_offers(product: Product) -> list[Offer]:
    """Of a product that came through `with_offers`."""
    sale = sale_of(product)
    room = rooms.get_rooms([product.slug])[product.slug] if sale else Room()
    return offers.offers(sale, product.skus.all(), room)


def live_room(product: str, found: Iterable[Offer], room: Room) -> dict[str, Any]:
    """What a page shows of a product and from which position on: static/js/live.js starts from it."""
    values = {offer.sku: offer.value for offer in found}
    # A position says that all before it was seen, and that is no more than the room has.
    position = room.position if room.values.keys() >= values.keys() else None
    return {"room": rooms.name(product), "position": position, "state": values}


def live_rooms(found: Iterable[Card]) -> list[Mapping[str, Any]]:
    """The rooms of these cards, each once."""
    return list({card.product.pk: card.room for card in found}.values())


def card(product: Product, room: Room) -> Card | None:
    """None where there is nothing to buy yet: a product without a SKU."""
    found = offers.offers(sale_of(product), product.skus.all(), room)
    return card_of(product, found, room) if found else None


def card_of(product: Product, found: Sequence[Offer], room: Room) -> Card:
    cheapest = min(found, key=lambda offer: (not offer.is_buyable, offer.price))
    return Card(
        product=product,
        room=live_room(product.slug, found, room),
        price=cheapest.price,
        regular_price=cheapest.regular_price,
        currency=cheapest.currency,
        from_price=len({offer.price for offer in found}) > 1,
        options=len(found),
        available=sum(offer.available for offer in found),
        status=cheapest.status,
    )


def cards(products: QuerySet[Product]) -> list[Card]:
    found = list(with_offers(products))
    return _cards(found, rooms.get_rooms(product.slug for product in found))


def _cards(products: Iterable[Product], shown: Mapping[str, Room]) -> list[Card]:
    return [made for product in products if (made := card(product, shown[product.slug]))]


def sale_of(product: Product) -> Sale | None:
    """Of a product that came through `with_sales`; an AttributeError of any other."""
    # Django sets the other one where there is a sale, and nothing where there is none.
    return product.sale_on if product.sale_on_id else None  # type: ignore[attr-defined]


def listing(products: QuerySet[Product], *, after: str = "") -> Listing:
    """One page in the shop's order, found by where the last one ended: page 900 costs what page 1 does."""
    page = products.order_by("position", "id")
    if mark := _read_mark(after):
        position, pk = mark
        page = page.filter(Q(position__gt=position) | Q(id__gt=pk), position__gte=position)
    found = list(with_offers(page[: PAGE_SIZE + 1]))
    shown, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    return Listing(
        cards=_cards(shown, rooms.get_rooms(product.slug for product in shown)),
        after=f"{shown[-1].position}-{shown[-1].pk}" if more else "",
    )


def front_page() -> dict[str, Any]:
    sales = Sale.objects.filter(state__in=(Sale.State.ARMED, Sale.State.OPEN)).values("product")
    on_sale = list(with_offers(Product.objects.filter(pk__in=sales)[:4]))
    featured = list(with_offers(Product.objects.filter(featured=True)[:8]))
    shown = rooms.get_rooms({product.slug for product in on_sale + featured})
    lists = {"on_sale": _cards(on_sale, shown), "featured": _cards(featured, shown)}
    rooms_shown = live_rooms(lists["on_sale"] + lists["featured"])
    return lists | {"categories": Category.objects.all(), "rooms": rooms_shown}


def product_page(product: Product) -> dict[str, Any]:
    """All that templates/shop/product.html shows of a product that came through `with_sales`.

    And nothing of whoever looks at it.
    """
    sale = sale_of(product)
    related = [other for other in _neighbours(product.category_id) if other.pk != product.pk][:RELATED]
    # The store and the database answer side by side: a busy one of them is not waited for twice.
    asked = rooms.ask([product.slug, *(other.slug for other in related)])
    skus = list(product.skus.select_related("stock"))
    shown = asked.get()
    found = offers.offers(sale, skus, shown[product.slug])
    cards_shown = _cards(related, shown)
    path = product.get_absolute_url()
    return {
        "product": product,
        "category": product.category,
        "sale": sale,
        "offers": found,
        "chosen": next((offer for offer in found if offer.is_buyable), found[0] if found else None),
        "room": rooms.name(product.slug),
        "rooms": [live_room(product.slug, found, shown[product.slug]), *live_rooms(cards_shown)],
        "order_url": f"{path}order",
        "basket_url": reverse("orders:add_to_basket"),
        "related": cards_shown,
    }


def _neighbours(category_id: int) -> list[Product]:
    """One more than a page shows, as one of them may be the one that it is about."""
    first = Product.objects.filter(category=category_id)[: RELATED + 1]
    return moments.once_in(2, ("neighbours", category_id), lambda: list(with_offers(first)))


def _read_mark(text: str) -> tuple[int, int] | None:
    position, _, pk = text.partition("-")
    if not (text.isascii() and position.isdigit() and pk.isdigit() and len(text) < 20):
        return None
    return int(position), int(pk)
