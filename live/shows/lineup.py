"""What a show sells, in its order, as its page lists it.

The page is rendered from it, and its room tells it again whenever it is another: a page that
is open shows a product that joins, as one that is loaded then, and drops one that leaves. What
a product costs and how many are left is not said here: that is in its SKUs' own values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from live.messages import ListedProduct, ListedSku
from live.models import Show
from shop import offers, queries
from shop.models import Product, Sale
from shop.offers import Offer
from shop.queries import Card
from shop.rooms import Room

# Where nobody set a limit, a form still has one: a slip of the finger is not 1,000 rods.
MOST_IN_ONE_ORDER = 99


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

    @property
    def limit(self) -> int:
        return limit(self.product, self.sale)


def products(show: Show) -> list[Listed]:
    """Without what has nothing to buy yet."""
    return [
        Listed(number, card, queries.get_offers(card.product), queries.sale_of(card.product))
        for number, card in enumerate(queries.cards(_products(show)), start=1)
    ]


def told(show: Show) -> list[ListedProduct]:
    """As the show's room tells it. Asks the database only: somebody may hold the show's row meanwhile."""
    found = queries.with_offers(_products(show))
    return [_told(product) for product in found if product.skus.all()]


def _products(show: Show) -> QuerySet[Product]:
    return Product.objects.filter(listed_in__show=show).order_by("listed_in__position", "listed_in__id")


def _told(product: Product) -> ListedProduct:
    found = offers.offers(None, product.skus.all(), Room())
    return ListedProduct(
        product=product.slug,
        name=product.name,
        summary=product.summary,
        url=product.get_absolute_url(),
        picture=product.picture.url if product.picture else None,
        limit=limit(product, queries.sale_of(product)),
        skus=[ListedSku(offer.sku, offer.label) for offer in found],
    )


def limit(product: Product, sale: Sale | None) -> int:
    """Of units in one order."""
    limited = sale.limit_per_buyer if sale else product.limit_per_buyer
    return limited or MOST_IN_ONE_ORDER
