"""Changing a price on camera: the shop's own change, of what this show sells."""

from decimal import Decimal

from live.shows.turns import CannotChange
from shop import pricing
from shop.models import Sku


def change_price(slug: str, sku_code: str, price: Decimal) -> Sku:
    """Everybody who looks at the product sees it at once, wherever. Raises CannotChange."""
    sku = Sku.objects.filter(product__listed_in__show__slug=slug, code=sku_code).first()
    if sku is None:
        raise CannotChange(f"{sku_code!r} is none of the SKUs of this show. Add its product in the admin.")
    try:
        pricing.reprice(sku, price)
    except pricing.CannotReprice as error:
        raise CannotChange(str(error)) from error
    sku.refresh_from_db()
    return sku
