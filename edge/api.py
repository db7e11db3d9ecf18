"""The REST door to the sale lifecycle, for staff: /api/v1/fastpath/<product>/."""

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from edge import lifecycle, queries
from edge.lifecycle import transferring
from edge.lifecycle.record import UnknownProduct
from fastpath_lambda.problems import Problem
from shop.models import Sale
from shop.rest.problems import Refused

UNMOVED = OpenApiResponse(description="Nothing was moved: the sale stays as it is.")


@extend_schema_field({"type": "string", "pattern": r"^\d{1,8}(\.\d{1,2})?$"})
class Price(serializers.DecimalField):
    """Never negative, and the document says so."""


class Terms(serializers.Serializer[Any]):
    """What may be said when arming; what is not said is as the plan has it."""

    units = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    price = Price(max_digits=10, decimal_places=2, min_value=0, required=False)
    opens_at = serializers.DateTimeField(required=False)
    closes_at = serializers.DateTimeField(required=False)


class Units(serializers.Serializer[Any]):
    """Units that are added to a sale that is on, or taken back from what it has left."""

    units = serializers.IntegerField(min_value=1, max_value=transferring.MOST)
    sku = serializers.CharField(required=False, max_length=40, help_text="Of this SKU alone; else of each.")
    key = serializers.UUIDField(
        required=False, help_text="A name of your choice for this transfer: sent twice, it is done once."
    )


class NoTerms(serializers.Serializer[Any]):
    """Nothing is to be said."""


class Standing(serializers.Serializer[Any]):
    """How a product's sale stands."""

    product = serializers.SlugField()
    state = serializers.ChoiceField(choices=Sale.State.choices)
    sale = serializers.CharField(allow_null=True, help_text="The sale's reference; null before the first.")
    units = serializers.IntegerField()
    left = serializers.IntegerField(allow_null=True)
    opens_at = serializers.DateTimeField(allow_null=True)
    closes_at = serializers.DateTimeField(allow_null=True)
    changed_by = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField(allow_null=True)
    ledger = serializers.CharField(required=False, help_text="What was lost with its ledger, if it was.")


class FastPath(APIView):
    def handle_exception(self, error: Exception) -> Response:
        return super().handle_exception(_told(error))

    @extend_schema(
        operation_id="fastpath_show",
        summary="How a product's sale stands",
        tags=["sales"],
        responses=Standing,
    )
    def get(self, request: Request, slug: str) -> Response:
        return _standing(slug)


class FastPathArm(FastPath):
    """Of the product's plan, or of a new one like the last. Sent again, it finishes what was begun."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="fastpath_arm",
        summary="Arm a product's sale",
        tags=["sales"],
        request=Terms,
        responses={200: Standing, 409: UNMOVED},
    )
    def post(self, request: Request, slug: str) -> Response:
        terms = _read(Terms, request)
        lifecycle.arm(slug, by=request.user.get_username(), **terms)
        return _standing(slug)


class FastPathMove(FastPath):
    """One of the other moves, by its name in the address. Closing does not wait: ask until it is closed."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="fastpath_move",
        summary="Open, pause, resume or close a product's sale",
        tags=["sales"],
        parameters=[
            OpenApiParameter("action", str, OpenApiParameter.PATH, enum=["open", "pause", "resume", "close"])
        ],
        request=None,
        responses={200: Standing, 409: UNMOVED},
    )
    def post(self, request: Request, slug: str, action: str) -> Response:
        _read(NoTerms, request)
        MOVES[action](slug, by=request.user.get_username())
        return _standing(slug)


class Restock(FastPath):
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="fastpath_restock",
        summary="Add units to a sale that is on, out of the shop's stock",
        tags=["sales"],
        request=Units,
        responses={200: Standing, 409: UNMOVED},
    )
    def post(self, request: Request, slug: str) -> Response:
        return _transfer(lifecycle.restock, request, slug)


class TakeBack(FastPath):
    """All of them, or none where fewer are left."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="fastpath_take_back",
        summary="Take units that nobody has back into the shop's stock",
        tags=["sales"],
        request=Units,
        responses={200: Standing, 409: UNMOVED},
    )
    def post(self, request: Request, slug: str) -> Response:
        return _transfer(lifecycle.take_back, request, slug)


def _transfer(act: Callable[..., Any], request: Request, slug: str) -> Response:
    act(slug, by=request.user.get_username(), **_read(Units, request))
    return _standing(slug)


def _close(slug: str, *, by: str) -> None:
    lifecycle.close(slug, by=by, wait=False)


MOVES: Mapping[str, Callable[..., Any]] = {
    "open": lifecycle.open_sale,
    "pause": lifecycle.pause,
    "resume": lifecycle.resume,
    "close": _close,
}


def _standing(slug: str) -> Response:
    return Response(Standing(queries.status(slug).fields()).data)


def _read(shape: type[serializers.Serializer[Any]], request: Request) -> Mapping[str, Any]:
    said = shape(data=request.data)
    said.is_valid(raise_exception=True)
    _refuse_unknown(said)
    return dict(said.validated_data)


def _refuse_unknown(terms: serializers.Serializer[Any]) -> None:
    unknown = set(terms.initial_data) - set(terms.fields)
    if unknown:
        known = ", ".join(terms.fields) or "nothing"
        raise ValidationError(dict.fromkeys(sorted(unknown), f"Not known here: {known} can be said."))


def _told(error: Exception) -> Exception:
    if isinstance(error, UnknownProduct):
        return Refused(Problem(404, "No such product", str(error), refusal="not_found"))
    return error


def close_shapes(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Say in the OpenAPI document that nothing else can be said: a mistyped name would be passed over."""
    for shape in (Terms, Units):
        result["components"]["schemas"][shape.__name__]["additionalProperties"] = False
    return result
