"""The shapes of orders over REST, as the OpenAPI document gives them.

What is sent is not read through these: the order form's own rules do that, the same on
every path. They say here what those rules are.
"""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer
from rest_framework import serializers

from fastpath_lambda.checks import MAX_QUANTITY
from orders.basket import MAX_LINES
from orders.models import Order

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[!-~]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="New for each order, the same for each attempt at one. Or as the field `idempotency_key`.",
)
# No blank first, and nothing that cannot be printed.
PRINTABLE = r"^[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
TOKEN = OpenApiParameter("token", str, description="The token of the order's link. Staff need none.")


def _text(max_length: int, **more: Any) -> serializers.RegexField:
    return serializers.RegexField(PRINTABLE, max_length=max_length, **more)


class Address(serializers.Serializer[Any]):
    line1 = _text(200, help_text="Street and number.")
    city = _text(100)
    postcode = _text(20)
    country = serializers.RegexField("^[A-Za-z]{2}$", help_text="Two letters, such as GB.")


class Buyer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    name = _text(120)
    address = Address()
    payment_token = _text(200)


class AskedLine(serializers.Serializer[Any]):
    sku = _text(64)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)


class OrderOfOneSku(AskedLine, Buyer):
    """As it is sent to a product's own order URI."""


class OrderOfLines(Buyer):
    """Lines of one SKU are summed."""

    lines = serializers.ListField(child=AskedLine(), min_length=1, max_length=MAX_LINES)


NEW_ORDER = PolymorphicProxySerializer(
    component_name="NewOrder", serializers=[OrderOfOneSku, OrderOfLines], resource_type_field_name=None
)


class PlacedLine(serializers.Serializer[dict[str, Any]]):
    sku = serializers.CharField()
    product = serializers.SlugField(help_text="The product's slug.")
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.DecimalField(max_digits=10, decimal_places=2)


class PlacedOrder(serializers.Serializer[dict[str, Any]]):
    order_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    version = serializers.IntegerField(help_text="Rises with every change of status.")
    status_url = serializers.CharField(help_text="The order's page.")
    name = serializers.CharField()
    email = serializers.EmailField()
    address = serializers.DictField(child=serializers.CharField())
    lines = PlacedLine(many=True)
    total = serializers.DecimalField(max_digits=12, decimal_places=2)
    currency = serializers.CharField()
    placed_at = serializers.DateTimeField()
