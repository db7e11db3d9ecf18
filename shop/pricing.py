"""Prices as merchandisers set them; whoever looks at the product sees the new one at once."""

from decimal import Decimal

from django.db import transaction

from shop import events
from shop.models import Sku, Stock


class CannotReprice(Exception):
    """The price stays. The message says why, and what to do."""


@transaction.atomic
def set_price(sku: Sku, price: Decimal) -> bool:
    """False, and nobody told, where that is the price already."""
    if not Sku.objects.filter(pk=sku.pk).exclude(price=price).update(price=price):
        return False
    events.tell_stock([sku.pk])
    return True


@transaction.atomic
def reprice(sku: Sku, price: Decimal) -> bool:
    """As `set_price`, for whoever wants shoppers to pay it from now on. Raises CannotReprice.

    While a sale sells this SKU, its price is the one that was promised to everybody who is
    buying: the shop's own price would change unseen, and hold from the sale's end on.
    """
    # The row that arming takes: either the sale comes first, and we say so, or after us.
    stock = Stock.objects.select_for_update(of=("self",)).select_related("sale").filter(sku=sku).first()
    if stock and stock.sale:
        raise CannotReprice(
            f"{sku} is on sale at {stock.sale.price}, which is promised until that sale closes. "
            f"Close the sale first; then it costs what you set."
        )
    return set_price(sku, price)
