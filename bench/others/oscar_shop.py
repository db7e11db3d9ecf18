"""A shop made with django-oscar, and one view that places an order. Run in an environment of its own.

A buyer of Oscar goes through five pages to an order. This view does what the last of them
does, and nothing of the others: basket, prices, Oscar's own check of the stock, and its
own `OrderCreator`. Run as a program it makes the tables, and two products with as many
units as it is told.

    DATABASE_URL=… python bench/others/oscar_shop.py UNITS FEW
"""

import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from os import environ
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from oscar import INSTALLED_APPS, defaults

_database = urlsplit(environ["DATABASE_URL"])

settings.configure(
    **{name: getattr(defaults, name) for name in dir(defaults) if name.startswith("OSCAR_")},
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=INSTALLED_APPS,
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    SITE_ID=1,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": unquote(_database.hostname or ""),
            "NAME": _database.path[1:],
            "USER": _database.username,
            "CONN_MAX_AGE": None,
        }
    },
    HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
)
django.setup()

# Models can be imported only from here on.
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import transaction  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from oscar.apps.address.models import Country  # noqa: E402
from oscar.apps.basket.models import Basket  # noqa: E402
from oscar.apps.catalogue.models import Product, ProductClass  # noqa: E402
from oscar.apps.checkout.calculators import OrderTotalCalculator  # noqa: E402
from oscar.apps.order.models import ShippingAddress  # noqa: E402
from oscar.apps.order.utils import OrderCreator  # noqa: E402
from oscar.apps.partner.models import Partner, StockRecord  # noqa: E402
from oscar.apps.partner.strategy import Selector  # noqa: E402
from oscar.apps.shipping.methods import Free  # noqa: E402


def order(request: HttpRequest) -> JsonResponse:
    asked = json.loads(request.body)
    product = Product.objects.get(upc=asked["sku"])
    with transaction.atomic():
        basket = Basket.objects.create()
        basket.strategy = Selector().strategy()
        is_allowed, reason = basket.strategy.fetch_for_product(product).availability.is_purchase_permitted(
            asked["quantity"]
        )
        if not is_allowed:
            return JsonResponse({"refusal": str(reason)}, status=409)
        basket.add_product(product, asked["quantity"])
        placed = _place(basket, asked)
        basket.submit()
    return JsonResponse({"order_id": placed.number}, status=201)


def _place(basket: Any, asked: dict[str, Any]) -> Any:
    shipping = Free()
    charge = shipping.calculate(basket)
    given = asked["address"]
    address = ShippingAddress.objects.create(
        first_name=asked["name"],
        line1=given["line1"],
        line4=given["city"],
        postcode=given["postcode"],
        country_id=given["country"],
    )
    return OrderCreator().place_order(
        basket=basket,
        total=OrderTotalCalculator().calculate(basket, charge),
        shipping_method=shipping,
        shipping_charge=charge,
        shipping_address=address,
        status="Pending",
        guest_email=asked["email"],
    )


urlpatterns = [path("order", order)]
application = get_wsgi_application()


def make_shop(units: Mapping[str, int]) -> None:
    call_command("migrate", verbosity=0)
    Country.objects.create(iso_3166_1_a2="GB", printable_name="United Kingdom", is_shipping_country=True)
    rods = ProductClass.objects.create(name="Rods", requires_shipping=True, track_stock=True)
    warehouse = Partner.objects.create(name="Warehouse")
    for sku, available in units.items():
        rod = Product.objects.create(title="Muskie Casting Rod", upc=sku, product_class=rods)
        StockRecord.objects.create(
            product=rod,
            partner=warehouse,
            partner_sku=sku,
            price=Decimal("149.99"),
            num_in_stock=available,
        )


if __name__ == "__main__":
    make_shop({"MANY": int(sys.argv[1]), "FEW": int(sys.argv[2])})
