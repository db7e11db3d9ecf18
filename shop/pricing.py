"""Prices as merchandisers set them; whoever looks at the product sees the new one at once."""

from decimal import Decimal

from django.db import transaction

from shop import events
from shop.models import Sku


@transaction.atomic
def set_price(sku: Sku, price: Decimal) -> bool:
    """False, and nobody told, where that is the price already."""
    if not Sku.objects.filter(pk=sku.pk).exclude(price=price).update(price=price):
        return False
    events.tell_stock([sku.pk])
    return True
